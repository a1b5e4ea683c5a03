"""Versions that answer though nothing in the catalog points at them."""

from __future__ import annotations

from modelyard.account import Account
from modelyard.errors import InUse
from modelyard.names import ModelRef, key
from modelyard.registry.resolve import resolve
from modelyard.registry.store import some
from modelyard.services import store
from modelyard.services.folder import folder


def check_unanswering(account: Account, ref: ModelRef) -> None:
    """Refuse a version that services go on with while what is wanted of them is no good.

    Raises:
        NotFound: there is no such version.
        InUse: naming the services.
    """
    version = resolve(account, ref)
    with account.catalog.connect() as tx:
        specs = [r.spec for r in store.every(tx) if r.wanted]
    services = []
    for spec in specs:
        good = folder(account.settings.home, spec.id).read_good()
        needs = good is not None and (good.model.key, key(good.version)) == (
            ref.model.key,
            key(version.name),
        )
        if needs and key(spec.version) != key(version.name):
            services.append(spec.name.name)
    if services:
        raise InUse(
            f"Version {version.name} of model {ref.model.name} still answers for "
            f"{some(services)}, which cannot serve what is wanted.",
            hint="Deploy a version there that can be served first.",
        )
