"""HTTP for tokens and events, and what every route needs: who asks, and the JSON that was sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from modelyard.access.bearer import read_authorization
from modelyard.access.body import read_body
from modelyard.access.events import list_events
from modelyard.access.guard import allow
from modelyard.access.tokens import authenticate, issue_token, list_tokens, revoke_token
from modelyard.access.types import Action, Actor
from modelyard.account import Account
from modelyard.errors import InvalidValue, MalformedRequest, TooLarge

router = APIRouter(prefix="/api/v1")


def account_of(request: Request) -> Account:
    """The account this server serves."""
    account: Account = request.app.state.account
    return account


@dataclass(frozen=True, slots=True)
class May:
    """A dependency of a route that is for ``action``: the actor, who may do it."""

    action: Action

    def __call__(self, request: Request) -> Actor:
        """Whose token the request bears.

        Raises:
            Unauthenticated: no token, or no good one.
            Forbidden: a good one that may not do this.
        """
        secret = read_authorization(request.headers.get("authorization"))
        found = authenticate(account_of(request), secret)
        allow(found, self.action)
        return found


def may(action: Action) -> May:
    """What a route declares: ``Depends(may("model.read"))``."""
    return May(action)


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
    account = account_of(request)
    days = raw.get("days", account.settings.token_days)
    if days is not None and (isinstance(days, bool) or not isinstance(days, int | float)):
        raise InvalidValue(f"days is a number, not {days!r}.")
    issued = issue_token(
        account,
        actor,
        name=raw.get("name") or "token",
        role=raw.get("role") or "reader",
        service=raw.get("service"),
        days=days,
    )
    return JSONResponse(issued.to_dict(), 201)


@router.get("/tokens", dependencies=[Depends(may("token.read"))])
def tokens(request: Request) -> JSONResponse:
    """Every token, without secrets."""
    return JSONResponse({"tokens": [t.to_dict() for t in list_tokens(account_of(request))]})


@router.delete("/tokens/{token_id}")
def revoke(
    request: Request, token_id: str, actor: Annotated[Actor, Depends(may("token.write"))]
) -> JSONResponse:
    """End a token at once."""
    return JSONResponse(revoke_token(account_of(request), actor, token_id).to_dict())


@router.get("/events", dependencies=[Depends(may("event.read"))])
def events(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    subject: str | None = None,
) -> JSONResponse:
    """The audit log, newest first."""
    found = list_events(account_of(request), limit=limit, subject=subject)
    return JSONResponse({"events": [e.to_dict() for e in found]})
