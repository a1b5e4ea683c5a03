"""Damaged and hostile files, made from a seed: mutations of a corpus, splices, and grammar."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.runtime.r.xdr import (
    TAGGED,
    altrep,
    call,
    chars,
    closure,
    environment,
    file_of,
    pairlist,
    promise,
    sequence,
    strings,
    symbol,
    vector,
    xdr,
)

WORDS = (
    -1, -2, 0, 1, 2, 3, 4, 5, 6, 9, 13, 14, 16, 17, 19, 21, 22, 25, 238, 239, 240, 241, 243, 244,
    247, 249, 251, 252, 253, 254, 255, 0x1FF, 0x20E, 0x213, 0x402, 0x405, 0x8402, 2**20, 2**31 - 1,
    -(2**31),
)  # fmt: skip
"""Types, flags and lengths that mean something at most places."""


def mutated(rng: random.Random, corpus: Sequence[bytes]) -> bytes:
    """A file of the corpus with a few bytes changed, dropped, doubled, or taken from another."""
    raw = bytearray(rng.choice(corpus))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at, what = rng.randrange(len(raw)), rng.random()
        if what < 0.3:
            raw[at] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        elif what < 0.6:
            at &= ~3
            raw[at : at + 4] = xdr(rng.choice(WORDS))
        elif what < 0.7:
            del raw[at : at + rng.randrange(1, 9)]
        elif what < 0.85:
            other = rng.choice(corpus)
            start = rng.randrange(len(other))
            raw[at:at] = other[start : start + rng.randrange(1, 400)]
        elif what < 0.9:
            raw[at] ^= 1 << rng.randrange(8)
        else:
            del raw[at:]
        raw = raw or bytearray(b"X")
    packed = bytes(raw)
    return gzip.compress(packed, 1) if rng.random() < 0.05 else packed


def spoiled(rng: random.Random, stored: bytes) -> bytes:
    """A compressed file with a few bytes changed."""
    raw = bytearray(stored)
    for _ in range(rng.choice((1, 2))):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(raw)


def grown(rng: random.Random) -> bytes:
    """A file whose every part has the form of R's, in places R may or may not put them."""
    return file_of(_value(rng, 5))


def _value(rng: random.Random, depth: int) -> bytes:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(_LEAVES)(rng)
    return rng.choice(_INNER)(rng, lambda: _value(rng, depth - 1))


Within = Callable[[], bytes]


def _some(rng: random.Random, within: Within) -> list[bytes]:
    return [within() for _ in range(rng.randrange(4))]


def _listed(rng: random.Random, within: Within) -> bytes:
    items = _some(rng, within)
    if rng.random() < 0.5:
        return vector(*items)
    names = strings(*(b"n%d" % i for i in range(rng.randrange(5))))
    return xdr(
        0x213, len(items), *items, pairlist(names=names, **{"class": strings(b"data.frame")})
    )


def _compiled(rng: random.Random, within: Within) -> bytes:
    constants = [
        rng.choice(
            (
                xdr(14) + xdr(14, 1, 1.0),
                xdr(6, 254, 14, 14, 1, 2.0, 254, 254),
                xdr(244, 0, 6, 254, 254, 254, 254, 254),
                xdr(243, rng.randrange(-1, 3)),
                xdr(19) + within(),
                xdr(21, 13, 1, 1, 0),
            )
        )
        for _ in range(rng.randrange(4))
    ]
    return xdr(21, rng.randrange(3), 13, 1, 1, len(constants), *constants)


