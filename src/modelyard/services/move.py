"""Move an alias, and wait until the services that follow it answer with what it means now."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import Any

from modelyard.access import Actor
from modelyard.account import Account
from modelyard.contract.changes import breaking_changes
from modelyard.errors import NotFound
from modelyard.names import ModelRef, Qualified, key
from modelyard.registry.aliases import set_alias
from modelyard.registry.resolve import resolve
from modelyard.registry.types import ModelVersion
from modelyard.services import store
from modelyard.services.folder import HostFile, folder
from modelyard.services.process import send
from modelyard.services.types import HostState, ServiceSpec

_LOOK_S = 0.01
_ASK_S = 0.2
"""So often a host is asked to look at the alias, should it not have heard."""
_MOST_TOLD = 5
_ENDED = (HostState.ENDING, HostState.FAILED)


@dataclass(frozen=True, slots=True)
class Follower:
    """A service that follows the alias: the version that answers there, and, where that is not the
    one the alias means, why."""

    service: str
    version: str
    cause: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the HTTP API shows it."""
        return {"service": self.service, "version": self.version, "cause": self.cause}


@dataclass(frozen=True, slots=True)
class Move:
    """Which version an alias means now, the services that run and follow it, and what the callers
    of the version it meant before run into."""

    version: str
    services: list[Follower]
    notes: list[str]

    def to_dict(self, alias: str) -> dict[str, Any]:
        """As the HTTP API shows it."""
        services = [service.to_dict() for service in self.services]
        return {"alias": alias, "version": self.version, "services": services, "notes": self.notes}


def move_alias(account: Account, actor: Actor, ref: ModelRef, alias: str) -> Move:
    """Point an alias at a version; requests that come after it get no other version.

    A service that has not switched after ``deploy_deadline_s``, or cannot, goes on with what it had
    and is named with the cause; the alias has moved all the same.

    Raises:
        InvalidName: when it is reserved, looks like a version or is the name of one.
        NotFound: when there is no such version.
        Forbidden: when it takes another person than the one who logged it.
    """
    before = _meant(account, ref.model, alias)
    version = set_alias(account, actor, ref, alias)
    moved = time.monotonic()
    after = resolve(account, ModelRef(ref.model, version=version))
    with account.catalog.connect() as tx:
        specs = [
            r.spec
            for r in store.every(tx)
            if r.wanted
            and r.spec.model.key == ref.model.key
            and key(r.spec.alias or "") == key(alias.removeprefix("@"))
        ]
    until = moved + account.settings.deploy_deadline_s
    found = [_followed(account, spec, version, moved, until) for spec in specs]
    services = [follower for follower in found if follower is not None]
    return Move(version, services, [] if before is None else _notes(before, after))


def _meant(account: Account, model: Qualified, alias: str) -> ModelVersion | None:
    """The version an alias means, if it means one."""
    try:
        return resolve(account, ModelRef(model, alias=alias.removeprefix("@")))
    except NotFound:
        return None


def _notes(before: ModelVersion, after: ModelVersion) -> list[str]:
    changes = breaking_changes(before.manifest.signature, after.manifest.signature)
    if not changes:
        return []
    more = f" and {len(changes) - _MOST_TOLD} more" if len(changes) > _MOST_TOLD else ""
    told = "; ".join(changes[:_MOST_TOLD])
    return [f"{after.name} is not asked or read as {before.name} was: it {told}{more}."]


def _followed(
    account: Account, spec: ServiceSpec, version: str, moved: float, until: float
) -> Follower | None:
    """How a service answers now; None where no process of it runs: one that starts looks anew."""
    where, asked = folder(account.settings.home, spec.id), 0.0
    while (host := where.read_host()) is not None and host.is_alive and host.state not in _ENDED:
        if _has_looked(host, spec, moved):
            is_other = key(host.version) != key(version)
            cause = host.cause or f"{host.version} answers." if is_other else None
            return Follower(str(spec.name), host.version, cause)
        now = time.monotonic()
        if now > until:
            return Follower(str(spec.name), host.version, f"{version} is not ready yet.")
        if now - asked > _ASK_S:
            send(host.pid, host.started, signal.SIGHUP)
            asked = now
        time.sleep(_LOOK_S)
    return None


def _has_looked(host: HostFile, spec: ServiceSpec, moved: float) -> bool:
    if host.refused == spec.generation:
        return True
    return host.generation == spec.generation and host.followed > moved
