"""From msgspec types to a structural schema: no `$ref`, every default written out, every rule carried along."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

Schema = dict[str, Any]  # JSON: its shape is OpenAPI's, not ours


def structural(cls: type) -> Schema:
    """Build the structural schema of a Struct (Kubernetes: "Specifying a structural schema")."""
    return _of(inspect.type_info(cls))


def _of(node: inspect.Type) -> Schema:
    for kind, build in _BUILDERS.items():
        if isinstance(node, kind):
            return build(node)
    raise TypeError(f"No structural schema is known for {node!r}: use a Struct, a literal, a number, a string, a list or a map")


def _metadata(node: inspect.Metadata) -> Schema:
    return {**_of(node.type), **(node.extra_json_schema or {})}


def _union(node: inspect.UnionType) -> Schema:
    members = [member for member in node.types if not isinstance(member, inspect.NoneType)]
    if len(members) == 1:
        return _of(members[0])
    if {type(member) for member in members} == {inspect.IntType, inspect.StrType}:
        return {"x-kubernetes-int-or-string": True}
    raise TypeError(f"A structural schema has no unions other than int-or-string: {members!r}")


def _struct(node: inspect.StructType) -> Schema:
    schema: Schema = {"type": "object", "properties": {field.encode_name: _field(field) for field in node.fields}}
    if node.cls.__doc__:
        schema["description"] = node.cls.__doc__.strip()
    if required := [field.encode_name for field in node.fields if field.required]:
        schema["required"] = required
    if rules := getattr(node.cls, "rules", ()):
        schema["x-kubernetes-validations"] = [rule._asdict() for rule in rules]
    return schema


def _field(field: inspect.Field) -> Schema:
    schema = _of(field.type)
    default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    if default is not msgspec.NODEFAULT and default is not None:
        schema["default"] = _default(default)
    return schema


def _default(value: object) -> object:
    """Write a default as JSON. `{}` lets the API server fill in nested ones, but it evaluates rules on defaults before it does so."""
    if isinstance(value, msgspec.Struct) and value == type(value)() and not getattr(value, "rules", ()):
        return {}
    return _without_nulls(msgspec.to_builtins(value))


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    return [_without_nulls(member) for member in value] if isinstance(value, list | tuple) else value


def _number(node: inspect.IntType) -> Schema:
    bounds = {"minimum": node.ge, "maximum": node.le}
    return {"type": "integer", **{name: bound for name, bound in bounds.items() if bound is not None}}


def _string(node: inspect.StrType) -> Schema:
    bounds = {"minLength": node.min_length, "maxLength": node.max_length, "pattern": node.pattern}
    return {"type": "string", **{name: bound for name, bound in bounds.items() if bound is not None}}


def _array(node: inspect.VarTupleType) -> Schema:
    bounds = {"minItems": node.min_length, "maxItems": node.max_length}
    return {"type": "array", "items": _of(node.item_type), **{name: bound for name, bound in bounds.items() if bound is not None}}


def _map(node: inspect.DictType) -> Schema:
    if isinstance(node.value_type, inspect.CustomType | inspect.AnyType):
        return {"type": "object"}
    return {"type": "object", "additionalProperties": _of(node.value_type)}


_BUILDERS: dict[type, Callable[[Any], Schema]] = {  # each builder takes the kind that it is listed for
    inspect.Metadata: _metadata,
    inspect.UnionType: _union,
    inspect.StructType: _struct,
    inspect.BoolType: lambda _: {"type": "boolean"},
    inspect.FloatType: lambda _: {"type": "number"},
    inspect.IntType: _number,
    inspect.StrType: _string,
    inspect.LiteralType: lambda node: {"type": "string", "enum": list(node.values)},
    inspect.VarTupleType: _array,
    inspect.DictType: _map,
}
