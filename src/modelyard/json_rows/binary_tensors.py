"""Values of tensors as bytes, as the Open Inference Protocol's binary extension sends them: numbers
little-endian one behind the other, BOOL a byte each, BYTES each with its length before it.

R's NA is one NaN among the others, here as in R: a missing value of a tensor of FP64.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from modelyard.contract.missing import NA_REAL_BITS, is_na
from modelyard.errors import InvalidValue, MalformedRequest

_LENGTH = struct.Struct("<I")
_DTYPES = {
    "FP64": "<f8",
    "FP32": "<f4",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
}


def cells_of_bytes(data: memoryview, datatype: str, count: int, said: str) -> list[Any]:
    """``count`` values, as the cells that JSON would have; ``said`` names the tensor in an error.

    Raises:
        MalformedRequest: the bytes are no such values, or more or fewer.
    """
    if datatype == "BYTES":
        return _texts(data, count, said)
    dtype = np.dtype(_DTYPES.get(datatype, "u1"))
    if len(data) != count * dtype.itemsize:
        raise MalformedRequest(f"{said} has {len(data):,} bytes, not {count * dtype.itemsize:,}.")
    values = np.frombuffer(data, dtype)
    if datatype == "BOOL":
        if (values > 1).any():
            raise MalformedRequest(f"{said} has bytes that are neither 0 nor 1.")
        return [bool(v) for v in values.tolist()]
    cells: list[Any] = values.tolist()
    if dtype.kind == "f" and not np.isfinite(values).all():
        missing = is_na(values) if datatype == "FP64" else None
        absent = [False] * count if missing is None else missing.tolist()
        cells = [None if a else _cell(v) for v, a in zip(cells, absent, strict=True)]
    return cells


def _cell(value: float) -> Any:
    if value - value == 0.0:
        return value
    return "NaN" if value != value else "Inf" if value > 0 else "-Inf"


def _texts(data: memoryview, count: int, said: str) -> list[str]:
    found: list[str] = []
    at = 0
    try:
        while at < len(data) and len(found) <= count:
            (length,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size + length
            if at > len(data):
                raise MalformedRequest(f"{said} ends within a text.")
            found.append(bytes(data[at - length : at]).decode())
    except struct.error:
        raise MalformedRequest(f"{said} ends within a length.") from None
    except UnicodeDecodeError:
        raise MalformedRequest(f"{said} has a text that is not UTF-8.") from None
    if len(found) != count:
        more = "more" if len(found) > count else f"{len(found):,}"
        raise MalformedRequest(f"{said} has {more} texts, not {count:,}.")
    return found


def bytes_of_column(column: pa.ChunkedArray, cells: Sequence[Any], said: str) -> bytes:
    """The values of an output; ``cells`` are the same as JSON has them.

    Raises:
        InvalidValue: a text is missing, which has no form here.
    """
    kind = column.type
    if pa.types.is_floating(kind):
        bits = column.fill_null(0.0).to_numpy().astype("<f8").view("<u8")
        bits = np.where(column.is_null().to_numpy(), NA_REAL_BITS, bits)
        return bytes(bits.astype("<u8").data)
    if pa.types.is_integer(kind):
        return bytes(column.to_numpy().astype("<i4").data)
    if pa.types.is_boolean(kind):
        return bytes(cells)
    if None in cells:
        raise InvalidValue(
            f"{said} has missing values, and binary BYTES have no form for them.",
            hint="Ask for this output as JSON (binary_data false).",
        )
    texts = [str(cell).encode() for cell in cells]
    return b"".join(part for text in texts for part in (_LENGTH.pack(len(text)), text))
