"""A volume: its size and its class."""

from typing import Annotated, ClassVar

import msgspec

from caixa_operator.spec.rule import Rule, checked

_SIZE = Rule("isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))", "write a size, such as 10Gi")
_GROWS = Rule(
    "!isQuantity(self) || !isQuantity(oldSelf) || !quantity(self).isLessThan(quantity(oldSelf))",
    "a volume only grows: write the size that it has, or a larger one; for a smaller one make a new CashBox",
)
_CLASS = Rule(
    "has(self.className) == has(oldSelf.className) && (!has(self.className) || self.className == oldSelf.className)",
    "className cannot change after creation, for a volume stays where it is: make a new CashBox and move it",
)
StorageSize = Annotated[
    str,
    checked(
        _SIZE, _GROWS, description="The volume's size, such as 10Gi; it may grow, where its StorageClass allows expansion.", max_length=32
    ),
]


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """The volume of a store."""

    rules: ClassVar[tuple[Rule, ...]] = (_CLASS,)

    size: StorageSize = "10Gi"
    class_name: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=253, description="A StorageClass; the cluster's default if absent.")] | None
    ) = None
