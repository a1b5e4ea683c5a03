"""Character columns of a serialised frame, read into Arrow strings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from modelyard.contract.missing import is_na
from modelyard.errors import Detail, InvalidValue, MalformedRequest, TooLarge
from modelyard.runtime.r.codes import INTEGER, NA_INTEGER, REAL
from modelyard.runtime.r.serialized import Deferred, Node, Texts, Walker

_UNMARKED = frozenset({"UTF-8", "utf8", "UTF8", "ASCII", "ANSI_X3.4-1968", "US-ASCII"})
"""Native encodings under which text without a mark may be read as UTF-8."""
_R_4_3 = 0x00040300


def texts(
    name: str, node: Node, walker: Walker, numbers: Callable[[Node], np.ndarray]
) -> pa.StringArray:
    """A character vector as strings; ``numbers`` spells out those that R had yet to print.

    Raises:
        InvalidValue: for text that is not UTF-8, naming the row.
    """
    if isinstance(node.data, Deferred):
        return _printed(name, node.data, walker.r_version, numbers)
    found: Texts = node.data
    values = list(found.values)
    if found.raw_bytes:
        _refuse(name, found.raw_bytes[0], "is marked as bytes, not as text")
    if found.native and walker.encoding not in _UNMARKED:
        _refuse(name, found.native[0], f"is in the encoding {walker.encoding}, not UTF-8")
    for row in found.latin1:
        # R itself takes what it calls latin1 for Windows-1252.
        try:
            values[row] = (values[row] or b"").decode("cp1252").encode()
        except UnicodeDecodeError:
            _refuse(name, row, "is not latin1")
    sizes = np.fromiter((len(v) if v else 0 for v in values), np.int64, len(values))
    data = b"".join([v for v in values if v])
    if b"\0" in data:
        row = next(i for i, v in enumerate(values) if v and b"\0" in v)
        _refuse(name, row, "has a NUL character")
    missing = np.fromiter((v is None for v in values), np.bool_, len(values))
    return _strings(name, data, np.concatenate(([0], np.cumsum(sizes))), missing)


def packed_texts(name: str, node: Node) -> pa.StringArray:
    """Text packed as UTF-8 values each ended by NUL, with ``n`` and the positions of ``na``.

    Raises:
        MalformedRequest: when they do not agree.
        InvalidValue: for text that is not UTF-8, naming the row.
    """
    data = np.frombuffer(node.data, np.uint8)
    ends = np.flatnonzero(data == 0)
    count, na = _whole(node.attributes.get("n")), _whole(node.attributes.get("na"))
    if len(count) != 1 or len(ends) != count[0] or (len(data) and data[-1] != 0):
        raise MalformedRequest(f"Column {name} is packed text whose count does not agree.")
    if len(na) and (na.min() < 1 or na.max() > len(ends)):
        raise MalformedRequest(f"Column {name} is packed text with NA outside its rows.")
    missing = np.zeros(len(ends), np.bool_)
    missing[na - 1] = True
    offsets = np.concatenate(([0], ends - np.arange(len(ends))))
    return _strings(name, data[data != 0].tobytes(), offsets, missing)


def _whole(node: Node | None) -> np.ndarray:
    """The whole numbers of an attribute, or nothing when it has other values."""
    if node is None or node.kind not in (INTEGER, REAL) or not isinstance(node.data, np.ndarray):
        return np.empty(0, np.int64)
    if node.kind == REAL and not (np.abs(node.data) < 2**53).all():
        return np.empty(0, np.int64)
    return node.data.astype(np.int64)


def _strings(name: str, data: bytes, offsets: np.ndarray, missing: np.ndarray) -> pa.StringArray:
    if offsets[-1] >= 2**31:
        raise TooLarge(f"Column {name} holds more than 2 GiB of text.")
    mask = None
    if missing.any():
        mask = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    buffers = [mask, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    found = pa.StringArray.from_buffers(len(missing), *buffers[1:], buffers[0])
    try:
        found.validate(full=True)
    except pa.ArrowInvalid:
        for row in range(len(missing)):
            try:
                data[offsets[row] : offsets[row + 1]].decode()
            except UnicodeDecodeError:
                _refuse(name, row, "is not UTF-8")
        raise
    return found


def _refuse(name: str, row: int, what: str) -> None:
    raise InvalidValue(
        f"Column {name}, row {row + 1}: the text {what}.",
        hint="enc2utf8() brings text to UTF-8.",
        details=[Detail(f"the text {what}", name, row + 1)],
    )


def _printed(
    name: str, deferred: Deferred, r_version: int, numbers: Callable[[Node], np.ndarray]
) -> pa.StringArray:
    """What ``as.character()`` gives for numbers, which R puts off until someone looks."""
    values = numbers(deferred.numbers)
    if deferred.numbers.kind == INTEGER:
        printed = [None if v == NA_INTEGER else str(v) for v in values.tolist()]
        return pa.array(printed, pa.string())
    out: list[str | None] = []
    na = is_na(values)
    for row, value in enumerate(values.tolist()):
        if r_version >= _R_4_3 and not (value == 0 or 1e-4 <= abs(value) < 1e15):
            _refuse(name, row, "is a number R has yet to print, as this version of R would")
        out.append(None if na is not None and na[row] else r_number(value, deferred.scipen))
    return pa.array(out, pa.string())


def r_number(value: float, scipen: int = 0) -> str:
    """A double as R 4.2's ``as.character()`` prints it: 15 digits at most, no more than needed.

    >>> r_number(100000.0), r_number(123456.0), r_number(0.1)
    ('1e+05', '123456', '0.1')
    """
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Inf" if value > 0 else "-Inf"
    mantissa, _, exponent = f"{value:.14e}".partition("e")
    power = int(exponent)
    digits = max(len(mantissa.lstrip("-").replace(".", "").rstrip("0")), 1)
    decimals = max(0, digits - power - 1)
    fixed = max(power + 1, 1) + (decimals + 1 if decimals else 0)
    scientific = (digits + 1 if digits > 1 else 1) + (5 if abs(power) >= 100 else 4)
    if value == 0:
        return "0"
    if fixed <= scientific + scipen:
        return f"{value:.{decimals}f}"
    return f"{value:.{digits - 1}e}"
