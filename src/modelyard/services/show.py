"""Show services: what is wanted of each, and how it is."""

from __future__ import annotations

from sqlalchemy import Connection

from modelyard.access.parts import Part
from modelyard.account import Account
from modelyard.errors import NotFound
from modelyard.names import Namespace, Qualified, key
from modelyard.registry.store import some
from modelyard.services import store
from modelyard.services.folder import folder
from modelyard.services.store import Record
from modelyard.services.types import Change, Service, State, Status


def show(account: Account, name: Qualified) -> Service:
    """One service, with its history.

    Raises:
        NotFound: there is none of this name.
    """
    with account.catalog.connect() as tx:
        found = wanted(tx, name)
        history = store.history(tx, found.spec.id)
    return _service(account, found, history)


def parts_of(account: Account, name: Qualified) -> tuple[Part, ...]:
    """What a token has to be granted one of, to come near a service, which may not be there."""
    with account.catalog.connect() as tx:
        found = store.find(tx, name)
    return (Part.of("service", name),) if found is None else found.spec.parts


def show_all(
    account: Account,
    namespace: Namespace | None = None,
    model: Qualified | None = None,
    version: str | None = None,
) -> list[Service]:
    """Services in the order of their names: all, or those of a namespace, a model, a version.

    Their ``history`` holds the last status only.
    """
    with account.catalog.connect() as tx:
        records = store.every(tx)
        last = store.last_changes(tx)
    return [
        _service(account, r, (last[r.spec.id],) if r.spec.id in last else ())
        for r in records
        if r.wanted
        and (namespace is None or _same_place(r.spec.name.namespace, namespace))
        and (model is None or r.spec.model.key == model.key)
        and (version is None or key(version) in (key(r.spec.version), key(r.spec.alias or "")))
    ]


def wanted(tx: Connection, name: Qualified) -> Record:
    """The service of this name, if it is one that is wanted.

    Raises:
        NotFound: naming those there are in its place.
    """
    found = store.find(tx, name)
    if found is None or not found.wanted:
        others = [r.spec.name for r in store.every(tx) if r.wanted]
        here = [o.name for o in others if _same_place(o.namespace, name.namespace)]
        raise NotFound(
            f"There is no service {name.name} in {name.namespace}. "
            + (f"It has {some(here)}." if here else "It has none.")
        )
    return found


def _service(account: Account, found: Record, history: tuple[Change, ...]) -> Service:
    status = history[-1].status if history else Status(State.PENDING)
    where = folder(account.settings.home, found.spec.id)
    host = where.read_host()
    url = None if host is None else host.url
    isolation = None if host is None else host.isolation
    refused = host is not None and host.refused == found.spec.generation
    answered = status.state in (State.READY, State.DEGRADED)
    if answered and host is not None and not host.is_alive:
        # Whoever looks after services may be late to write it, or have no room to.
        status = Status(State.STARTING, "The host process has ended.")
    return Service(
        found.spec,
        status,
        found.created_at,
        url,
        history,
        isolation,
        refused,
        where.read_dropped(),
    )


def _same_place(a: Namespace, b: Namespace) -> bool:
    return (key(a.database), key(a.schema)) == (key(b.database), key(b.schema))
