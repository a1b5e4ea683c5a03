"""Deploy: write the wish and return; the reconciler makes it true."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from modelyard.access import Actor, Part, allow, record
from modelyard.account import Account
from modelyard.errors import AlreadyExists, InvalidValue
from modelyard.names import RESERVED_ALIASES, ModelRef, Qualified, check_name, key
from modelyard.registry.resolve import find_version, resolve
from modelyard.registry.store import ModelRow, VersionRow, load_versions, some
from modelyard.services import store
from modelyard.services.options import Options
from modelyard.services.show import show
from modelyard.services.types import Service, ServiceSpec, State, Status


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """What to deploy under which name; ``force`` replaces what has the name now."""

    name: Qualified
    model: ModelRef
    options: Options = field(default_factory=Options)
    force: bool = False


def deploy(account: Account, actor: Actor, request: DeployRequest) -> Service:
    """Write what is wanted, with its audit event, and return the service as PENDING.

    The default version of the model stays what it is. A service that is replaced keeps its URL.

    A new name may also be used by those who are granted the model, if it is in the model's schema;
    one that is taken only by those who are granted what it serves now.

    Raises:
        Forbidden: the model or the name is none of the actor's.
        NotFound: no such model, version or alias, also of ``split`` and ``shadow``.
        InvalidValue: those name a version twice, or ``autocapture_drop`` a column there is not.
        AlreadyExists: the name is taken and ``force`` was not said.
    """
    check_name(request.name.name, "service")
    allow(actor, "service.write", Part.of("model", request.model.model))
    now = account.now()
    with account.catalog.begin() as tx:
        allow(actor, "service.write", *_about(request, store.find(tx, request.name)))
        model, version = find_version(tx, request.model)
        _check_options(tx, model, version, request.options)
        spec = ServiceSpec(
            id=uuid.uuid4().hex,
            name=request.name,
            model=model.name,
            version=version.name,
            alias=_alias(request.model, version),
            options=request.options,
        )
        there = store.find(tx, request.name)
        if there is None:
            store.add(tx, spec, version.id, now, actor.name)
        else:
            if there.wanted and not request.force:
                raise AlreadyExists(
                    f"There is a service {there.spec.name} already; it serves "
                    f"{there.spec.model}/{there.spec.version}.",
                    hint="Replace it (force = TRUE, --force), or choose another name.",
                )
            spec = replace(
                spec,
                id=there.spec.id,
                name=there.spec.name,
                generation=there.spec.generation + 1,
            )
            store.replace(tx, spec, version.id)
        store.change(tx, spec.id, spec.generation, Status(State.PENDING), now)
        detail = {
            "model": str(spec.model),
            "version": spec.version,
            "alias": spec.alias,
            "options": spec.options.to_dict(),
            "replaced": there is not None and there.wanted,
        }
        record(tx, actor, "ServiceDeployed", str(spec.name), detail, now)
    return show(account, request.name)


def notes_of(account: Account, service: Service) -> list[str]:
    """What whoever deploys a service should know of its version."""
    spec = service.spec
    version = resolve(account, ModelRef(spec.model, version=spec.version))
    if version.manifest.checks.verified != "load":
        return []
    return [
        f"{spec.version} of {spec.model.name} is only known to load: no row was scored when it was "
        "logged, so nothing tells whether the service gives R's numbers."
    ]


def _check_options(tx: Connection, model: ModelRow, version: VersionRow, options: Options) -> None:
    """What the host would find out only once it has started."""

    def named(word: str) -> str:
        return find_version(tx, ModelRef(model.name, version=word))[1].name

    sharing = [named(word) for word in options.split]
    shadow = None if options.shadow is None else named(options.shadow)
    if len({version.name, *sharing}) <= len(sharing) or shadow == version.name:
        raise InvalidValue(
            f"split and shadow name versions beside {version.name}, split each of them once.",
            hint="What is left of the shares is its own.",
        )
    signature = load_versions(tx, model, version.id)[0].manifest.signature
    columns = [column.name for column in (*signature.inputs, *signature.outputs)]
    known = set(map(key, columns))
    for name in options.autocapture_drop:
        if key(name) not in known:
            raise InvalidValue(
                f"autocapture_drop names {name[:80]}, which is no column of {version.name}.",
                hint=f"It has {some(columns)}.",
            )


def _about(request: DeployRequest, there: store.Record | None) -> tuple[Part, ...]:
    if there is not None:
        return there.spec.parts
    name, model = request.name, request.model.model
    about = (Part.of("service", name), Part.of("model", model))
    return about if name.key[:2] == model.key[:2] else about[:1]


def _alias(ref: ModelRef, version: VersionRow) -> str | None:
    """The alias the author named; None when it was a version, or a word that is no choice."""
    word = ref.alias or ref.version
    if word is None or key(word) in RESERVED_ALIASES:
        return None
    return None if ref.alias is None and key(word) == key(version.name) else word
