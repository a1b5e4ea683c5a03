"""The account's HTTP application: every router, behind the same door."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Depends, FastAPI

import modelyard
from modelyard.access.routes import router as access
from modelyard.account import Account
from modelyard.registry.environment_routes import router as environments
from modelyard.registry.routes import router as registry
from modelyard.scoring.by_model import router as by_model
from modelyard.scoring.routes import router as scoring
from modelyard.services.routes import router as services
from modelyard.web.account import router as account_routes
from modelyard.web.auth import check_routes, refuse_undeclared
from modelyard.web.errors import add_handlers
from modelyard.web.requests import Requests
from modelyard.web.tables import router as tables

ShutDown = Callable[[bool], None]
"""Ends the server; told whether the services end too."""


def _nowhere(services: bool) -> None:
    """An app without a server has nothing to end."""


def create_app(account: Account, shut_down: ShutDown = _nowhere) -> FastAPI:
    """The application that serves ``account``; it is not ready until ``app.state.is_ready``.

    Raises:
        Internal: a route declares no action.
    """
    app = FastAPI(
        title="Modelyard",
        version=modelyard.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_undeclared)],
        redirect_slashes=False,
    )
    app.state.account = account
    app.state.is_ready = False
    app.state.shut_down = shut_down
    add_handlers(app)
    scores = (scoring, by_model)
    for router in (account_routes, access, registry, environments, *scores, services, tables):
        app.include_router(router)
    app.add_middleware(Requests)
    check_routes(app)
    return app
