"""Packages a version needs and workers have not: found in a library made for it, or made now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from modelyard.account import Account
from modelyard.environments.described import check_package
from modelyard.environments.libraries import POLICIES
from modelyard.errors import InvalidValue, MissingPackage
from modelyard.registry.golden import replay
from modelyard.registry.session import listed, texts
from modelyard.registry.types import Verified, VerifyRequest
from modelyard.runtime.environment import Environment, differences
from modelyard.runtime.manifest import Manifest

T = TypeVar("T")
Verifier = Callable[[Account, VerifyRequest], Verified]


@dataclass(frozen=True, slots=True)
class Here:
    """A version's recorded environment beside what its workers have, its library included.

    ``missing`` are recorded packages that are not there, ``different`` those of another version:
    name, recorded, there.
    """

    r_version: str
    missing: tuple[str, ...]
    different: tuple[tuple[str, str, str], ...]
    library: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "r_version": self.r_version,
            "missing": list(self.missing),
            "different": [
                {"package": n, "recorded": then, "here": now} for n, then, now in self.different
            ],
            "library": self.library,
        }


def environment_here(account: Account, recorded: Environment) -> Here:
    """Compare a version's environment with what there is, by the packages' DESCRIPTIONs."""
    libraries = account.libraries
    record = libraries.record(recorded) if libraries.find(recorded) else None
    there = {p["name"]: p["version"] for p in record["packages"]} if record else {}
    for name in recorded.added:
        if name not in there and (package := libraries.here(name)) is not None:
            there[name] = package.version
    return Here(
        r_version=libraries.r.version,
        missing=tuple(n for n in recorded.added if n not in there),
        different=tuple(differences(recorded.added, there)),
        library=record,
    )


def notes_of(recorded: Environment, here: Here) -> tuple[str, ...]:
    """What is another version here than it was at log: a note, since golden predictions decide."""
    found = []
    if recorded.r_version != here.r_version:
        found.append(f"R {recorded.r_version}, here {here.r_version}")
    found += listed(here.different)
    return (f"It was logged with {'; '.join(found)}.",) if found else ()


def provided(
    account: Account,
    environment: Environment,
    use: Callable[[], T],
    *,
    policy: str,
    advice: str,
) -> T:
    """What ``use`` gives; where packages are missing and ``provision`` is ``policy`` or goes
    further, a library of them is made first. ``advice`` is how it is made otherwise.

    Raises:
        MissingPackage: packages are missing, and are not to be had.
    """
    try:
        return use()
    except MissingPackage as e:
        if not _may(account, policy) or account.libraries.find(environment):
            raise advised(account, e, advice) from e
    account.libraries.provision(environment)
    return use()


def replay_provided(
    account: Account, manifest: Manifest, said: str, *, policy: str, advice: str
) -> tuple[int, tuple[str, ...]]:
    """Replay the golden predictions with the packages :func:`provided`. Returns the rows compared,
    and notes. ``said`` names the version in an error.

    Raises:
        MissingPackage: see :func:`provided`.
        ModelFault: see :func:`~modelyard.registry.golden.replay`.
    """
    environment = manifest.environment
    rows = provided(
        account,
        environment,
        lambda: replay(account, manifest, said),
        policy=policy,
        advice=advice,
    )
    return rows, notes_of(environment, environment_here(account, environment))


def with_packages(account: Account, request: VerifyRequest, verifier: Verifier) -> Verified:
    """Verify; where packages are missing, with the library made for them, or made now.

    Raises:
        MissingPackage: naming all that is missing and how to install it.
    """
    try:
        return verifier(account, request)
    except MissingPackage as e:
        if not e.packages:
            raise
        asked = wanted(request.client, e.packages)
        if account.libraries.find(asked) is None:
            if not _may(account, "always"):
                raise advised(account, e, provision_command(_options(asked))) from e
            account.libraries.provision(asked)
        verified = verifier(account, replace(request, environment=asked))
        account.libraries.adopt(verified.environment, asked)
        return verified


def wanted(client: Mapping[str, Any], names: Iterable[str]) -> Environment:
    """Packages in the versions the author's session has, or in any."""
    known = texts(client.get("packages"))
    return Environment("", "", {n: known.get(n, "") for n in sorted(names)})


def asked_for(raw: object) -> Environment:
    """Packages from a request: names with versions, or None for any.

    Raises:
        InvalidValue: for anything else.
    """
    if not isinstance(raw, dict) or not raw:
        raise InvalidValue("packages are names with versions, or null for any version.")
    named = dict(check_package(n, "" if v is None else v) for n, v in raw.items())
    return Environment("", "", named)


def advised(account: Account, error: MissingPackage, advice: str) -> MissingPackage:
    """The error, and where this account could provide the packages, how that is done."""
    if not account.settings.r_repositories.strip():
        return error
    hint = f"{error.hint or ''} Or have a library made: {advice}."
    made = MissingPackage(error.message, hint=hint.strip(), details=error.details)
    made.packages = error.packages
    return made


def provision_command(what: str) -> str:
    """What makes the library of a version, or of packages, on the command line."""
    return f"modelyard environment provision {what}"


def _options(asked: Environment) -> str:
    each = (f"--package {n}{f'=={v}' if v else ''}" for n, v in asked.packages.items())
    return " ".join(each)


def _may(account: Account, policy: str) -> bool:
    chosen = account.settings.provision
    has = bool(account.settings.r_repositories.strip())
    return has and chosen != "never" and POLICIES.index(chosen) >= POLICIES.index(policy)
