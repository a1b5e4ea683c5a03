"""Versions that services go on with though what is wanted of them now is another."""

from __future__ import annotations

from collections.abc import Iterator

from modelyard.account import Account
from modelyard.errors import InUse, NotFound
from modelyard.names import ModelRef, Qualified, key
from modelyard.registry.resolve import resolve
from modelyard.registry.store import some
from modelyard.services import store
from modelyard.services.folder import folder
from modelyard.services.types import ServiceSpec


def check_version_unneeded(account: Account, ref: ModelRef) -> None:
    """Refuse a version that services go on with while what is wanted of them is no good.

    Raises:
        NotFound: there is no such version.
        InUse: naming the services.
    """
    version = resolve(account, ref).name
    services = [
        spec.name.name
        for spec, good in _goods(account, ref.model)
        if key(spec.version) != key(version) and key(version) in _needed(account, good)
    ]
    _refuse(f"Version {version} of model {ref.model.name}", services)


def check_model_unneeded(account: Account, model: Qualified) -> None:
    """The same for a model, whose services are wanted to serve another.

    Raises:
        InUse: naming the services.
    """
    services = [s.name.name for s, _ in _goods(account, model) if s.model.key != model.key]
    _refuse(f"Model {model.name}", services)


def _goods(account: Account, model: Qualified) -> Iterator[tuple[ServiceSpec, ServiceSpec]]:
    """What is wanted of each service, and what it answers with, where that is of the model."""
    with account.catalog.connect() as tx:
        specs = [record.spec for record in store.every(tx) if record.wanted]
    for spec in specs:
        good = folder(account.settings.home, spec.id).read_good()
        if good is not None and good.model.key == model.key:
            yield spec, good


def _needed(account: Account, good: ServiceSpec) -> Iterator[str]:
    """The versions that answer, or are beside what does, as names are compared."""
    yield key(good.version)
    for word in (*good.options.split, good.options.shadow):
        if word is not None:
            try:
                yield key(resolve(account, ModelRef(good.model, version=word)).name)
            except NotFound:
                continue


def _refuse(what: str, services: list[str]) -> None:
    if services:
        raise InUse(
            f"{what} still answers for {some(services)}, which cannot serve what is wanted.",
            hint="Deploy there what can be served first.",
        )
