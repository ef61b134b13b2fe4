"""The event that an entry becomes."""

from caixa_comum.events import LANCAMENTO_REGISTRADO, LancamentoRegistrado, encode
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
