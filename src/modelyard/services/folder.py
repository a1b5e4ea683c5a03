"""A service's folder in the home: what its host is told, what it says, and its lock and log.

``services/<id>/`` holds ``spec.json`` (the wish, written by the server), ``host.json`` (what the
host process says of itself), ``host.lock`` (held by it as long as it lives), ``host.log`` and
``requests.log``. Both JSON files are written beside and renamed, so a reader sees all of one or
none.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from modelyard.errors import ModelyardError
from modelyard.home import write_private
from modelyard.services.types import HostState, ServiceSpec

_ID = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class HostFile:
    """What ``host.json`` says: which process, where it answers, and how it is.

    ``started`` tells the process from a later one with the same ``pid``. ``final`` says that
    another try cannot go better. ``generation`` is that of the wish it serves. ``isolation`` is how
    well its workers are shut in, once there is one. ``refused`` is the generation of a later wish
    that it found to be no good; ``code`` is the version of Modelyard that it runs. ``version``
    is the version of the model that answers, as the alias said at ``followed``, a time of the
    machine's monotonic clock.
    """

    pid: int
    started: str
    generation: int
    state: HostState
    cause: str | None = None
    final: bool = False
    port: int = 0
    url: str | None = None
    isolation: str | None = None
    refused: int = 0
    code: str = ""
    version: str = ""
    followed: float = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return self.started == started(self.pid)


def started(pid: int) -> str | None:
    """When process ``pid`` began: the boot and the clock ticks since; None if there is none.

    A process that has ended but was not yet waited for counts as none.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    # The second field is the command in parentheses and may hold anything, so count from its end.
    after = stat.rpartition(")")[2].split()
    state, ticks = after[0], after[19]
    return None if state in "ZX" else f"{boot}:{ticks}"


@dataclass(frozen=True, slots=True)
class Folder:
    """One service's folder."""

    path: Path

    @property
    def spec_file(self) -> Path:
        """The wish."""
        return self.path / "spec.json"

    @property
    def host_file(self) -> Path:
        """What the host says of itself."""
        return self.path / "host.json"

    @property
    def log_file(self) -> Path:
        """The host's log."""
        return self.path / "host.log"

    @property
    def requests_file(self) -> Path:
        """The log of its requests."""
        return self.path / "requests.log"

    @property
    def log_files(self) -> tuple[Path, Path]:
        """What tells what has happened."""
        return self.log_file, self.requests_file

    def create(self) -> None:
        """Make it, readable by its owner only."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove it and all in it; one that is not there is fine."""
        shutil.rmtree(self.path, ignore_errors=True)

    def write_spec(self, spec: ServiceSpec) -> None:
        """Write the wish."""
        write_private(self.spec_file, json.dumps(spec.to_dict(), indent=1))

    def read_spec(self) -> ServiceSpec:
        """Read the wish; an ``OSError`` or ``ValueError`` when there is none that can be read."""
        return _spec_in(self.spec_file)

    def write_good(self, spec: ServiceSpec) -> None:
        """Keep a wish that was found to be good, for the time when a later one is not."""
        write_private(self.path / "good.json", json.dumps(spec.to_dict(), indent=1))

    def read_good(self) -> ServiceSpec | None:
        """The last wish that was good, if there was one."""
        try:
            return _spec_in(self.path / "good.json")
        except (OSError, ValueError):
            return None

    def write_dropped(self, dropped: int) -> None:
        """Keep how many requests its logs had no room for."""
        write_private(self.path / "dropped", str(dropped))

    def read_dropped(self) -> int:
        """How many requests the logs of the last host had no room for."""
        try:
            return int((self.path / "dropped").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0

    def write_host(self, host: HostFile) -> None:
        """Write what the host says of itself."""
        write_private(self.host_file, json.dumps(asdict(host), indent=1))

    def read_host(self) -> HostFile | None:
        """What the last host said; None when none ever did or the file cannot be read."""
        try:
            return msgspec.json.decode(self.host_file.read_bytes(), type=HostFile)
        except (OSError, ValueError, msgspec.DecodeError):
            return None

    def lock(self) -> int | None:
        """Take the lock for the life of this process; None when another process has it."""
        fd = os.open(self.path / "host.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    @property
    def is_held(self) -> bool:
        """Whether some process holds the lock."""
        if not self.path.is_dir():
            return False
        fd = self.lock()
        if fd is None:
            return True
        os.close(fd)
        return False


def _spec_in(file: Path) -> ServiceSpec:
    try:
        return ServiceSpec.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError, ModelyardError) as e:
        raise ValueError(f"{file.name} holds no wish") from e


def folder(home: Path, service_id: str) -> Folder:
    """The folder of a service, which may not exist yet."""
    return Folder(home / "services" / service_id)


def folders(home: Path) -> Iterator[tuple[str, Folder]]:
    """Every service's folder in this home, with the service's id."""
    root = home / "services"
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if _ID.fullmatch(path.name):
            yield path.name, Folder(path)
