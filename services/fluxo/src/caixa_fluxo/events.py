"""The events that entries and closed days become."""

from caixa_comum.events import DIA_FECHADO, LANCAMENTO_REGISTRADO, DiaFechado, LancamentoRegistrado, encode
from caixa_fluxo.fechamento import Recibo
from caixa_fluxo.lancamento import Registro
from caixa_fluxo.registration import Evento

SOURCE = "/caixa/fluxo"


def registrado(registro: Registro, traceparent: str | None) -> Evento:
    """Announce an entry; the event's id is the entry's, so that one look-up in an inbox tells whether it is included."""
    data = LancamentoRegistrado(
        id=registro.id,
        comerciante_id=registro.comerciante_id,
        tipo=registro.tipo,
        valor=registro.valor,
        moeda=registro.moeda,
        data=registro.data,
        registrado_em=registro.registrado_em,
        estorna_id=registro.estorna_id,
    )
    return Evento(
        event_id=registro.id,
        routing_key=LANCAMENTO_REGISTRADO,
        payload=encode(data, event_id=registro.id, time=registro.registrado_em, source=SOURCE, traceparent=traceparent),
        traceparent=traceparent,
        created_at=registro.registrado_em,
    )


def dia_fechado(recibo: Recibo, traceparent: str | None) -> Evento:
    """Announce a closed day; the event's id is the receipt's."""
    data = DiaFechado(
        id=recibo.id,
        comerciante_id=recibo.comerciante_id,
        data=recibo.data,
        totais=recibo.totais,
        hash=recibo.hash,
        hash_anterior=recibo.hash_anterior,
        fechado_em=recibo.fechado_em,
    )
    return Evento(
        event_id=recibo.id,
        routing_key=DIA_FECHADO,
        payload=encode(data, event_id=recibo.id, time=recibo.fechado_em, source=SOURCE, traceparent=traceparent),
        traceparent=traceparent,
        created_at=recibo.fechado_em,
    )
