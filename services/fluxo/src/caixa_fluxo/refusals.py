"""What a merchant is told when an entry is not recorded: the refusals of the write path as problem details."""

from caixa_comum.problems import Erro, Problem, unavailable
from caixa_fluxo.group_commit import Overloaded
from caixa_fluxo.registration import AlreadyReversed, DayClosed, InFlight, KeyReused, ReferenceTaken, Refused
from caixa_fluxo.registration_writer import Unavailable

Refusal = Refused | Overloaded | Unavailable
REFUSALS = (Refused, Overloaded, Unavailable)


def problem(refusal: Refusal, pointer: str = "#") -> Problem:
    """Give the problem of a refusal; pointers are below `pointer`."""
    match refusal:
        case KeyReused():
            detalhe = "esta chave já foi usada em outro pedido"
            return Problem(
                422, "Idempotency-Key já usada", "A chave foi usada em outro pedido: use outra.", erros=[Erro(detalhe, "Idempotency-Key")]
            )
        case InFlight():
            return Problem(
                409, "Pedido em andamento", "Este pedido ainda está sendo processado: repita-o em instantes.", headers={"Retry-After": "1"}
            )
        case ReferenceTaken() | AlreadyReversed() | DayClosed():
            return _conflict(refusal, pointer)
        case Overloaded():
            return unavailable("Há pedidos demais na fila. Tente de novo em instantes.")
        case _:
            return unavailable("Não sabemos se o lançamento foi registrado. Repita o pedido com a mesma Idempotency-Key.")


def _conflict(refusal: ReferenceTaken | AlreadyReversed | DayClosed, pointer: str) -> Problem:
    match refusal:
        case ReferenceTaken(existing=existing):
            return Problem(
                409,
                "Referência externa já usada",
                f"A referência externa já foi usada pelo lançamento {existing}.",
                erros=[Erro(f"já usada pelo lançamento {existing}", f"{pointer}/referencia_externa")],
                extra={"existente": str(existing)},
            )
        case AlreadyReversed(existing=existing):
            return Problem(
                409, "Lançamento já estornado", f"O lançamento já foi estornado por {existing}.", extra={"existente": str(existing)}
            )
        case DayClosed(fechado_ate=fechado_ate):
            return Problem(
                409,
                "Dia fechado",
                f"O dia já foi fechado: use uma data posterior a {fechado_ate}.",
                erros=[Erro(f"os dias até {fechado_ate} estão fechados", f"{pointer}/data")],
                extra={"fechado_ate": fechado_ate.isoformat()},
            )
