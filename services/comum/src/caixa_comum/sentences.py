"""What msgspec says in English about a wrong value, in the merchant's Portuguese, and where it stands as a JSON pointer."""

import re
from typing import Any, Final

from msgspec import inspect

LONGEST_TOLD: Final = 80
"""Characters of a caller's own text that an error repeats."""

_PATH: Final = re.compile(r"(?P<sentence>.*) - at (?:`key` in )?`(?P<path>\$[^`]*)`", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def translated(message: str, kind: Any = None) -> tuple[str, str]:  # Any: whatever msgspec decodes into
    """Turn msgspec's sentence into one in Portuguese and a JSON pointer as a URI fragment (RFC 6901, section 6).

    With the `kind` that was decoded into, an enumeration's accepted values are named.
    """
    found = _PATH.fullmatch(message)
    sentence, path = (found["sentence"], found["path"]) if found else (message, "$")
    ponteiro = pointer(path)
    for pattern, rendered in _SENTENCES:
        if not (match := pattern.fullmatch(sentence)):
            continue
        told = match.groupdict()
        if "field" in told:
            ponteiro = f"{ponteiro}/{escaped(told['field'][:LONGEST_TOLD])}"
        if "value" in told and (accepted := _accepted(kind, path)):
            return f"deve ser {accepted}", ponteiro
        return rendered.format(**{name: _named(text) if name == "expected" else text for name, text in told.items()}), ponteiro
    return "não tem a forma aceita", ponteiro


def pointer(path: str) -> str:
    """Turn msgspec's path (`$.lancamentos[3].valor`) into a pointer (`#/lancamentos/3/valor`); an object's own keys are not told."""
    return "#" + "".join(f"/{escaped(step)}" for step in _steps(path) if step != "...")


def _steps(path: str) -> list[str]:
    return [name or index for name, index in _STEP.findall(path)]


def escaped(step: str) -> str:
    """Write one step of a JSON pointer (RFC 6901, section 3)."""
    return step.replace("~", "~0").replace("/", "~1")


def _named(expected: str) -> str:
    names = [name for name in expected.split(" | ") if name != "null"]
    return " ou ".join(_TYPES.get(name, name) for name in names) or "null"


def _accepted(kind: Any, path: str) -> str:  # Any: see translated
    """Name the values of the enumeration that stands at `path` within `kind`, or nothing where none does."""
    if kind is None:
        return ""
    at: list[inspect.Type] = [inspect.type_info(kind)]
    for step in _steps(path):
        at = [inner for outer in _alternatives(at) for inner in _inner(outer, step)]
    values = [value for one in _alternatives(at) for value in _values(one)]
    return " ou ".join(values)


def _alternatives(types: list[inspect.Type]) -> list[inspect.Type]:
    return [one for outer in types for one in (outer.types if isinstance(outer, inspect.UnionType) else (outer,))]


def _inner(outer: inspect.Type, step: str) -> list[inspect.Type]:
    if isinstance(outer, inspect.StructType):
        return [field.type for field in outer.fields if field.encode_name == step]
    if isinstance(outer, inspect.ListType):
        return [outer.item_type]
    return [outer.value_type] if isinstance(outer, inspect.DictType) else []


def _values(one: inspect.Type) -> list[str]:
    if isinstance(one, inspect.EnumType):
        return [str(member.value) for member in one.cls]
    return [str(value) for value in one.values] if isinstance(one, inspect.LiteralType) else []


_TYPES: Final = {
    "int": "um número inteiro",
    "float": "um número",
    "str": "um texto",
    "bool": "true ou false",
    "object": "um objeto",
    "array": "uma lista",
    "date": "uma data (AAAA-MM-DD)",
    "datetime": "um instante RFC 3339 com fuso (2026-11-23T10:00:00-03:00)",
    "uuid": "um UUID",
}

_SENTENCES: Final = [
    (re.compile(pattern, re.DOTALL), rendered)
    for pattern, rendered in (
        (r"Object contains unknown field `(?P<field>.*)`", "campo desconhecido"),
        (r"Object missing required field `(?P<field>.*)`", "campo obrigatório"),
        (r"Expected `str` of length <= (?P<n>\d+)", "deve ter no máximo {n} caracteres"),
        (r"Expected `str` of length >= (?P<n>\d+)", "deve ter ao menos {n} caracteres"),
        (r"Expected `(?:object|array)` of length <= (?P<n>\d+)", "deve ter no máximo {n} itens"),
        (r"Expected `(?:object|array)` of length >= (?P<n>\d+)", "deve ter ao menos {n} itens"),
        (r"Expected `(?:int|float)` >= (?P<n>[-+.\de]+)", "deve ser no mínimo {n}"),
        (r"Expected `(?:int|float)` <= (?P<n>[-+.\de]+)", "deve ser no máximo {n}"),
        (r"Expected `datetime` with a timezone component", "deve dizer o fuso, como em 2026-11-23T10:00:00-03:00"),
        (r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`", "deve ser {expected}"),
        (r"Invalid enum value (?P<value>.*)", "valor desconhecido"),
        (r"Invalid RFC3339 encoded datetime", f"deve ser {_TYPES['datetime']}"),
        (r"Invalid RFC3339 encoded date", f"deve ser {_TYPES['date']}"),
        (r"Invalid UUID", "deve ser um UUID"),
        (r"(?:Integer value|Number) out of range", "número grande demais"),
        # A struct's own __post_init__ speaks Portuguese already.
        (r"(?P<text>(?!Expected |Invalid |Object |Can't |JSON ).*)", "{text}"),
    )
]
