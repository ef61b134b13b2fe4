"""A volume: its size and its class."""

from typing import Annotated, ClassVar

import msgspec

from caixa_operator.spec.rule import Rule, checked

_SIZE = Rule("isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))", "write a size, such as 10Gi")
_IMMUTABLE = Rule("self == oldSelf", "storage cannot change after creation: grow the PersistentVolumeClaim itself, or make a new CashBox")
StorageSize = Annotated[str, checked(_SIZE, description="The volume's size, such as 10Gi.", max_length=32)]


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """The volume of a store."""

    rules: ClassVar[tuple[Rule, ...]] = (_IMMUTABLE,)

    size: StorageSize = "10Gi"
    class_name: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=253, description="A StorageClass; the cluster's default if absent.")] | None
    ) = None
