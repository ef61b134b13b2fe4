"""What a merchant is told when an entry is not recorded: the refusals of the write path as problem details."""

from caixa_comum.problems import Erro, Problem, unavailable
from caixa_fluxo.group_commit import Overloaded
from caixa_fluxo.registration import AlreadyReversed, InFlight, KeyReused, ReferenceTaken, Refused
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
        case ReferenceTaken(existing=existing):
            detalhe = f"já usada pelo lançamento {existing}"
            return Problem(
                409,
                "Referência externa já usada",
                f"A referência externa já foi usada pelo lançamento {existing}.",
                erros=[Erro(detalhe, f"{pointer}/referencia_externa")],
                extra={"existente": str(existing)},
            )
        case AlreadyReversed(existing=existing):
            return Problem(
                409, "Lançamento já estornado", f"O lançamento já foi estornado por {existing}.", extra={"existente": str(existing)}
            )
        case Overloaded():
            return unavailable("Há pedidos demais na fila. Tente de novo em instantes.")
        case _:
            return unavailable("Não sabemos se o lançamento foi registrado. Repita o pedido com a mesma Idempotency-Key.")