_LEAVES: list[Callable[[random.Random], bytes]] = [
    lambda rng: xdr(rng.choice((254, 253, 252, 251, 242, 241, 250))),
    lambda rng: xdr(14, 2, rng.random(), 2.0),
    lambda rng: xdr(13, rng.choice((0, 1, -1, 3)), 1),
    lambda rng: strings(*[b"a", b"names", b"\xff"][: rng.randrange(4)]),
    lambda rng: symbol(rng.choice((b"x", b"call", b"system", b"~"))),
    lambda rng: xdr(rng.randrange(4) << 8 | 255),
    lambda rng: sequence(rng.choice((3.0, 2.0**20, 2.0**60, -1.0, float("nan")))),
    lambda rng: xdr(249, 0, 1, chars(b"stats")),
    lambda rng: xdr(rng.choice((7, 8)), 3, b"exp"),
    lambda rng: xdr(rng.choice(WORDS)),
]
_INNER: list[Callable[[random.Random, Within], bytes]] = [
    _listed,
    _listed,
    _compiled,
    lambda rng, within: pairlist(a=within(), b=within()),
    lambda rng, within: call(rng.choice((b"log", b"system", b"~")), *_some(rng, within)),
    lambda rng, within: environment(pairlist(a=within())),
    lambda rng, within: environment(pairlist(a=promise(within(), within()))),
    lambda rng, within: promise(within()),
    lambda rng, within: closure(within()),
    lambda rng, within: xdr(4, 0, within(), 254, xdr(19, 1, pairlist(a=within())), 254),
    lambda rng, within: xdr(2 | TAGGED, symbol(b"..."), 17, within(), within()),
    lambda rng, within: altrep(b"wrap_real", xdr(2, within(), within())),
    lambda rng, within: altrep(b"deferred_string", pairlist(a=within())),
    lambda rng, within: xdr(0x219, pairlist(slot=within())),
    lambda rng, within: xdr(22, within(), within()),
    lambda rng, within: xdr(0x20E, 1, 1.0, pairlist(dim=within(), a=within())),
]


def hostile() -> Iterator[bytes]:
    """Files made to take long, or much memory."""
    yield file_of(xdr(19, 1) * 1_000_000 + xdr(254))
    yield file_of(xdr(2, 254) * 1_000_000)
    yield file_of(xdr(6, 6) * 100_000)
    yield file_of(xdr(0x213, 0, 0x402) * 100_000)
    yield file_of(xdr(4, 0) * 200_000)
    yield file_of(xdr(3 | TAGGED) * 200_000)
    yield file_of(xdr(5 | TAGGED) * 200_000)
    yield file_of(xdr(21, 0, 13, 1, 1, 1) * 100_000)
    yield file_of(xdr(21, 1, 13, 1, 1, 1) + xdr(244, 0, 6, 254) * 100_000)
    yield file_of(xdr(238, 2) * 100_000)
    yield file_of(xdr(22) * 300_000)
    yield file_of(xdr(19, 2**31 - 1) + xdr(254) * 100_000)
    yield file_of(xdr(19, 50_000, *[symbol(b"a")] * 50_000))
    yield file_of(environment(pairlist(a=strings(*[b"x"] * 50_000))))
    yield file_of(vector(symbol(b"a"), *[xdr(1 << 8 | 255)] * 200_000))
    yield file_of(vector(*[sequence(2.0**60)] * 100))
    yield file_of(xdr(14, -1, 65536, 0))
    yield file_of(xdr(16, 2**31 - 1))
    yield file_of(xdr(1, 0x40009, 2**31 - 1, b"x" * 100))
    yield file_of(call(b"f", *[call(b"g")] * 5_000))
    for start in (lambda: zlib.compressobj(1, wbits=31), bz2.BZ2Compressor, lzma_compressor):
        yield bomb(start(), 2**27)
        yield gzip.compress(bomb(start(), 2**24))


def lzma_compressor() -> lzma.LZMACompressor:
    return lzma.LZMACompressor(preset=0)


def bomb(compressor: Any, size: int) -> bytes:
    """A raw vector of zeros, compressed without ever being whole."""
    piece = bytes(2**20)
    parts = [compressor.compress(file_of(xdr(24, size)))]
    parts += [compressor.compress(piece) for _ in range(size // len(piece))]
    return b"".join([*parts, compressor.flush()])
