"""The id under which a request is logged and answered: the caller's own, or a new one."""

from __future__ import annotations

import re
import uuid

_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def request_id_of(header: str | None) -> str:
    """What the header ``x-request-id`` says, where that can stand in a log; else a new id.

    >>> request_id_of("job-7")
    'job-7'
    """
    return header if header is not None and _FORM.fullmatch(header) else uuid.uuid4().hex
