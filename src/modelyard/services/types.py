"""What a service is: what is wanted, what is, and the pure rules that lead from one to the other.

Nothing here starts a process, reads a clock or opens a file: the rules are tables, and so are
their tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from modelyard.access.types import iso
from modelyard.errors import InvalidValue
from modelyard.names import Namespace, Qualified

MAX_FAILURES = 5
"""A service that fails so many times in a row is given up."""

HELD = 75
"""Exit status of a host that found another one of its service running: no failure."""

LONGEST_DELAY_S = 30.0
SHORTEST_DELAY_S = 0.5


class State(StrEnum):
    """Where a service is in its life."""

    PENDING = "PENDING"
    STARTING = "STARTING"
    READY = "READY"
    DEGRADED = "DEGRADED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Status:
    """A state and why: ``cause`` is one sentence, or None when there is nothing to explain."""

    state: State
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A status and when it began (aware, UTC)."""

    status: Status
    at: datetime


class HostState(StrEnum):
    """What a host process says of itself in ``host.json``."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    FAILED = "failed"
    ENDING = "ending"


_ANSWERING = (HostState.READY, HostState.DEGRADED)


class Step(StrEnum):
    """What the reconciler does next about one service."""

    START = "start"
    END = "end"
    RELOAD = "reload"
    UPGRADE = "upgrade"
    KILL = "kill"
    FORGET = "forget"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the reconciler sees of one service at one moment.

    ``host`` is what its process says, None when there is no process. ``held`` means that some
    process holds the service's lock, though it may not have said anything yet. ``outdated`` means
    that the process serves an older wish, ``told`` that it was told of the new one, ``refused``
    that it found it to be no good. ``old_code`` means that another version of Modelyard runs in it.
    ``overdue`` means that it neither became ready nor ended
    in its time. ``due`` means that a new start need not wait any longer. ``failures`` counts the
    failures in a row, ``failure`` is the last one's cause, and ``final`` says that another try
    cannot go better.
    """

    wanted: bool
    host: HostState | None = None
    cause: str | None = None
    held: bool = False
    outdated: bool = False
    told: bool = False
    refused: bool = False
    old_code: bool = False
    overdue: bool = False
    due: bool = True
    failures: int = 0
    failure: str | None = None
    final: bool = False

    @property
    def is_given_up(self) -> bool:
        """Whether no further start will be tried for this wish."""
        return self.final or self.failures >= MAX_FAILURES


def next_step(seen: Seen) -> Step:
    """What to do about a service that looks like this.

    >>> next_step(Seen(wanted=True)).value
    'start'
    """
    if seen.host is not None:
        if seen.overdue:
            return Step.KILL
        if not seen.wanted:
            return Step.END
        if seen.outdated and not seen.told:
            return Step.RELOAD if seen.host in _ANSWERING else Step.END
        if seen.old_code and seen.host in _ANSWERING:
            return Step.UPGRADE
        return Step.WAIT
    if seen.held:
        return Step.WAIT
    if not seen.wanted:
        return Step.FORGET
    return Step.START if seen.due and not seen.is_given_up else Step.WAIT


def next_status(now: Status, seen: Seen) -> Status:
    """What the status becomes, given what the process is doing.

    >>> next_status(Status(State.STARTING), Seen(wanted=True, host=HostState.READY)).state.value
    'READY'
    """
    if not seen.wanted:
        gone = seen.host is None and not seen.held
        return Status(State.STOPPED) if gone else now
    if seen.refused:
        return Status(State.DEGRADED, seen.cause)
    if seen.outdated:
        return Status(State.STARTING, "What is wanted now is prepared; the old answers until then.")
    match seen.host:
        case HostState.READY:
            return Status(State.READY)
        case HostState.DEGRADED:
            return Status(State.DEGRADED, seen.cause)
        case HostState.STARTING | HostState.ENDING | HostState.FAILED:
            return Status(State.STARTING, seen.failure)
    if seen.is_given_up:
        return Status(State.FAILED, seen.failure)
    if seen.failures or seen.held:
        return Status(State.STARTING, seen.failure)
    return Status(State.PENDING)


def restart_delay_s(failures: int) -> float:
    """Seconds to wait before the next start: none at first, then twice as long each time.

    >>> [restart_delay_s(n) for n in range(5)]
    [0.0, 0.0, 0.5, 1.0, 2.0]
    """
    if failures <= 1:
        return 0.0
    return min(SHORTEST_DELAY_S * 2.0 ** (failures - 2), LONGEST_DELAY_S)


