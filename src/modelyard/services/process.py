"""Host processes: start one, and signal the very one that was meant."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import fields

from modelyard.services.folder import Folder, started
from modelyard.settings import Settings

COMMAND = (sys.executable, "-P", "-m", "modelyard.services.host")
"""How a host is run; the path of its ``spec.json`` follows."""

_NOT_FOR_HOSTS = frozenset({"MODELYARD_FAULT", "MODELYARD_TOKEN", "MODELYARD_URL"})


def spawn(
    folder: Folder, settings: Settings, command: tuple[str, ...] = COMMAND
) -> subprocess.Popen[bytes]:
    """Start a host in a session of its own, so that it outlives this process and its terminal."""
    log = os.open(folder.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [*command, str(folder.spec_file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment(settings),
            start_new_session=True,
        )
    finally:
        os.close(log)


def environment(settings: Settings, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which :func:`~modelyard.settings.read_settings` gives ``settings``."""
    base = os.environ if base is None else base
    given = {k: v for k, v in base.items() if k not in _NOT_FOR_HOSTS}
    for field in fields(Settings):
        value = getattr(settings, field.name)
        given[f"MODELYARD_{field.name.upper()}"] = (
            repr(value) if isinstance(value, float) else str(value)
        )
    return given


def send(pid: int, began: str, number: signal.Signals) -> None:
    """Signal the process ``pid`` that began at ``began``; nothing if it is gone."""
    with suppress(ProcessLookupError), closing(_PidFd(pid)) as process:
        # The descriptor names one process for good, so what is checked is what is signalled.
        if started(pid) == began:
            signal.pidfd_send_signal(process.fd, number)


class _PidFd:
    def __init__(self, pid: int) -> None:
        self.fd = os.pidfd_open(pid)

    def close(self) -> None:
        os.close(self.fd)


def ending(code: int) -> str:
    """How a process ended, in words, from ``Popen.returncode``.

    >>> ending(-9)
    'was killed by SIGKILL'
    """
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with status {code}"
