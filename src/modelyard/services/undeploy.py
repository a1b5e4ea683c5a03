"""Undeploy: say that a service shall end; the reconciler ends it."""

from __future__ import annotations

from modelyard.access import Actor, record
from modelyard.account import Account
from modelyard.names import Qualified
from modelyard.services import store
from modelyard.services.show import wanted


def undeploy(account: Account, actor: Actor, name: Qualified) -> str:
    """Write that the service is no longer wanted, with its audit event, and return.

    Its host finishes the requests it has begun and ends; the name can be used again at once.
    Returns the id by which ``is_ending`` knows it.

    Raises:
        NotFound: there is no such service.
    """
    with account.catalog.begin() as tx:
        found = wanted(tx, name)
        store.unwant(tx, found.spec.id)
        detail = {"model": str(found.spec.model), "version": found.spec.version}
        record(tx, actor, "ServiceUndeployed", str(found.spec.name), detail, account.now())
    return found.spec.id


def is_ending(account: Account, service_id: str) -> bool:
    """Whether a host of this service may still run; until it ends, its version cannot go."""
    with account.catalog.connect() as tx:
        return store.exists(tx, service_id)
