"""R's serialised form put together by hand, big-endian, format 3."""

from __future__ import annotations

import struct

NIL, GLOBAL, UNBOUND, MISSING, BASE_NAMESPACE = 254, 253, 252, 251, 250
TAGGED = 0x400


def xdr(*parts: int | float | bytes) -> bytes:
    packed = b""
    for part in parts:
        if isinstance(part, bytes):
            packed += part
        else:
            packed += struct.pack(">d" if isinstance(part, float) else ">i", part)
    return packed


def chars(text: bytes) -> bytes:
    return xdr(0x40009, len(text), text)


def symbol(name: bytes) -> bytes:
    return xdr(1, chars(name))


def strings(*values: bytes) -> bytes:
    return xdr(16, len(values), *map(chars, values))


def vector(*items: bytes) -> bytes:
    return xdr(19, len(items), *items)


def call(function: bytes, *arguments: bytes) -> bytes:
    return xdr(6, symbol(function), *(xdr(2, a) for a in arguments), NIL)


def pairlist(**values: bytes) -> bytes:
    return xdr(*(xdr(2 | TAGGED, symbol(n.encode()), v) for n, v in values.items()), NIL)


def environment(frame: bytes, around: int = GLOBAL) -> bytes:
    return xdr(4, 0, around, frame, NIL, NIL)


def promise(expression: bytes, value: bytes = xdr(UNBOUND)) -> bytes:
    return xdr(5 | TAGGED, GLOBAL, value, expression)


def closure(body: bytes, around: int = GLOBAL) -> bytes:
    return xdr(3 | TAGGED, around, NIL, body)


def altrep(name: bytes, state: bytes, package: bytes = b"base") -> bytes:
    info = xdr(2, symbol(name), 2, symbol(package), 2, xdr(13, 1, 13), NIL)
    return xdr(238, info, state, NIL)


def sequence(length: float) -> bytes:
    return altrep(b"compact_intseq", xdr(14, 3, length, 1.0, 1.0))


def file_of(value: bytes, r_version: int = 0x40202) -> bytes:
    return b"X\n" + xdr(3, r_version, 0x30500, 5, b"UTF-8") + value
