"""The page on which a service is tried: one file, which loads nothing and sends only here."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

PAGE = (Path(__file__).parent / "try_it.html").read_bytes()


def _hash(tag: str) -> str:
    """The one script or style of the page, as its policy allows it."""
    found = re.search(rf"<{tag}>(.*?)</{tag}>".encode(), PAGE, re.DOTALL)
    assert found is not None
    return base64.b64encode(hashlib.sha256(found[1]).digest()).decode()


POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'sha256-{_hash('script')}'",
        f"style-src 'sha256-{_hash('style')}'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
