"""An entry (lançamento): as the merchant asks for it, as it is kept, and as it is answered."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from caixa_comum.dominio import MAIOR_VALOR, Moeda, Tipo

Valor = Annotated[int, msgspec.Meta(ge=1, le=MAIOR_VALOR, description="Inteiro na menor unidade da moeda (centavos).")]
Descricao = Annotated[str, msgspec.Meta(max_length=140, description="Texto livre.")]
ReferenciaExterna = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, description="A chave do comerciante; única para sempre.", examples=["pdv-1/0001"])
]
Metadados = Annotated[
    dict[
        Annotated[str, msgspec.Meta(min_length=1, max_length=40)],
        Annotated[str, msgspec.Meta(max_length=500)],
    ],
    msgspec.Meta(max_length=20, description="Até 20 pares de textos."),
]
Instante = Annotated[datetime, msgspec.Meta(tz=True, description="Instante RFC 3339, com fuso.")]


class NovoLancamento(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a merchant sends to record an entry; `valor` in minor units of `moeda`, `data` in the merchant's zone."""

    tipo: Tipo
    valor: Valor
    moeda: Moeda = "BRL"
    data: Annotated[date, msgspec.Meta(description="Dia de negócio; hoje, no fuso do comerciante, se omitido.")] | None = None
    ocorrido_em: Instante | None = None
    descricao: Descricao | None = None
    referencia_externa: ReferenciaExterna | None = None
    metadados: Metadados = {}


class NovoEstorno(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a merchant may say when reversing an entry; everything else follows from the entry."""

    descricao: Descricao | None = None


class Registro(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the table keeps it: immutable from here on."""

    id: UUID
    comerciante_id: UUID
    tipo: Tipo
    valor: int
    moeda: str
    data: date
    ocorrido_em: datetime | None
    registrado_em: datetime
    descricao: str | None
    referencia_externa: str | None
    metadados: dict[str, str]
    estorna_id: UUID | None = None


class Lancamento(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is answered; `estorna_id` is what it reverses, `estornado_por` what reversed it."""

    id: UUID
    tipo: Tipo
    valor: int
    moeda: str
    data: date
    descricao: str | None
    ocorrido_em: datetime | None
    registrado_em: datetime
    referencia_externa: str | None
    metadados: dict[str, str]
    estorna_id: UUID | None
    estornado_por: UUID | None


def view(registro: Registro, estornado_por: UUID | None = None) -> Lancamento:
    """Show an entry to its merchant."""
    return Lancamento(
        id=registro.id,
        tipo=registro.tipo,
        valor=registro.valor,
        moeda=registro.moeda,
        data=registro.data,
        descricao=registro.descricao,
        ocorrido_em=registro.ocorrido_em,
        registrado_em=registro.registrado_em,
        referencia_externa=registro.referencia_externa,
        metadados=registro.metadados,
        estorna_id=registro.estorna_id,
        estornado_por=estornado_por,
    )
