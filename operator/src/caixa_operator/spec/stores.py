"""spec.mysql and spec.rabbitmq: the two stores, run by the operator or by somebody else."""

from typing import Annotated, ClassVar, Literal

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


Mode = Literal["Managed", "External"]
_MODE = Rule(
    "self.mode == oldSelf.mode", "mode cannot change after creation, for the data would stay behind: make a new CashBox and move it"
)
_NEEDED = Rule("self.mode != 'External' || has(self.external)", "mode External needs external.secret: write the name of a Secret")
_IDLE = Rule("self.mode == 'External' || !has(self.external)", "external is only for mode External: remove it, or set mode to External")
_NAME = Rule(
    "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "write the name of a Secret in the CashBox's namespace, such as loja-mysql-external"
)
SecretName = Annotated[str, checked(_NAME, description="A Secret in the CashBox's namespace.", max_length=253)]


class ExternalMySql(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A MySQL that somebody else runs, with Caixa's schemas and users.

    The Secret's keys: `url`, such as mysql://db.example:3306, and the password of each user under the user's name.
    """

    secret: SecretName


class ExternalRabbitMq(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A RabbitMQ that somebody else runs, with Caixa's virtual host, queues and users.

    The Secret's keys: `url`, such as amqps://mq.example:5671/caixa, and the passwords of the users `fluxo` and `saldo`; for the
    autoscaler `management_url`, such as https://mq.example:15671, and the password of the user `operator`.
    """

    secret: SecretName


class MySql(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """MySQL: managed by the operator, or external. Fields other than mode and external are for the managed one."""

    rules: ClassVar[tuple[Rule, ...]] = (_MODE, _NEEDED, _IDLE)

    mode: Annotated[Mode, described("Managed: the operator runs one. External: somebody else does.")] = "Managed"
    external: ExternalMySql | None = None

    image: Annotated[Image | None, described("The image to run; the operator's default if absent.")] = None
    storage: Storage = Storage()
    resources: Resources = resources("250m", "768Mi", limit="1536Mi")


class RabbitMq(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """RabbitMQ: managed by the operator, or external. Fields other than mode and external are for the managed one."""

    rules: ClassVar[tuple[Rule, ...]] = (_MODE, _NEEDED, _IDLE)

    mode: Annotated[Mode, described("Managed: the operator runs one. External: somebody else does.")] = "Managed"
    external: ExternalRabbitMq | None = None

    image: Annotated[Image | None, described("The image to run; the operator's default if absent.")] = None
    storage: Storage = Storage()
    resources: Resources = resources("200m", "384Mi", limit="1Gi")
