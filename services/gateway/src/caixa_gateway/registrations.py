"""What the admin does with merchants: registers, reads, disables and enables them, and gives them other secrets."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.dominio import FUSO_PADRAO
from caixa_comum.identifiers import uuid7
from caixa_comum.problems import invalid, problem
from caixa_gateway import repository
from caixa_gateway.credentials import Secrets, new_client_id, new_secret
from caixa_gateway.disabled import Disabled
from caixa_gateway.repository import Cadastro

# These two are what a machine calls its own clock; they name no place.
ZONES = available_timezones() - {"localtime", "Factory"}


class NovoComerciante(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the admin says of a merchant: a name, and the zone of its business days."""

    nome: Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
    fuso: str = FUSO_PADRAO


class ComercianteCadastrado(msgspec.Struct, frozen=True):
    """A merchant just registered; the secret is shown this once."""

    id: UUID
    nome: str
    fuso: str
    client_id: str
    client_secret: str


class Ficha(msgspec.Struct, frozen=True):
    """A merchant as the admin sees it; `desativado_em` says since when it is disabled."""

    id: UUID
    nome: str
    fuso: str
    client_id: str
    criado_em: datetime
    desativado_em: datetime | None


class Fichas(msgspec.Struct, frozen=True):
    """A page of merchants, newest first, and where the next begins."""

    itens: list[Ficha]
    proximo: str | None


class SegredoTrocado(msgspec.Struct, frozen=True):
    """A merchant's new secret, shown this once; the old one is good for nothing any more."""

    client_id: str
    client_secret: str


class Registrations:
    """The merchants' register. Every method that names a merchant raises Problem 404 where there is none of that id."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets, disabled: Disabled) -> None:
        """Take where merchants are kept, what hashes their secrets, and who remembers the disabled ones for this process."""
        self._engine = engine
        self._secrets = secrets
        self._disabled = disabled

    async def add(self, novo: NovoComerciante) -> ComercianteCadastrado:
        """Keep a merchant with a new credential, of which only the hash is kept. Raises Problem 422."""
        checked(novo)
        client_id, secret = new_client_id(), new_secret()
        cadastro = Cadastro(
            id=uuid7(),
            nome=novo.nome,
            fuso=novo.fuso,
            client_id=client_id,
            secret_hash=await self._secrets.hash(secret),
            criado_em=datetime.now(UTC),
        )
        async with self._engine.begin() as connection:
            await repository.add(connection, cadastro)
        return ComercianteCadastrado(cadastro.id, novo.nome, novo.fuso, client_id, secret)

    async def page(self, cursor: str | None, limit: int) -> Fichas:
        """Give a page of merchants. Raises Problem 400 for a cursor that is none of ours."""
        before = read_cursor(cursor)
        async with self._engine.connect() as connection:
            found = await repository.page(connection, before=before, limit=limit + 1)
        shown = [ficha(cadastro) for cadastro in found[:limit]]
        return Fichas(shown, write_cursor(shown[-1].id) if len(found) > limit else None)

    async def one(self, comerciante_id: UUID) -> Ficha:
        """Give one merchant."""
        async with self._engine.connect() as connection:
            return ficha(_found(await repository.find(connection, comerciante_id)))

    async def replace_secret(self, comerciante_id: UUID) -> SegredoTrocado:
        """Give a merchant another secret; the old one gets no token from now on, and tokens that it got live out their time."""
        secret = new_secret()
        await self.one(comerciante_id)  # no hash is computed for nobody
        hashed = await self._secrets.hash(secret)
        async with self._engine.begin() as connection:
            await repository.replace_secret(connection, comerciante_id, hashed)
            cadastro = _found(await repository.find(connection, comerciante_id))
        return SegredoTrocado(cadastro.client_id, secret)

    async def disable(self, comerciante_id: UUID) -> Ficha:
        """Disable a merchant: at once in this process, within a second in its replicas; done again it changes nothing."""
        async with self._engine.begin() as connection:
            await repository.disable(connection, comerciante_id, datetime.now(UTC))
            cadastro = _found(await repository.find(connection, comerciante_id))
        await self._disabled.look()
        return ficha(cadastro)

    async def enable(self, comerciante_id: UUID) -> Ficha:
        """Enable a merchant; done again it changes nothing."""
        async with self._engine.begin() as connection:
            await repository.enable(connection, comerciante_id)
            cadastro = _found(await repository.find(connection, comerciante_id))
        await self._disabled.look()
        return ficha(cadastro)


def checked(novo: NovoComerciante) -> NovoComerciante:
    """Refuse a blank name and a zone that is none of IANA's. Raises Problem 422."""
    if not novo.nome.strip():
        raise invalid("não pode ficar em branco", "#/nome")
    if novo.fuso not in ZONES:
        raise invalid("deve ser um fuso IANA, como America/Sao_Paulo", "#/fuso")
    return novo


def ficha(cadastro: Cadastro) -> Ficha:
    """Leave out what nobody may see."""
    return Ficha(cadastro.id, cadastro.nome, cadastro.fuso, cadastro.client_id, cadastro.criado_em, cadastro.desativado_em)


def write_cursor(last: UUID) -> str:
    """Name the place after a merchant."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def read_cursor(cursor: str | None) -> UUID | None:
    """Read what `write_cursor` wrote. Raises Problem 400."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.b64decode(f"{cursor}==".encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise invalid("“cursor” deve ser o “proximo” de uma página anterior.", "/cursor", status=400) from None


def _found(cadastro: Cadastro | None) -> Cadastro:
    if cadastro is None:
        raise problem(404, "Este comerciante não existe.")
    return cadastro
