"""What rows a version takes and gives: columns, their types, and nothing about how it is checked.

Types and their Arrow and R forms:

=========== ============================== =======================
type        Arrow                          R
=========== ============================== =======================
double      float64                        numeric
integer     int32                          integer
string      string                         character
boolean     bool                           logical
factor      dictionary<int32, string>      factor, ordered
date        date32                         Date
timestamp   timestamp[ns, tz]              POSIXct
=========== ============================== =======================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import pyarrow as pa

from modelyard.errors import Detail, InvalidSignature

ColumnType = Literal["double", "integer", "string", "boolean", "factor", "date", "timestamp"]
Rows = Literal["same", "free"]
Unknown = Literal["refuse", "as_na"]

SYNONYMS: Mapping[str, ColumnType] = {
    "double": "double",
    "float": "double",
    "float64": "double",
    "numeric": "double",
    "integer": "integer",
    "int": "integer",
    "int64": "integer",
    "string": "string",
    "character": "string",
    "boolean": "boolean",
    "bool": "boolean",
    "logical": "boolean",
    "factor": "factor",
    "date": "date",
    "timestamp": "timestamp",
}
"""Every word for a type that is understood, and the one word we keep."""

MAX_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type and whether it may be missing.

    ``levels`` are the values a factor, or a string column of a model that knows its values, may
    take, in R's order. ``tz`` is the time zone a timestamp's text is read in when it names none.
    ``unknown`` says what a value outside the levels is: refused, or missing (``as_na``).
    """

    name: str
    type: ColumnType
    nullable: bool = True
    levels: tuple[str, ...] | None = None
    ordered: bool = False
    tz: str = "UTC"
    unknown: Unknown = "refuse"

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type its values travel in."""
        match self.type:
            case "double":
                return pa.float64()
            case "integer":
                return pa.int32()
            case "string":
                return pa.string()
            case "boolean":
                return pa.bool_()
            case "factor":
                return pa.dictionary(pa.int32(), pa.string(), ordered=self.ordered)
            case "date":
                return pa.date32()
            case "timestamp":
                return pa.timestamp("ns", tz=self.tz)

    def to_dict(self) -> dict[str, object]:
        """As it is stored and sent: what has its default is left out, but for nullable."""
        out: dict[str, object] = {
            "name": self.name,
            "type": self.type,
            "nullable": self.nullable,
        }
        if self.levels is not None:
            out["levels"] = list(self.levels)
        if self.ordered:
            out["ordered"] = True
        if self.type == "timestamp":
            out["tz"] = self.tz
        if self.unknown != "refuse":
            out["unknown"] = self.unknown
        return out

    @classmethod
    def from_dict(cls, raw: object) -> Column:
        """Read ``{"name", "type", "nullable"?, "levels"?, "ordered"?, "tz"?}``.

        Raises:
            InvalidSignature: naming the column and what is wrong with it.
        """
        if not isinstance(raw, Mapping):
            raise InvalidSignature(f"A column is an object with name and type, not {raw!r}.")
        name = raw.get("name")
        if not isinstance(name, str) or name == "" or "\0" in name:
            raise InvalidSignature(f"A column's name is text that is not empty, not {name!r}.")
        word = raw.get("type")
        kind = SYNONYMS.get(word.lower()) if isinstance(word, str) else None
        if kind is None:
            raise InvalidSignature(
                f"Column {name!r} has the unknown type {word!r}.",
                hint="Types are " + ", ".join(sorted(SYNONYMS)) + ".",
                details=[Detail("unknown type", column=name)],
            )
        tz = raw.get("tz", "UTC")
        if not isinstance(tz, str):
            raise InvalidSignature(f"The tz of column {name!r} is a time zone's name, not {tz!r}.")
        unknown = raw.get("unknown", "refuse")
        if unknown not in get_args(Unknown):
            raise InvalidSignature(
                f"The unknown of column {name!r} is 'refuse' or 'as_na', not {unknown!r}."
            )
        return cls(
            name,
            kind,
            nullable=raw.get("nullable", True) is not False,
            levels=_levels(name, kind, raw.get("levels")),
            ordered=raw.get("ordered", False) is True,
            tz=tz or "UTC",
            unknown=cast(Unknown, unknown),
        )


def _levels(name: str, kind: ColumnType, raw: object) -> tuple[str, ...] | None:
    if raw is None:
        return None
    if isinstance(raw, str):
        raw = [raw]
    if kind not in ("factor", "string"):
        raise InvalidSignature(f"Column {name!r} is {kind}, which has no levels.")
    if not isinstance(raw, Sequence) or not all(isinstance(v, str) for v in raw):
        raise InvalidSignature(f"The levels of column {name!r} are a list of texts, not {raw!r}.")
    levels = tuple(cast(Sequence[str], raw))
    if len(set(levels)) != len(levels):
        raise InvalidSignature(f"Column {name!r} has the same level twice.")
    return levels


@dataclass(frozen=True, slots=True)
class Signature:
    """The contract of a version: its input and output columns, and whether rows correspond.

    ``rows`` is ``same`` when each input row has its output row, ``free`` when the answer has rows
    of its own (a forecast per key).
    """

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    rows: Rows = "same"

    def __post_init__(self) -> None:
        for side, columns in (("input", self.inputs), ("output", self.outputs)):
            _check_side(side, columns)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the input columns, in the order the model takes them."""
        return tuple(c.name for c in self.inputs)

    def with_nullable(self, nullable: Mapping[str, bool]) -> Signature:
        """The same contract with these input columns' nullability (others stay)."""
        inputs = tuple(replace(c, nullable=nullable.get(c.name, c.nullable)) for c in self.inputs)
        return replace(self, inputs=inputs)

    def to_dict(self) -> dict[str, object]:
        """As it is stored and sent."""
        return {
            "inputs": [c.to_dict() for c in self.inputs],
            "outputs": [c.to_dict() for c in self.outputs],
            "rows": self.rows,
        }

    @classmethod
    def from_dict(cls, raw: object) -> Signature:
        """The inverse of :meth:`to_dict`.

        Raises:
            InvalidSignature: naming what is wrong.
        """
        if not isinstance(raw, Mapping):
            raise InvalidSignature(f"A signature has inputs and outputs; this is {raw!r}.")
        rows = raw.get("rows", "same")
        if rows not in ("same", "free"):
            raise InvalidSignature(f"rows is 'same' or 'free', not {rows!r}.")
        return cls(columns(raw.get("inputs")), columns(raw.get("outputs")), cast(Rows, rows))


