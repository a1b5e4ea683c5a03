"""Libraries by environment: made beside, switched to in one step, found again by key.

::

    <key>.json       which build is the environment's, and what is in it, with digests
    <key>.lock       held while one is made
    builds/<key>-…   a library of R; one that no .json names is nobody's

``key`` is the environment's digest and the series of R the packages were built with. A build is
never changed once named, and not deleted while it is, nor soon after: R reads a package's files
when it needs them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from modelyard.compute.local import RInstallation, find_r
from modelyard.environments.described import installed
from modelyard.environments.install import install
from modelyard.environments.plan import plan, wanted_here
from modelyard.environments.repository import Repositories, Source
from modelyard.errors import InvalidValue, Overloaded
from modelyard.faults import fault_point
from modelyard.home import write_private
from modelyard.runtime.environment import Environment, Package, r_series
from modelyard.settings import Settings

log = logging.getLogger(__name__)

POLICIES = ("never", "on_deploy", "always")
_DIGEST = 32
"""So much of an environment's digest begins its key."""

_LOCK_PAUSE_S = 0.1
_NOTED_S = 3600.0
"""That a library is used is noted once in so long: more would have others read its record anew."""

_whole: set[Path] = set()
"""Builds whose every byte was found to be what it was, by this process."""

_MOST_REMEMBERED = 512
_found: dict[tuple[str, int], tuple[Environment, Path, int, Path | None]] = {}
"""Of environments asked for before: the file that names the build, when it was written, and it."""


def default_root(home: Path) -> Path:
    """Where libraries are when no setting says so.

    Workers of root have user ids of their own and may not look into the home.
    """
    if os.geteuid() != 0:
        return home / "environments"
    own = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return Path("/var/lib/modelyard/environments") / own