@dataclass(frozen=True, slots=True)
class Options:
    """What a deploy may say beside the version.

    ``num_workers`` is the number of R processes of an instance, ``min_instances`` and
    ``max_instances`` how many instances there may be (0: none while nobody asks), ``deadline_s``
    the longest a request may take, in seconds, ``max_batch_rows`` the most rows of requests that
    are joined. The others describe a cluster; they are kept and shown, and mean nothing to a
    service on one machine.
    """

    num_workers: int | None = None
    deadline_s: float | None = None
    max_batch_rows: int | None = None
    min_instances: int | None = None
    max_instances: int = 1
    compute_pool: str | None = None
    image_repo: str | None = None
    image_build_compute_pool: str | None = None
    cpu_requests: str | None = None
    memory_requests: str | None = None
    gpu_requests: str | None = None
    autocapture: bool = False
    build_external_access_integrations: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, raw: object) -> Options:
        """Read the options of a request; what is null or absent has its default.

        Raises:
            InvalidValue: for an unknown option, or one of the wrong kind.
        """
        if raw is None:
            return cls()
        if not isinstance(raw, Mapping):
            raise InvalidValue(f"options are named values, not {raw!r}.")
        known = [f.name for f in fields(cls)]
        for name in raw:
            if name not in known:
                raise InvalidValue(
                    f"A service has no option {name!r}.", hint="Options are " + ", ".join(known)
                )
        given = {k: _option(k, v) for k, v in raw.items() if v is not None}
        options = cls(**given)
        if (options.min_instances or 0) > options.max_instances:
            raise InvalidValue(
                f"min_instances is {options.min_instances}, more than max_instances, "
                f"{options.max_instances}."
            )
        return options

    def to_dict(self) -> dict[str, Any]:
        """As they are stored and sent: only what differs from the default."""
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in out.items()}
        return {f.name: plain[f.name] for f in fields(self) if out[f.name] != f.default}


_COUNTS = {"num_workers": 1, "max_batch_rows": 1, "min_instances": 0, "max_instances": 1}
_MOST = 1_000_000
_LONGEST_DEADLINE_S = 3600.0


def _option(name: str, value: Any) -> Any:
    if name in _COUNTS:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
        if not whole or not _COUNTS[name] <= value <= _MOST:
            raise InvalidValue(f"{name} is a whole number from {_COUNTS[name]}, not {value!r}.")
        return int(value)
    if name == "deadline_s":
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not 0 < value <= _LONGEST_DEADLINE_S:
            raise InvalidValue(f"deadline_s is seconds up to 3600, not {value!r}.")
        return float(value)
    if name == "autocapture":
        if not isinstance(value, bool):
            raise InvalidValue(f"autocapture is true or false, not {value!r}.")
        return value
    if name == "build_external_access_integrations":
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise InvalidValue(f"{name} is a list of names, not {value!r}.")
        return tuple(values)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:g}"
    if not isinstance(value, str) or len(value) > 1024:
        raise InvalidValue(f"{name} is a short text, not {value!r}.")
    return value


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """What is wanted: a version under a name, and how.

    ``generation`` grows with each deploy under the same name; ``id`` and with it the URL stay.
    ``alias`` is the alias the author deployed on, if any; ``version`` is what it meant then.
    """

    id: str
    name: Qualified
    model: Qualified
    version: str
    generation: int = 1
    alias: str | None = None
    options: Options = Options()

    def to_dict(self) -> dict[str, Any]:
        """As it is written to ``spec.json``."""
        return {
            "id": self.id,
            "name": str(self.name),
            "model": str(self.model),
            "version": self.version,
            "generation": self.generation,
            "alias": self.alias,
            "options": self.options.to_dict(),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ServiceSpec:
        """The inverse of :meth:`to_dict`."""
        nowhere = Namespace("_", "_")
        return cls(
            id=raw["id"],
            name=Qualified.parse(raw["name"], nowhere, "service"),
            model=Qualified.parse(raw["model"], nowhere, "model"),
            version=raw["version"],
            generation=raw["generation"],
            alias=raw["alias"],
            options=Options.from_dict(raw["options"]),
        )


@dataclass(frozen=True, slots=True)
class Service:
    """A service: what is wanted of it, how it is, and where it answers.

    ``url`` is None until a host of it has bound its port. ``history`` is oldest first.
    ``isolation`` is how well its workers are shut in, None until one has started; ``refused``
    tells that what is wanted is no good, and that what was before goes on answering.
    """

    spec: ServiceSpec
    status: Status
    created_at: datetime
    url: str | None = None
    history: tuple[Change, ...] = ()
    isolation: str | None = None
    refused: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As the HTTP API shows it."""
        spec = self.spec
        state, cause = self.status.state, self.status.cause
        return {
            "name": spec.name.name,
            "fqn": str(spec.name),
            "database": spec.name.namespace.database,
            "schema": spec.name.namespace.schema,
            "model": spec.model.name,
            "model_fqn": str(spec.model),
            "version": spec.version,
            "alias": spec.alias,
            "status": state.value,
            "cause": cause,
            "url": self.url,
            "created_at": iso(self.created_at),
            "isolation": self.isolation,
            "refused": self.refused,
            "replicas": 1,
            "containers": [{"name": "host", "status": state.value, "message": cause or ""}],
            "options": spec.options.to_dict(),
            "history": [
                {"status": c.status.state.value, "cause": c.status.cause, "at": iso(c.at)}
                for c in self.history
            ],
        }
