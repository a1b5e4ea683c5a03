"""Nobody passes without a token, and no route works that does not say what it is for.

A route declares its action with ``Depends(may("model.read"))``. One that declares none is refused
twice: the app is not built with it, and were it added later, every request to it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from modelyard.access.routes import May
from modelyard.access.types import Action
from modelyard.errors import Forbidden, Internal

OPEN = frozenset({"/livez", "/readyz", "/v2/health/live", "/v2/health/ready"})
"""Paths that need no token; they say that it lives, or is ready, and nothing else."""


def declared_actions(route: object) -> tuple[Action, ...]:
    """What a route is for, empty when it does not say."""
    if not isinstance(route, APIRoute):
        return ()
    return next(_declared(route.dependant), ())


def _declared(dependant: Dependant) -> Iterator[tuple[Action, ...]]:
    if isinstance(dependant.call, May):
        yield dependant.call.actions
    for below in dependant.dependencies:
        yield from _declared(below)


def refuse_undeclared(request: Request) -> None:
    """A dependency of the whole app: refuse a route that is not open and declares no action.

    Raises:
        Forbidden: for such a route, whoever asks.
    """
    route = request.scope.get("route")
    if getattr(route, "path", None) not in OPEN and not declared_actions(route):
        raise Forbidden("This route declares no action, so nobody may use it.")


def routes_of(app: FastAPI) -> Iterator[tuple[str, object]]:
    """Every route of the app, those of its routers too, with its path."""
    for context in iter_route_contexts(app.routes):
        yield str(context.path), context.original_route


def check_routes(app: FastAPI) -> None:
    """Make sure that every route is open or declares its action.

    Raises:
        Internal: naming those that do not.
    """
    undeclared = [
        path for path, route in routes_of(app) if path not in OPEN and not declared_actions(route)
    ]
    if undeclared:
        raise Internal(f"Routes without a declared action: {', '.join(undeclared)}.")