@dataclass(frozen=True, slots=True)
class Libraries:
    """The libraries of an account, and how to make one."""

    root: Path
    r_home: str
    r_libs: str
    repositories: str
    policy: str
    deadline_s: float

    @classmethod
    def of(cls, settings: Settings) -> Libraries:
        """Those of these settings.

        Raises:
            InvalidValue: ``provision`` is no word for it, or a repository has no good address.
        """
        if settings.provision not in POLICIES:
            raise InvalidValue(f"provision is one of {', '.join(POLICIES)}.")
        Repositories.parse(settings.r_repositories)
        root = Path(settings.environments) if settings.environments else default_root(settings.home)
        return cls(
            root,
            settings.r_home,
            settings.r_libs,
            settings.r_repositories,
            settings.provision,
            settings.provision_deadline_s,
        )

    @property
    def r(self) -> RInstallation:
        """The R of the workers."""
        return find_r(self.r_home)

    def here(self, name: str) -> Package | None:
        """The package as workers find it without a library of their own."""
        folders = f"{self.r_libs}:{self.r.libs}".split(":")
        return installed([Path(f) for f in folders if f], name)

    def find(self, environment: Environment | None) -> Path | None:
        """The library that was made for this environment, or None; whole, or it is none."""
        if environment is None or not environment.packages or not self.root.is_dir():
            return None
        asked = (str(self.root), id(environment))
        known = _found.get(asked)
        if known is not None and known[0] is environment and _written(known[1]) == known[2]:
            return known[3]
        file = self._file(environment)
        _note_use(file)
        written = _written(file)
        record = self.record(environment) if environment.added else None
        found = None if record is None else self._whole_build(record)
        if len(_found) >= _MOST_REMEMBERED:
            _found.clear()
        _found[asked] = (environment, file, written, found)
        return found

    def record(self, environment: Environment) -> dict[str, Any] | None:
        """What is known of its library: the build, and its packages with their digests."""
        try:
            raw = json.loads(self._file(environment).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return raw if isinstance(raw, dict) and "build" in raw else None

    def provision(self, environment: Environment) -> Path | None:
        """Make the library of this environment, or find it made; None when it needs none.

        It gets what is not here in the version recorded, and what that needs.

        Raises:
            InvalidValue: no repositories are configured.
            MissingPackage: naming what cannot be got or installed; nothing is changed then.
            Overloaded: another process is at it and was not done in time.
            Unavailable: a repository cannot be reached.
        """
        if (found := self.find(environment)) is not None:
            return found
        if not wanted_here(environment.added, self.here):
            return None
        if not self.repositories.strip():
            raise InvalidValue(
                "No repositories are configured to provision packages from.",
                hint="Set r_repositories to addresses as R's options(repos) has them.",
            )
        self.root.mkdir(parents=True, exist_ok=True, mode=0o755)
        with self._lock(environment):
            if (found := self.find(environment)) is not None:
                return found
            return self._make(environment)

    def adopt(self, environment: Environment, made_for: Environment) -> None:
        """Use for ``environment`` the library that was made for another one as well."""
        record = self.record(made_for)
        if record is not None and environment.added and self.record(environment) is None:
            write_private(self._file(environment), json.dumps(record, indent=1))

    def sweep(self, kept: Iterable[str], older_than_s: float) -> int:
        """Delete builds that nobody names any more, for so long; how many there were.

        First, libraries that none of the environments in ``kept``, their digests, has, and that
        were not used for so long, lose their name. Workers may still have them for a while.
        """
        self._unname({digest[:_DIGEST] for digest in kept}, older_than_s)
        named = set(self._named().values())
        swept = 0
        for build in self._builds():
            with self._unless_busy(build.name.rpartition("-")[0]) as free:
                if free and build.name not in named and _age_s(build) >= older_than_s:
                    shutil.rmtree(build, ignore_errors=True)
                    swept += 1
        return swept

    def _unname(self, kept: Set[str], older_than_s: float) -> None:
        named = self._named()
        used = {build for file, build in named.items() if file.name[:_DIGEST] in kept}
        for file, build in named.items():
            with self._unless_busy(file.stem) as free:
                if free and build not in used and _age_s(file) >= older_than_s:
                    log.info("no version has the library %s any more", build)
                    with suppress(FileNotFoundError):
                        os.utime(self.root / "builds" / build)
                    file.unlink(missing_ok=True)

    def _make(self, environment: Environment) -> Path:
        key = self._key(environment)
        named = self._named()
        for left in self._builds():
            # The lock is ours: what has this key and no name is of a process that was killed.
            if left.name.startswith(f"{key}-") and left.name not in named.values():
                shutil.rmtree(left, ignore_errors=True)
        build = self.root / "builds" / f"{key}-{uuid4().hex[:12]}"
        work = build / "work"
        library = build / "library"
        try:
            work.mkdir(parents=True, mode=0o755)
            library.mkdir(mode=0o755)
            repositories = Repositories.parse(self.repositories)
            sources = plan(environment.added, self.here, self.r.version, repositories, work)
            log.info("installing %s", ", ".join(s.file.name for s in sources))
            install(sources, library, self.r, self.r_libs, deadline_s=self.deadline_s)
            shutil.rmtree(work)
            record = self._describe(environment, build, sources)
            os.sync()  # what is named must be on the disk before its name
            fault_point("provision.built")
            write_private(self._file(environment), json.dumps(record, indent=1))
            fault_point("provision.switched")
        except BaseException:
            shutil.rmtree(build, ignore_errors=True)
            raise
        _whole.add(library)
        return library

    def _describe(self, environment: Environment, build: Path, sources: list[Source]) -> Any:
        packages = [
            {
                "name": s.fields["Package"],
                "version": s.fields["Version"],
                "repository": s.repository,
                "source": s.digest,
                "digest": _digest(build / "library" / s.fields["Package"]),
            }
            for s in sources
        ]
        return {
            "build": build.name,
            "r_version": self.r.version,
            "wanted": environment.added,
            "packages": packages,
        }

    def _whole_build(self, record: dict[str, Any]) -> Path | None:
        library = self.root / "builds" / str(record["build"]) / "library"
        if library in _whole:
            return library
        for package in record["packages"]:
            if _digest(library / package["name"]) != package["digest"]:
                log.error("%s of library %s is not what was installed", package["name"], library)
                return None
        _whole.add(library)
        return library

    def _key(self, environment: Environment) -> str:
        return f"{environment.digest[:_DIGEST]}-R{r_series(self.r.version)}"

    def _file(self, environment: Environment) -> Path:
        return self.root / f"{self._key(environment)}.json"

    def _builds(self) -> list[Path]:
        folder = self.root / "builds"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _named(self) -> dict[Path, str]:
        """The build that each record names."""
        found = {}
        for file in self.root.glob("*.json"):
            try:
                found[file] = str(json.loads(file.read_text(encoding="utf-8"))["build"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return found

    @contextmanager
    def _unless_busy(self, key: str) -> Iterator[bool]:
        """Whether nobody is making a library of this key; none begins to before this ends."""
        file = self.root / f"{key}.lock"
        if not file.exists():
            yield True
            return
        with file.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def _lock(self, environment: Environment) -> Iterator[None]:
        file = self.root / f"{self._key(environment)}.lock"
        end = time.monotonic() + self.deadline_s
        with file.open("a") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise Overloaded("Another process is making this library.") from None
                    time.sleep(_LOCK_PAUSE_S)
            yield


def _note_use(file: Path) -> None:
    if _age_s(file) > _NOTED_S:
        with suppress(OSError):
            os.utime(file)


def _age_s(path: Path) -> float:
    """Seconds since it was written or its use was noted; below 0: it is not there."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return -1.0


def _written(file: Path) -> int:
    """When, in nanoseconds; 0: it is not there."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _digest(folder: Path) -> str:
    """One text for equal folders: the names and bytes of all their files."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if file.is_file() and not file.is_symlink():
            name = file.relative_to(folder).as_posix()
            total.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
