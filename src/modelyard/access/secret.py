"""How a token's text is made and read.

``my_<type>_<8-character id>_<43-character secret><6-character checksum>``: the prefix and the
checksum let scanners for leaked secrets find it, and tell a mistyped token from a wrong one
without a look-up. The secret is 256 random bits; letters and digits only, so that a double
click selects all of it but the underscores.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass

from modelyard.access.types import Role

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID, _SECRET, _CHECKSUM = 8, 43, 6


@dataclass(frozen=True, slots=True)
class Secret:
    """A token's text in its parts; ``sha256`` is what is kept of the secret."""

    text: str
    id: str
    sha256: str

    def __repr__(self) -> str:
        return f"Secret({self.id}, <secret>)"


def new_secret(role: Role) -> Secret:
    """A new token's text, from the system's source of randomness."""
    identity = "".join(secrets.choice(_ALPHABET) for _ in range(_ID))
    secret = _base62(secrets.randbits(256), _SECRET)
    head = f"my_{role}_{identity}_{secret}"
    return Secret(head + _checksum(head), identity, _sha256(secret))


def read_secret(text: str) -> Secret | None:
    """The parts of a token's text; None when it is not one."""
    parts = text.split("_")
    if len(parts) != 4 or parts[0] != "my" or not text.isascii():
        return None
    identity, tail = parts[2], parts[3]
    if len(identity) != _ID or len(tail) != _SECRET + _CHECKSUM:
        return None
    if _checksum(text[:-_CHECKSUM]) != tail[_SECRET:]:
        return None
    return Secret(text, identity, _sha256(tail[:_SECRET]))


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
