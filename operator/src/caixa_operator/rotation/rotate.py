"""A rotation's shell: looks at what decide() needs to know, and takes the one step that it chooses. Every step may be repeated."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus

import msgspec

from caixa_operator.api import ApiError, KubernetesApi
from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.claims import Claim
from caixa_operator.reconcile.plan import Live, Plan
from caixa_operator.reconcile.progress import job_state
from caixa_operator.resources import rotation as jobs
from caixa_operator.resources.credentials import GENERATED, MYSQL_SECRETS, Credentials, encoded, secret_name, user_key
from caixa_operator.resources.identity import kept
from caixa_operator.resources.saldo import CONSUMER
from caixa_operator.rotation import note, telling
from caixa_operator.rotation.birth import ROTATED_ANNOTATION, stamp
from caixa_operator.rotation.changes import changes, rotated
from caixa_operator.rotation.decide import Seen, Step, decide, due, instant
from caixa_operator.rotation.readers import behind
from caixa_operator.rotation.record import MARK, RECORD, Change, Rotation
from caixa_operator.rotation.users import Users, UsersUnreadable
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.status import CredentialsStatus


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What a reconcile has found, as far as a rotation needs it."""

    wanted: Sequence[Manifest]
    plan: Plan
    live: Live
    pods: Sequence[Manifest]
    mysql_start: str
    calm: bool
    """Whether everything runs as the spec says, and nothing had to be written."""
    versions: Mapping[str, str]
    """The resourceVersion of each Secret that was read: another one is never overwritten."""
    now: datetime


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """How far a rotation is."""

    step: Step
    claim: Claim
    trouble: str | None
    """What somebody should look at."""
    status: CredentialsStatus


