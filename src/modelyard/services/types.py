"""What a service is: what is wanted, what is, and the pure rules that lead from one to the other.

Nothing here starts a process, reads a clock or opens a file: the rules are tables, and so are
their tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from modelyard.access.parts import Part
from modelyard.access.types import iso
from modelyard.names import Namespace, Qualified
from modelyard.services.options import Options

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


ANSWERING = (HostState.READY, HostState.DEGRADED)


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
            return Step.RELOAD if seen.host in ANSWERING else Step.END
        if seen.old_code and seen.host in ANSWERING:
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
    options: Options = field(default_factory=Options)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What a token has to be granted one of, to come near it: the service, or its model."""
        return Part.of("service", self.name), Part.of("model", self.model)

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
    ``log_dropped`` counts requests that its logs had no room for.
    """

    spec: ServiceSpec
    status: Status
    created_at: datetime
    url: str | None = None
    history: tuple[Change, ...] = ()
    isolation: str | None = None
    refused: bool = False
    log_dropped: int = 0

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
            "log_dropped": self.log_dropped,
            "replicas": 1,
            "containers": [{"name": "host", "status": state.value, "message": cause or ""}],
            "options": spec.options.to_dict(),
            "history": [
                {"status": c.status.state.value, "cause": c.status.cause, "at": iso(c.at)}
                for c in self.history
            ],
        }
