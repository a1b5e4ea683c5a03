"""The log of a host: a file of bounded size, in which all that its process says ends up."""

from __future__ import annotations

import logging
import logging.handlers
import os
import time
from io import TextIOWrapper
from pathlib import Path

_LOG_BYTES = 8 * 2**20


class HostLog(logging.handlers.RotatingFileHandler):
    """The host's log, in which all that it and its workers say on stderr lands too."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        for said in (1, 2):
            os.dup2(stream.fileno(), said)
        return stream


def log_to(file: Path, most_bytes: int = _LOG_BYTES) -> None:
    """Send every message to ``file``; at most so many bytes of it, and as many again, are kept."""
    handler = HostLog(file, maxBytes=most_bytes, backupCount=1, encoding="utf-8")
    form = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # What they say at INFO the host says better.
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