class Rotator:
    """Rotates the passwords of one CashBox."""

    def __init__(self, api: KubernetesApi, cashbox: CashBox, credentials: Credentials, users: Users | None) -> None:
        """Begin with what the Secrets hold; `users` are the managed RabbitMQ's."""
        self._api = api
        self._cashbox = cashbox
        self._credentials = credentials
        self._users = users
        self._trouble: str | None = None

    async def turn(self, turn: Turn) -> Rotated | None:
        """Take one step; None where there is nothing to rotate. Raises ApiError, ApiUnreachable."""
        own = rotated(self._cashbox)
        if not own and self._credentials.rotation is None:
            return None
        born = min((self._credentials.born[secret] for secret in own), default=turn.now)
        asked = instant(self._cashbox.rotate)
        wanted = due(born=born, every=self._cashbox.spec.credentials.every, asked=asked, now=turn.now)
        rotation = self._credentials.rotation
        waiting: list[str] = []
        if rotation is None:
            seen = Seen(
                due=wanted, calm=turn.calm, under_way=False, taught=False, promoted=False, behind=True, discarding=False, forgotten=False
            )
        else:
            waiting = self._waiting(turn)
            seen = await self._look(rotation, turn, waiting)
        step = decide(seen)
        await self._take(step, rotation, turn)
        if rotation is None:
            claim = telling.resting(self._cashbox, born, due=wanted, readable=self._cashbox.rotate is None or asked is not None)
            if step == "Prepare":
                claim = telling.prepared()
        else:
            claim = telling.under_way(self._cashbox, rotation, step, waiting)
        phase = None if step == "Rest" else step
        return Rotated(step=step, claim=claim, trouble=self._trouble, status=CredentialsStatus(rotated_at=stamp(born), phase=phase))

    def _waiting(self, turn: Turn) -> list[str]:
        scaled = frozenset({CONSUMER}) if self._cashbox.spec.saldo.consumer.autoscaling.mode != "Fixed" else frozenset[str]()
        return behind(turn.wanted, turn.plan, turn.live, turn.pods, scaled=scaled)

    async def _look(self, rotation: Rotation, turn: Turn, waiting: list[str]) -> Seen:
        done = self._job_done(rotation, turn)
        lacking, present = list[str](), list[str]()
        try:
            if rotation.discarding:
                present = await self._broker_has(rotation)
            else:
                lacking = await self._broker_lacks(rotation)
        except UsersUnreadable as error:
            self._trouble = f"the rotation waits: {error}"
            lacking = present = ["unknown"]
        return Seen(
            due=False,
            calm=turn.calm,
            under_way=True,
            taught=done and not lacking,
            promoted=not rotation.promotions(self._credentials.values),
            behind=bool(waiting),
            discarding=rotation.discarding,
            forgotten=done and not present,
        )

    def _job_done(self, rotation: Rotation, turn: Turn) -> bool:
        """Tell whether MySQL's users have done what they should now, and whether somebody must look why not."""
        if not jobs.of_mysql(self._credentials):
            return True
        name = jobs.job_name(self._cashbox, rotation, turn.mysql_start)
        state = job_state(turn.live.get(Ref("Job", name)))
        if state == "failed":
            self._trouble = telling.failed(self._cashbox, name)
        return state == "complete"

    async def _broker_lacks(self, rotation: Rotation) -> list[str]:
        passwords = _both(rotation.of("rabbitmq-users"))
        return await self._broker.lacking(passwords) if passwords else []

    async def _broker_has(self, rotation: Rotation) -> list[str]:
        """Name the users who are there and should not be: those of a role that are not its present one."""
        names = frozenset(_both(rotation.of("rabbitmq-users")))
        if not names:
            return []
        return await self._broker.present(names - {name for name, _ in self._credentials.broker_users.values()})

    @property
    def _broker(self) -> Users:
        if self._users is None:
            raise UsersUnreadable("this operator knows no way to RabbitMQ's users")
        return self._users

    async def _take(self, step: Step, rotation: Rotation | None, turn: Turn) -> None:
        """Carry a step out; what stands in its way is told, and tried again at the next turn."""
        try:
            if rotation is None and step == "Prepare":
                await self._prepare(turn)
            elif rotation is not None:
                await self._go_on(step, rotation, turn)
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:  # somebody else was first: the next turn looks anew
                raise
        except UsersUnreadable as error:
            self._trouble = f"the rotation waits: {error}"

    async def _go_on(self, step: Step, rotation: Rotation, turn: Turn) -> None:
        match step:
            case "Teach":
                await self._teach(rotation)
            case "Promote":
                await self._promote(rotation, turn)
            case "Retire":
                await self._merge(RECORD, turn, {"data": encoded(MARK)})
            case "Discard":
                await self._discard(rotation)
            case "Finish":
                await self._api.delete("Secret", self._cashbox.namespace, secret_name(self._cashbox.name, RECORD))

    async def _prepare(self, turn: Turn) -> None:
        """Generate the next values; where there is a rotation already, it stays."""
        made = Rotation(started=stamp(turn.now), changes=tuple(changes(self._cashbox, self._credentials.values, secrets.token_hex)))
        built = kept("v1", "Secret", self._cashbox, jobs.COMPONENT, secret_name(self._cashbox.name, RECORD))
        await self._api.create({**built, "type": "Opaque", "data": encoded(made.written(MYSQL_SECRETS))})

    async def _teach(self, rotation: Rotation) -> None:
        """Make the second users at RabbitMQ; those of MySQL are a Job's, which is a child."""
        if lacking := await self._broker_lacks(rotation):
            await self._broker.teach(_both(rotation.of("rabbitmq-users")), lacking)

    async def _promote(self, rotation: Rotation, turn: Turn) -> None:
        """Write the new values into the Secrets, each as a whole, with the note that no store need restart for them."""
        for secret, promoted in rotation.promotions(self._credentials.values).items():
            before = {key: self._credentials.values[secret][key] for key in GENERATED[secret]}
            noted = note.write(note.noted(before, promoted, self._credentials.notes.get(secret)))
            annotations = {**noted, ROTATED_ANNOTATION: rotation.started}
            await self._merge(secret, turn, {"metadata": {"annotations": annotations}, "data": encoded(promoted)})

    async def _discard(self, rotation: Rotation) -> None:
        for name in await self._broker_has(rotation):
            await self._broker.forget(name)

    async def _merge(self, secret: str, turn: Turn, patch: Manifest) -> None:
        """Change a Secret, unless somebody else has since it was read."""
        name = secret_name(self._cashbox.name, secret)
        metadata = {**patch.get("metadata", {}), "resourceVersion": turn.versions[name]}
        await self._api.merge("Secret", self._cashbox.namespace, name, {**patch, "metadata": metadata})


def _both(found: Sequence[Change]) -> dict[str, str]:
    """Return the password of each user of RabbitMQ that is valid while it is rotated."""
    return {values[user_key(change.name)]: values[change.name] for change in found for values in (change.old, change.new)}
