"""The parameters of the balance reads: what is accepted, and what is said when it is not. Pure."""

import re
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from caixa_comum.problems import Erro, Problem, invalid, problem

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
LONGEST_REPORT_DAYS = 366
LONGEST_NAME = 100
MOST_NAMES = 20


def refused(detalhe: str, ponteiro: str) -> Problem:
    """Give the 400 for one wrong parameter, pointing at it."""
    return invalid(detalhe, ponteiro, status=400)


def parse_date(text: str, name: str) -> date:
    """Read a calendar day as YYYY-MM-DD, no other ISO 8601 form. Raises the 400 that points at `name`."""
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise refused(f"“{name}” deve ser um dia do calendário na forma AAAA-MM-DD, por exemplo 2026-11-23.", f"/{name}")


def parse_event_id(text: str | None) -> UUID | None:
    """Read the entry that `apos` names, in the canonical form of RFC 9562. Raises the 400 that points at it."""
    if text is None:
        return None
    try:
        event_id = UUID(text)
    except ValueError:
        event_id = None
    if event_id is None or str(event_id) != text.lower():
        raise refused("“apos” deve ser o id de um lançamento (UUID).", "/apos")
    return event_id


def parse_range(de: str | None, ate: str | None) -> tuple[date, date]:
    """Read the first and last day of a report, at most 366 days in all. Raises the 400 that points at what is wrong."""
    missing = [name for name, text in (("de", de), ("ate", ate)) if text is None]
    if de is None or ate is None:
        detail = "O relatório diário pede o primeiro e o último dia: ?de=AAAA-MM-DD&ate=AAAA-MM-DD."
        raise problem(400, detail, erros=[Erro(f"“{name}” é obrigatório.", f"/{name}") for name in missing])
    first, last = parse_date(de, "de"), parse_date(ate, "ate")
    if last < first:
        raise refused("“ate” não pode ser anterior a “de”.", "/ate")
    if (last - first).days >= LONGEST_REPORT_DAYS:
        raise refused(f"O relatório cobre no máximo {LONGEST_REPORT_DAYS} dias; peça um período menor.", "/ate")
    return first, last


def only_known(given: Iterable[str], allowed: frozenset[str]) -> None:
    """Refuse parameters that would otherwise be ignored without a word. Raises the 400 that points at each."""
    unknown = sorted(set(given) - allowed)
    if unknown:
        accepted = ", ".join(sorted(allowed))
        shown = [name[:LONGEST_NAME] for name in unknown[:MOST_NAMES]]
        raise problem(
            400,
            f"Parâmetro desconhecido. Esta consulta aceita apenas: {accepted}.",
            erros=[Erro(f"“{name}” não é um parâmetro desta consulta.", "/" + _pointer(name)) for name in shown],
        )


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
