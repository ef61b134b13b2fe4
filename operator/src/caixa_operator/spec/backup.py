"""spec.mysql.backup and spec.mysql.restoreFrom: copies of all schemas, and a new CashBox that begins with one."""

from typing import Annotated

import msgspec

from caixa_operator.spec.placement import Placement, Resources, resources
from caixa_operator.spec.rule import Rule, checked
from caixa_operator.spec.schedule import SCHEDULE
from caixa_operator.spec.storage import Storage

_CLAIM = Rule(
    "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
    "write the name of a PersistentVolumeClaim in the CashBox's namespace, such as loja-backup",
)
_FILE = Rule(
    "self.matches('^caixa-[0-9]{8}T[0-9]{6}Z[.]sql[.]gz$')",
    "write the name of a copy, such as caixa-20260131T031500Z.sql.gz; the newest is taken if you leave it out",
)


class Backup(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Verified copies of all schemas in a volume of their own; the last one's end is the condition BackupSucceeded."""

    schedule: Annotated[str, checked(SCHEDULE, description="When to copy: a cron schedule, in UTC.", max_length=100)] = "15 3 * * *"
    keep: Annotated[int, msgspec.Meta(ge=1, le=1000, description="How many copies to keep; the oldest go once a new one is verified.")] = 7
    storage: Storage = Storage()
    resources: Resources = resources("100m", "128Mi", limit="512Mi")


class RestoreFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A copy that a new CashBox begins with: loaded into an empty MySQL before anything else starts, and never over data."""

    claim_name: Annotated[str, checked(_CLAIM, description="The PersistentVolumeClaim that holds the copies.", max_length=253)]
    file: Annotated[str, checked(_FILE, description="Which copy.", max_length=64)] | None = None
