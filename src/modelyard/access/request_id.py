"""The id under which a request is logged and answered: the caller's own, or a new one."""

from __future__ import annotations

import re
import uuid
from itertools import count

_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OURS = uuid.uuid4().hex[:20]
_numbers = count(1)


def request_id_of(header: str | None) -> str:
    """What the header ``x-request-id`` says, where that can stand in a log; else a new id.

    >>> request_id_of("job-7")
    'job-7'
    """
    if header is not None and _FORM.fullmatch(header):
        return header
    return f"{_OURS}{next(_numbers):012x}"  # this process's own, and a number
