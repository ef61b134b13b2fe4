"""spec.mysql and spec.rabbitmq: the two stores that the operator runs."""

from typing import Annotated, ClassVar

import msgspec

from caixa_operator.spec.images import Image
from caixa_operator.spec.placement import Placement, Resources, resources
from caixa_operator.spec.rule import Rule, checked, described

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


class MySql(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The managed MySQL."""

    image: Annotated[Image | None, described("The image to run; the operator's default if absent.")] = None
    storage: Storage = Storage()
    resources: Resources = resources("250m", "768Mi", limit="1536Mi")


class RabbitMq(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The managed RabbitMQ."""

    image: Annotated[Image | None, described("The image to run; the operator's default if absent.")] = None
    storage: Storage = Storage()
    resources: Resources = resources("200m", "384Mi", limit="1Gi")
