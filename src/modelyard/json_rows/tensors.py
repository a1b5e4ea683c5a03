"""Rows as the Open Inference Protocol (v2) writes them: named tensors, in JSON or bytes behind it.

A tensor for each input column, of shape ``[n]`` or ``[n, 1]``; or, for inputs that are all numbers,
one tensor ``[n, k]`` under a name of its own, its columns in the signature's order. ``data`` is
flat, or nested as the shape is. null is a missing value, ``"NaN"``, ``"Inf"`` and ``"-Inf"`` are
numbers of FP tensors. An answer has a tensor for each output column: a missing value is null in
FP64 and BYTES, and INT32 and BOOL have no form for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from modelyard.contract.problems import shown
from modelyard.errors import DuplicateColumn, InvalidValue, MalformedRequest, TooLarge, TypeMismatch
from modelyard.json_rows.answers import cells_of, encode
from modelyard.json_rows.binary_tensors import bytes_of_column, cells_of_bytes
from modelyard.json_rows.dialect import Body
from modelyard.json_rows.forms import Sheet, check_names, columns_sheet
from modelyard.json_rows.limits import Limits
from modelyard.json_rows.text import read_json
from modelyard.signature import Column, ColumnType

DATATYPE: Mapping[ColumnType, str] = {
    "double": "FP64",
    "integer": "INT32",
    "boolean": "BOOL",
    "string": "BYTES",
    "factor": "BYTES",
    "date": "BYTES",
    "timestamp": "BYTES",
}
"""The protocol's word for each of our types; dates and times are ISO 8601 text."""

OCTETS = "application/octet-stream"
HEAD_LENGTH = "inference-header-content-length"

