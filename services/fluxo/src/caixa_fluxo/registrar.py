"""Recording an entry: once per key, in a transaction shared with whoever asks at the same time."""

import asyncio
from uuid import UUID

import msgspec

from caixa_comum import tracing
from caixa_fluxo.events import registrado
from caixa_fluxo.group_commit import GroupCommit
from caixa_fluxo.lancamento import Registro, view
from caixa_fluxo.registration import Answer, Claim, InFlight, KeyReused, Registration

CREATED = 201
INSERT = {"db.system.name": "mysql", "db.operation.name": "INSERT", "db.collection.name": "lancamento"}


def location(entry_id: UUID) -> str:
    """Give the path of an entry."""
    return f"/api/v1/lancamentos/{entry_id}"


def registration(registro: Registro, *, chave: str, impressao: bytes, traceparent: str | None) -> Registration:
    """Put together all that recording the entry writes, its answer included."""
    answer = Answer(status=CREATED, corpo=msgspec.json.encode(view(registro)), location=location(registro.id))
    claim = Claim(
        comerciante_id=registro.comerciante_id,
        chave=chave,
        registro_id=registro.id,
        impressao=impressao,
        answer=answer,
        created_at=registro.registrado_em,
    )
    return Registration(claim=claim, registro=registro, evento=registrado(registro, traceparent))


class KeysInFlight:
    """The keys whose requests this process has not answered yet. Those of other processes are seen in the database."""

    def __init__(self) -> None:
        self._impressoes: dict[tuple[UUID, str], bytes] = {}

    def enter(self, claim: Claim) -> None:
        """Note the claim; raises InFlight, or KeyReused for another request, if its key is noted already."""
        key = (claim.comerciante_id, claim.chave)
        noted = self._impressoes.get(key)
        if noted is not None:
            raise InFlight if noted == claim.impressao else KeyReused
        self._impressoes[key] = claim.impressao

    def leave(self, claim: Claim) -> None:
        """Forget the claim."""
        del self._impressoes[claim.comerciante_id, claim.chave]


class Registrar:
    """Records entries by group commit."""

    def __init__(self, group: GroupCommit[Registration, Answer], keys: KeysInFlight) -> None:
        self._group = group
        self._keys = keys

    async def register(self, wanted: Registration) -> Answer:
        """Return the answer once it is committed. Raises Refused (its subclasses), Overloaded or Unavailable.

        A client that goes away does not take the entry with it: it repeats the key and learns the outcome.
        """
        self._keys.enter(wanted.claim)
        try:
            outcome = self._group.submit(wanted)
        except BaseException:
            self._keys.leave(wanted.claim)
            raise
        outcome.add_done_callback(lambda _: self._keys.leave(wanted.claim))
        with tracing.span("INSERT lancamento", "client", parent=tracing.current(), attributes=INSERT):
            return await asyncio.shield(outcome)
