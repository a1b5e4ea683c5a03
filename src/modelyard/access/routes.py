"""HTTP for tokens and events, and what every route needs: who asks, and the JSON that was sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from modelyard.access.bearer import read_authorization
from modelyard.access.body import read_body
from modelyard.access.events import list_events
from modelyard.access.guard import allow_role, allow_within
from modelyard.access.identify import authenticate
from modelyard.access.parts import Part
from modelyard.access.tokens import (
    OVERLAP_HOURS,
    issue_token,
    list_tokens,
    revoke_token,
    rotate_token,
)
from modelyard.access.types import Action, Actor
from modelyard.account import Account
from modelyard.errors import InvalidValue, MalformedRequest, TooLarge
from modelyard.names import ModelRef, Namespace

router = APIRouter(prefix="/api/v1")


def account_of(request: Request) -> Account:
    """The account this server serves."""
    account: Account = request.app.state.account
    return account


def client_of(request: Request) -> str | None:
    """The address the request came from; no header is believed about it."""
    return None if request.client is None else request.client.host


def place_of(request: Request) -> Namespace:
    """Where bare names are looked up: the query says, or the account's defaults."""
    asked = request.query_params
    return account_of(request).namespace(asked.get("database"), asked.get("schema"))


Parts = Callable[[Request], tuple[Part, ...]]
"""What a route is about, asked of its path and query."""


def the_account(request: Request) -> tuple[Part, ...]:
    """All of it: no grant will do."""
    return ()


def the_model(request: Request) -> tuple[Part, ...]:
    """The model in the path, whichever of its versions."""
    ref = ModelRef.parse(request.path_params["model"], place_of(request))
    return (Part.of("model", ref.model),)


@dataclass(frozen=True, slots=True)
class May:
    """A dependency of a route that is for any of ``actions``: the actor, who may do it.

    ``about`` None: the route itself looks at the actor's grants.
    """

    actions: tuple[Action, ...]
    about: Parts | None

    def __call__(self, request: Request) -> Actor:
        """Whose token the request bears.

        Raises:
            Unauthenticated: no token, or no good one.
            Forbidden: a good one that may not do this, or not there.
        """
        secret = read_authorization(request.headers.get("authorization"))
        actor = authenticate(account_of(request), secret, client_of(request))
        allow_role(actor, *self.actions)
        if self.about is not None and actor.is_bound:
            about = self.about(request)
            allow_within(actor, self.actions[0], *about)
        return actor


def may(*actions: Action, about: Parts | None = the_account) -> May:
    """What a route declares: ``Depends(may("model.read", about=the_model))``."""
    return May(actions, about)


async def read_json(request: Request) -> dict[str, Any]:
    """The body, a JSON object without duplicate keys and without NaN; none at all counts as {}.

    Raises:
        MalformedRequest: for anything else.
        TooLarge: for more bytes than ``max_json_bytes``, or too many levels.
    """
    limit = account_of(request).settings.max_json_bytes
    body = await read_body(request.stream(), request.headers.get("content-length"), limit)
    if not body:
        return {}
    try:
        raw = json.loads(bytes(body), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise TooLarge("The JSON body is nested too deeply.") from None
    except (ValueError, UnicodeDecodeError) as e:
        raise MalformedRequest(f"The body is not JSON: {e}.") from None
    if not isinstance(raw, dict):
        raise MalformedRequest("The body is a JSON object.")
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise MalformedRequest("An object of the body has the same key twice.")
    return found


def _no_constant(word: str) -> NoReturn:
    raise MalformedRequest(f"{word} is no JSON.")


Body = Annotated[dict[str, Any], Depends(read_json)]
"""A JSON object that was sent; in a route it stands after the actor, who is asked for first."""


@router.post("/tokens", status_code=201)
def issue(
    request: Request, actor: Annotated[Actor, Depends(may("token.write"))], raw: Body
) -> JSONResponse:
    """Issue a token; its secret is shown this once."""
    _only(raw, "name", "user", "role", "grants", "networks", "days")
    issued = issue_token(
        account_of(request),
        actor,
        name=raw.get("name") or "token",
        user=raw.get("user"),
        role=raw.get("role") or "reader",
        grants=raw.get("grants") or (),
        networks=raw.get("networks") or (),
        days=raw.get("days"),
        place=place_of(request),
    )
    return JSONResponse(issued.to_dict(), 201)


def _only(raw: dict[str, Any], *names: str) -> None:
    for name in raw:
        if name not in names:
            raise InvalidValue(f"A token has no {name[:80]!r}; {', '.join(names)} can be said.")


@router.get("/tokens", dependencies=[Depends(may("token.read"))])
def tokens(request: Request) -> JSONResponse:
    """Every token, without secrets."""
    return JSONResponse({"tokens": [t.to_dict() for t in list_tokens(account_of(request))]})


@router.post("/tokens/{token:path}/rotate", status_code=201)
def rotate(
    request: Request,
    token: str,
    actor: Annotated[Actor, Depends(may("token.write"))],
    raw: Body,
) -> JSONResponse:
    """A new secret for a token, shown this once; the old one works a while longer."""
    _only(raw, "overlap_hours", "days")
    overlap_hours = raw.get("overlap_hours", OVERLAP_HOURS)
    issued = rotate_token(
        account_of(request), actor, token, overlap_hours=overlap_hours, days=raw.get("days")
    )
    return JSONResponse(issued.to_dict(), 201)


@router.delete("/tokens/{token:path}")
def revoke(
    request: Request, token: str, actor: Annotated[Actor, Depends(may("token.write"))]
) -> JSONResponse:
    """End a token at once, and those it replaced."""
    return JSONResponse(revoke_token(account_of(request), actor, token).to_dict())


@router.get("/events", dependencies=[Depends(may("event.read"))])
def events(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    subject: str | None = None,
) -> JSONResponse:
    """The audit log, newest first."""
    found = list_events(account_of(request), limit=limit, subject=subject)
    return JSONResponse({"events": [e.to_dict() for e in found]})
