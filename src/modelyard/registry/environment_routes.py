"""HTTP for environments: what a version needs, what is here of it, and libraries made for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from modelyard.access import Actor, record
from modelyard.access.routes import Body, account_of, may, the_model
from modelyard.account import Account
from modelyard.registry.provide import asked_for, environment_here
from modelyard.registry.resolve import resolve
from modelyard.registry.routes import Version
from modelyard.runtime.environment import Environment

router = APIRouter(prefix="/api/v1")

_ENVIRONMENT = "/models/{model}/versions/{version}/environment"
Provider = Annotated[Actor, Depends(may("environment.write"))]
ProviderOfOne = Annotated[Actor, Depends(may("environment.write", about=the_model))]


@router.get(_ENVIRONMENT, dependencies=[Depends(may("model.read", about=the_model))])
def show(request: Request, version: Version) -> JSONResponse:
    """What a version needs, and how that stands here."""
    account = account_of(request)
    found = resolve(account, version)
    environment = found.manifest.environment
    here = environment_here(account, environment).to_dict()
    return JSONResponse({"version": found.name, "environment": environment.to_dict(), "here": here})


@router.post(_ENVIRONMENT + "/provision")
def provision(request: Request, actor: ProviderOfOne, version: Version) -> JSONResponse:
    """Make the library of a version's environment, or find it made."""
    account = account_of(request)
    found = resolve(account, version)
    _provision(account, actor, found.manifest.environment, str(found))
    here = environment_here(account, found.manifest.environment)
    return JSONResponse({"version": found.name, "here": here.to_dict()})


@router.post("/environments")
def provision_packages(request: Request, actor: Provider, raw: Body) -> JSONResponse:
    """Make a library of packages, for a model that is to be logged."""
    account = account_of(request)
    asked = asked_for(raw.get("packages"))
    _provision(account, actor, asked, "packages")
    return JSONResponse({"library": account.libraries.record(asked)})


def _provision(account: Account, actor: Actor, environment: Environment, subject: str) -> None:
    account.libraries.provision(environment)
    made = account.libraries.record(environment)
    detail = {"wanted": environment.added, "library": made}
    with account.catalog.begin() as tx:
        record(tx, actor, "EnvironmentProvisioned", subject, detail, account.now())
