"""JSON Schemas of a contract: its rows in the forms they come in, and its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelyard.contract.numbers import MAX_INT
from modelyard.json_rows.tensors import DATATYPE
from modelyard.signature import Column, Signature

Schema = dict[str, Any]

_NOT_FINITE: Schema = {"enum": ["NaN", "Inf", "-Inf"]}
_FORMATS = {"date": "date", "timestamp": "date-time"}


def one_object(properties: Schema, *, required: Sequence[str] | None = None) -> Schema:
    """An object of these properties, all of them required unless some are named."""
    names = list(properties) if required is None else list(required)
    return {"type": "object", "properties": properties, "required": names}


def cell(column: Column) -> Schema:
    """A value of an input column."""
    kind = _value(column)
    return {"anyOf": [kind, {"type": "null"}]} if column.nullable else kind


def output(column: Column) -> Schema:
    """A value of an output column: any may be missing."""
    return {"anyOf": [_value(column), {"type": "null"}]}


def record(columns: Sequence[Column], *, is_input: bool) -> Schema:
    """A row as an object."""
    of = cell if is_input else output
    return one_object({c.name: of(c) for c in columns})


def split(columns: Sequence[Column]) -> Schema:
    """Names once, then rows as arrays."""
    names = [c.name for c in columns]
    return one_object(
        {"columns": {"const": names}, "data": _many(_row([cell(c) for c in columns]))},
    )


def numbered(columns: Sequence[Column]) -> Schema:
    """Rows as arrays, each after its number."""
    return _many(_row([{"type": "integer"}, *(cell(c) for c in columns)]))


def instances(columns: Sequence[Column]) -> Schema:
    """Rows as arrays, in the contract's order."""
    return _many(_row([cell(c) for c in columns]))


def answered(signature: Signature) -> Schema:
    """``{"data": [[i, {...}], ...]}``, of parts whose order readers of OpenAPI 3.0 cannot say."""
    row = record(signature.outputs, is_input=False)
    number = {"type": ["integer", "number", "string"]}
    pair = {"type": "array", "items": {"anyOf": [number, row]}, "minItems": 2, "maxItems": 2}
    return one_object({"data": _many(pair)})


def tensors(columns: Sequence[Column]) -> Schema:
    """The tensors of a request, one for each input column."""
    return _row([_tensor(c, cell(c)) for c in columns])


def tensors_answered(columns: Sequence[Column]) -> Schema:
    """The tensors of an answer, of those that are asked for."""
    return _many({"anyOf": [_tensor(c, output(c)) for c in columns]})


def _tensor(column: Column, values: Schema) -> Schema:
    return one_object(
        {
            "name": {"const": column.name},
            "datatype": {"const": DATATYPE[column.type]},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
            "data": _many(values),
        }
    )


def _many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _row(cells: list[Schema]) -> Schema:
    width = len(cells)
    return {"type": "array", "prefixItems": cells, "minItems": width, "maxItems": width}


def _value(column: Column) -> Schema:
    match column.type:
        case "double":
            return {"anyOf": [{"type": "number"}, _NOT_FINITE]}
        case "integer":
            return {"type": "integer", "minimum": -MAX_INT, "maximum": MAX_INT}
        case "boolean":
            return {"type": "boolean"}
        case "date" | "timestamp":
            return {"type": "string", "format": _FORMATS[column.type]}
        case _:
            if column.levels is not None and column.unknown == "refuse":
                return {"enum": list(column.levels)}
            return {"type": "string"}
