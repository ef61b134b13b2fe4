"""spec.mysql and spec.rabbitmq: the two stores, run by the operator or by somebody else."""

from typing import Annotated, ClassVar, Literal

import msgspec

from caixa_operator.spec.backup import Backup, RestoreFrom
from caixa_operator.spec.images import Image
from caixa_operator.spec.placement import Placement, Resources, resources
from caixa_operator.spec.rule import Rule, checked, described
from caixa_operator.spec.storage import Storage

Mode = Literal["Managed", "External"]
_MODE = Rule(
    "self.mode == oldSelf.mode", "mode cannot change after creation, for the data would stay behind: make a new CashBox and move it"
)
_NEEDED = Rule("self.mode != 'External' || has(self.external)", "mode External needs external.secret: write the name of a Secret")
_IDLE = Rule("self.mode == 'External' || !has(self.external)", "external is only for mode External: remove it, or set mode to External")
_NO_BACKUP = Rule(
    "self.mode == 'Managed' || !has(self.backup)", "backup is for the managed MySQL: remove it, for whoever runs this one copies it too"
)
_NO_RESTORE = Rule(
    "self.mode == 'Managed' || !has(self.restoreFrom)",
    "restoreFrom is for the managed MySQL: remove it, and load the copy into your own server before the CashBox is made",
)
_AT_CREATION = Rule(
    "!has(self.restoreFrom) || (has(oldSelf.restoreFrom) && self.restoreFrom == oldSelf.restoreFrom)",
    "restoreFrom works at creation only, for it never writes over data: make a new CashBox with it, or remove it",
)
_ODD = Rule("self in [1, 3, 5]", "write 1, 3 or 5: of an odd number of nodes more than half can go on when some are lost")
_CHOSEN = Rule(
    "self.replicas == oldSelf.replicas",
    "replicas cannot change after creation, for a node's data bear its name: make a new CashBox with it and move, by mysql.restoreFrom",
)
_NAME = Rule(
    "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "write the name of a Secret in the CashBox's namespace, such as loja-mysql-external"
)
SecretName = Annotated[str, checked(_NAME, description="A Secret in the CashBox's namespace.", max_length=253)]


class ExternalMySql(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A MySQL that somebody else runs, with Caixa's schemas and users.

    The Secret's keys: `url`, such as mysql://db.example:3306, and the password of each user under the user's name. With `ca.crt` it is
    reached by TLS and must prove its name: certificates as PEM, or the word `system`.
    """

    secret: SecretName


class ExternalRabbitMq(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A RabbitMQ that somebody else runs, with Caixa's virtual host, queues and users.

    The Secret's keys: `url`, such as amqps://mq.example:5671/caixa, and the passwords of the users `fluxo` and `saldo`; for the
    autoscaler `management_url`, such as https://mq.example:15671, and the password of the user `operator`. With `ca.crt`, certificates
    as PEM, both prove their names by these; otherwise by those that the system trusts.
    """

    secret: SecretName


class MySql(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """MySQL: managed by the operator, or external. Fields other than mode and external are for the managed one."""

    rules: ClassVar[tuple[Rule, ...]] = (_MODE, _NEEDED, _IDLE, _NO_BACKUP, _NO_RESTORE, _AT_CREATION)

    mode: Annotated[Mode, described("Managed: the operator runs one. External: somebody else does.")] = "Managed"
    external: ExternalMySql | None = None

    image: Annotated[Image | None, described("The image to run; the operator's default if absent.")] = None
    storage: Storage = Storage()
    backup: Backup | None = None
    restore_from: RestoreFrom | None = None
    resources: Resources = resources("250m", "768Mi", limit="1536Mi")


class RabbitMq(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """RabbitMQ: managed by the operator, or external. Fields other than mode and external are for the managed one."""

    rules: ClassVar[tuple[Rule, ...]] = (_MODE, _NEEDED, _IDLE, _CHOSEN)

    mode: Annotated[Mode, described("Managed: the operator runs one. External: somebody else does.")] = "Managed"
    external: ExternalRabbitMq | None = None

    image: Annotated[Image | None, described("The image to run; the operator's default if absent.")] = None
    replicas: Annotated[
        int,
        checked(_ODD, description="How many nodes. With 3, every event is on three volumes, and one node may be lost without a pause."),
    ] = 1
    storage: Annotated[Storage, described("The volume of each node.")] = Storage()
    resources: Resources = resources("200m", "384Mi", limit="1Gi")