def columns(raw: object) -> tuple[Column, ...]:
    """Read one side of a signature: a list of columns, or an object of name to type.

    >>> [c.type for c in columns({"wt": "double", "cyl": "int"})]
    ['double', 'integer']
    """
    if isinstance(raw, Mapping):
        raw = [{"name": n, "type": t} for n, t in raw.items()]
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise InvalidSignature(f"Columns are a list, or names with types; this is {raw!r}.")
    return tuple(Column.from_dict(c) for c in raw)


def _check_side(side: str, given: Sequence[Column]) -> None:
    if not given:
        raise InvalidSignature(f"A signature needs at least one {side} column.")
    if len(given) > MAX_COLUMNS:
        raise InvalidSignature(f"{len(given):,} {side} columns are more than {MAX_COLUMNS:,}.")
    seen: set[str] = set()
    for column in given:
        if column.name in seen:
            raise InvalidSignature(
                f"The {side} column {column.name!r} is there twice.",
                details=[Detail("declared twice", column=column.name)],
            )
        seen.add(column.name)


def infer_columns(
    schema: pa.Schema, dictionaries: Mapping[str, Sequence[str]]
) -> tuple[Column, ...]:
    """Columns that describe rows of this Arrow schema; ``dictionaries`` has the factors' levels.

    Raises:
        InvalidSignature: for a column of a type no model here takes, such as a list.
    """
    return tuple(_infer(field, dictionaries.get(field.name)) for field in schema)


def _infer(field: pa.Field, levels: Sequence[str] | None) -> Column:
    t = field.type
    if pa.types.is_dictionary(t):
        return Column(field.name, "factor", levels=tuple(levels or ()), ordered=t.ordered)
    if pa.types.is_timestamp(t):
        return Column(field.name, "timestamp", tz=t.tz or "UTC")
    kind: ColumnType
    if pa.types.is_boolean(t):
        kind = "boolean"
    elif pa.types.is_integer(t):
        kind = "integer"
    elif pa.types.is_floating(t):
        kind = "double"
    elif pa.types.is_date(t):
        kind = "date"
    elif pa.types.is_string(t) or pa.types.is_large_string(t):
        kind = "string"
    else:
        raise InvalidSignature(
            f"Column {field.name!r} holds {t}, which no column type here can be.",
            hint="Columns are double, integer, string, boolean, factor, date or timestamp.",
            details=[Detail(f"holds {t}", column=field.name)],
        )
    return Column(field.name, kind)