_INTEGERS = {f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
_FLOATS = {"FP32", "FP64"}
_WITHOUT_MISSING = frozenset({"INT32", "BOOL"})
_TEXTS_OF_FLOATS = frozenset({"NA", "NaN", "Inf", "-Inf"})
_HINT = "Send a tensor [n] for each input column, or one [n, columns] where all are numbers."


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer repeats: the request's id, and the outputs it wants, all where None."""

    id: str | None
    outputs: tuple[str, ...] | None
    binary: Mapping[str, bool]
    """Outputs that are asked for as bytes, or not."""
    all_binary: bool
    """Whether the others are."""

    def as_bytes(self, name: str) -> bool:
        """Whether this output is asked for as bytes."""
        return self.binary.get(name, self.all_binary)


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    datatype: str
    shape: tuple[int, ...]
    cells: list[Any]


class Tensors:
    """The dialect of ``/v2/models/.../infer``.

    ``head_bytes`` of a body are JSON, where bytes of tensors follow; None: all of it is.
    """

    def __init__(self, head_bytes: int | None = None) -> None:
        self._head_bytes = head_bytes

    def read(
        self, body: bytes | bytearray | memoryview, inputs: Sequence[Column], limits: Limits
    ) -> Sheet:
        """The columns of a request to infer.

        Raises:
            MalformedRequest: when it is none, or a tensor is not what it says.
            DuplicateColumn: when two tensors have one name.
            TooLarge: for more than the limits allow.
        """
        head, rest = memoryview(body), _Rest(memoryview(b""))
        if self._head_bytes is not None:
            head, rest = head[: self._head_bytes], _Rest(head[self._head_bytes :])
        found = read_json(head, max_bytes=limits.size_bytes, max_depth=limits.depth)
        if not isinstance(found, dict) or not isinstance(found.get("inputs"), list):
            raise MalformedRequest("The body has no array of inputs.", hint=_HINT)
        if len(found["inputs"]) > limits.columns:
            raise TooLarge(f"{len(found['inputs']):,} tensors are more than {limits.columns:,}.")
        tensors = [_tensor(raw, rest, limits) for raw in found["inputs"]]
        rest.end()
        if not tensors:
            raise MalformedRequest("The body has no input tensors.", hint=_HINT)
        names, columns = _columns(tensors, inputs)
        sheet = columns_sheet("tensors", names, columns, tensors[0].shape[0])
        return check_names(_with(sheet, _asked(found)))

    def write(self, table: pa.Table, echo: Any, model: str, version: str) -> Body:
        """A tensor for each output column that is wanted, in the order wanted.

        Raises:
            InvalidValue: for an output there is not, or a missing value without a form.
        """
        asked: Asked = echo
        names = table.column_names
        blobs: list[bytes] = []
        outputs = [
            _output(table, name, blobs if asked.as_bytes(name) else None)
            for name in (asked.outputs or names)
            if _is(name, names)
        ]
        head = {"model_name": model, "model_version": version}
        if asked.id is not None:
            head["id"] = asked.id
        said = encode({**head, "outputs": outputs})
        if not blobs:
            return Body(said)
        return Body(b"".join((said, *blobs)), OCTETS, ((HEAD_LENGTH, str(len(said))),))


def metadata(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Columns as the protocol describes tensors."""
    return [{"name": c.name, "datatype": DATATYPE[c.type], "shape": [-1]} for c in columns]


def _with(sheet: Sheet, asked: Asked) -> Sheet:
    return Sheet(sheet.form, sheet.names, sheet.count, sheet.index, sheet.cells, True, asked)


def _columns(
    tensors: Sequence[_Tensor], inputs: Sequence[Column]
) -> tuple[list[str], list[list[Any]]]:
    names = [c.name for c in inputs]
    first = tensors[0]
    if len(tensors) == 1 and len(first.shape) == 2 and first.name not in names:
        width = first.shape[1]
        if any(c.type not in ("double", "integer") for c in inputs):
            raise MalformedRequest("The inputs are not all numbers.", hint=_HINT)
        if width != len(names):
            raise MalformedRequest(
                f"The tensor {shown(first.name)} has {width:,} columns, not {len(names):,}.",
                hint=_HINT,
            )
        return names, [first.cells[at::width] for at in range(width)]
    for tensor in tensors:
        if len(tensor.shape) == 2 and tensor.shape[1] != 1:
            said = f"The tensor {shown(tensor.name)} has {tensor.shape[1]:,} columns, not one."
            raise MalformedRequest(said, hint=_HINT)
        if tensor.shape[0] != first.shape[0]:
            raise MalformedRequest(
                f"The tensor {shown(tensor.name)} has {tensor.shape[0]:,} rows, "
                f"{shown(first.name)} has {first.shape[0]:,}."
            )
    return [t.name for t in tensors], [t.cells for t in tensors]


class _Rest:
    """The bytes behind the JSON, which tensors take one after the other."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int, said: str) -> memoryview:
        """The next so many.

        Raises:
            MalformedRequest: there are not so many.
        """
        end = self._at + size
        if end > len(self._data):
            raise MalformedRequest(
                f"{said} should have {size:,} bytes, and {len(self._data) - self._at:,} follow.",
                hint=f"The header {HEAD_LENGTH} tells how many bytes of the body are JSON.",
            )
        found, self._at = self._data[self._at : end], end
        return found

    def end(self) -> None:
        """Raise MalformedRequest where some are left."""
        if self._at < len(self._data):
            raise MalformedRequest(
                f"{len(self._data) - self._at:,} bytes of the body belong to no tensor."
            )


def _tensor(raw: Any, rest: _Rest, limits: Limits) -> _Tensor:
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
        raise MalformedRequest("An input tensor has no name.", hint=_HINT)
    name, kind, said = raw["name"], raw.get("datatype"), f"The tensor {shown(raw['name'])}"
    if not isinstance(kind, str) or kind not in _INTEGERS | _FLOATS | {"BOOL", "BYTES"}:
        words = "FP64, FP32, INT8 to INT64, UINT8 to UINT64, BOOL and BYTES"
        raise MalformedRequest(f"{said} has no known datatype.", hint=f"Known are {words}.")
    shape = _shape(raw.get("shape"), said)
    if shape[0] > limits.rows:
        raise TooLarge(f"{shape[0]:,} rows are more than the {limits.rows:,} allowed here.")
    if (size := _parameters(raw).get("binary_data_size")) is not None:
        if type(size) is not int or size < 0 or "data" in raw:
            raise MalformedRequest(f"{said} has data twice, or no number of bytes.")
        taken = rest.take(size, said)
        return _Tensor(name, kind, shape, cells_of_bytes(taken, kind, math.prod(shape), said))
    cells = _flat(raw.get("data"), shape, said)
    _check_kind(cells, kind, name)
    return _Tensor(name, kind, shape, cells)


def _parameters(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    found = raw.get("parameters")
    return found if isinstance(found, dict) else {}


def _shape(raw: Any, said: str) -> tuple[int, ...]:
    good = isinstance(raw, list) and 1 <= len(raw) <= 2
    if not good or not all(type(n) is int and n >= 0 for n in raw):
        raise MalformedRequest(f"{said} has no shape [n] or [n, columns].", hint=_HINT)
    return tuple(raw)


def _flat(raw: Any, shape: tuple[int, ...], said: str) -> list[Any]:
    """The values of data that is flat, or nested exactly as the shape is."""
    if not isinstance(raw, list):
        raise MalformedRequest(f"{said} has no array of data.")
    said = f"{said} has the shape {list(shape)}, and"
    if raw and isinstance(raw[0], list):
        return _joined(raw, shape, said)
    if len(raw) != math.prod(shape):
        raise MalformedRequest(f"{said} {len(raw):,} values, not the product of its shape.")
    return raw


def _joined(rows: list[Any], shape: tuple[int, ...], said: str) -> list[Any]:
    if not all(isinstance(row, list) for row in rows):
        raise MalformedRequest(f"{said} data that is nested only in part.")
    if len(shape) == 1:
        raise MalformedRequest(f"{said} data that is nested: {len(rows):,} arrays of values.")
    if len(rows) != shape[0]:
        raise MalformedRequest(f"{said} data of {len(rows):,} rows.")
    for number, row in enumerate(rows, 1):
        if len(row) != shape[1]:
            raise MalformedRequest(f"{said} {len(row):,} values in row {number:,} of its data.")
    return [cell for row in rows for cell in row]


def _check_kind(cells: Sequence[Any], kind: str, name: str) -> None:
    """Each value is of its tensor's own kind; whether that is the column's, the contract says."""
    kinds: set[type] = {int} if kind in _INTEGERS else {int, float} if kind in _FLOATS else {str}
    if kind == "BOOL":
        kinds = {bool}
    for row, cell in enumerate(cells, 1):
        if cell is None or type(cell) in kinds or (cell == "NA" and kind != "BYTES"):
            continue
        if kind in _FLOATS and isinstance(cell, str) and cell in _TEXTS_OF_FLOATS:
            continue
        raise TypeMismatch(f"Value {row:,} of the tensor {shown(name)} is not {kind}.")


def _id(raw: Any) -> str | None:
    if raw is not None and (not isinstance(raw, str) or len(raw) > 1024):
        raise MalformedRequest("The id of a request is a text of at most 1,024 characters.")
    return raw


def _asked(found: Mapping[str, Any]) -> Asked:
    wanted = _wanted(found)
    binary = {}
    for output in found["outputs"] if wanted else ():
        given = _parameters(output).get("binary_data")
        if given is not None:
            binary[output["name"]] = given is True
    all_binary = _parameters(found).get("binary_data_output") is True
    return Asked(_id(found.get("id")), wanted, binary, all_binary)


def _wanted(found: Mapping[str, Any]) -> tuple[str, ...] | None:
    raw = found.get("outputs")
    if raw is None or raw == []:
        return None
    if not isinstance(raw, list) or not all(
        isinstance(o, dict) and isinstance(o.get("name"), str) for o in raw
    ):
        raise MalformedRequest("outputs is not an array of objects with a name.")
    names = tuple(o["name"] for o in raw)
    if len(set(names)) != len(names):
        raise DuplicateColumn("One output is asked for twice.")
    return names


def _is(name: str, names: Sequence[str]) -> bool:
    if name not in names:
        raise InvalidValue(
            f"There is no output {shown(name)}.", hint=f"Outputs are {', '.join(names)}."
        )
    return True


def _output(table: pa.Table, name: str, blobs: list[bytes] | None) -> dict[str, Any]:
    """An output's tensor; with ``blobs`` its values go there, as bytes."""
    column = table.column(name)
    datatype = _datatype(column.type)
    if datatype in _WITHOUT_MISSING and column.null_count:
        raise InvalidValue(
            f"The output {shown(name)} has missing values, and a tensor of {datatype} has no form "
            "for them.",
            hint="Ask /predict, which answers null.",
        )
    tensor = {"name": name, "datatype": datatype, "shape": [table.num_rows]}
    cells = cells_of(column)
    if blobs is None:
        return {**tensor, "data": cells}
    blobs.append(bytes_of_column(column, cells, f"The output {shown(name)}"))
    return {**tensor, "parameters": {"binary_data_size": len(blobs[-1])}}


def _datatype(kind: pa.DataType) -> str:
    if pa.types.is_floating(kind):
        return "FP64"
    if pa.types.is_integer(kind):
        return "INT32"
    return "BOOL" if pa.types.is_boolean(kind) else "BYTES"
