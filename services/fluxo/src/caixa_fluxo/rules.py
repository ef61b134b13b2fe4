"""What makes an entry acceptable, and what an accepted one becomes. Pure: the clock comes in as an argument."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from caixa_comum.dominio import MOEDAS, hoje
from caixa_comum.problems import Erro
from caixa_fluxo.lancamento import Lancamento, NovoEstorno, NovoLancamento, Registro

PRIMEIRO_DIA = date(1900, 1, 1)
"""Nothing was sold before; and every instant from here on fits DATETIME in any zone."""

RELOGIO_ADIANTADO = timedelta(minutes=5)
"""How far ahead of ours a merchant's clock may be."""


def violations(novo: NovoLancamento, *, fuso: ZoneInfo, agora: datetime, pointer: str = "#") -> tuple[Erro, ...]:
    """Name what the merchant must change, each with a JSON pointer below `pointer`; empty when acceptable."""
    found = []
    dia = hoje(fuso, agora)
    if novo.moeda not in MOEDAS:
        found.append(Erro(f"{novo.moeda} não é uma moeda da ISO 4217", f"{pointer}/moeda"))
    if novo.data is not None and novo.data > dia:
        found.append(Erro(f"a data {novo.data} está no futuro: hoje é {dia} em {fuso.key}", f"{pointer}/data"))
    if novo.data is not None and novo.data < PRIMEIRO_DIA:
        found.append(Erro(f"a data deve ser {PRIMEIRO_DIA} ou posterior", f"{pointer}/data"))
    if novo.ocorrido_em is not None and novo.ocorrido_em > agora + RELOGIO_ADIANTADO:
        found.append(Erro("o instante está no futuro", f"{pointer}/ocorrido_em"))
    if novo.ocorrido_em is not None and novo.ocorrido_em < datetime(PRIMEIRO_DIA.year, 1, 1, tzinfo=UTC):
        found.append(Erro(f"o instante deve ser de {PRIMEIRO_DIA} ou posterior", f"{pointer}/ocorrido_em"))
    return tuple(found)


def registro(novo: NovoLancamento, *, id: UUID, comerciante_id: UUID, fuso: ZoneInfo, agora: datetime) -> Registro:  # noqa: A002 # the field's name
    """Turn an acceptable request into the entry: the business day resolved once, instants in UTC."""
    return Registro(
        id=id,
        comerciante_id=comerciante_id,
        tipo=novo.tipo,
        valor=novo.valor,
        moeda=novo.moeda,
        data=novo.data or hoje(fuso, agora),
        ocorrido_em=novo.ocorrido_em and novo.ocorrido_em.astimezone(UTC),
        registrado_em=agora,
        descricao=novo.descricao,
        referencia_externa=novo.referencia_externa,
        metadados=novo.metadados,
    )


def estorno(
    original: Lancamento,
    novo: NovoEstorno,
    *,
    id: UUID,  # noqa: A002 # the field's name
    comerciante_id: UUID,
    fechado_ate: date | None,
    fuso: ZoneInfo,
    agora: datetime,
) -> Registro:
    """Make the entry that undoes `original`: on its day while that is open, else today, so that no closed day changes."""
    aberto = fechado_ate is None or original.data > fechado_ate
    return Registro(
        id=id,
        comerciante_id=comerciante_id,
        tipo=original.tipo.oposto,
        valor=original.valor,
        moeda=original.moeda,
        data=original.data if aberto else hoje(fuso, agora),
        ocorrido_em=None,
        registrado_em=agora,
        descricao=novo.descricao,
        referencia_externa=None,
        metadados={},
        estorna_id=original.id,
    )
