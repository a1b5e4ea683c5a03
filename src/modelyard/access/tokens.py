"""Tokens: issued, checked, listed, revoked. Of a secret only its SHA-256 is kept."""

from __future__ import annotations

import hmac
from contextlib import suppress
from datetime import datetime, timedelta
from typing import get_args

from sqlalchemy import bindparam, insert, select, update

from modelyard.access.events import record
from modelyard.access.secret import Secret, new_secret, read_secret
from modelyard.access.types import Actor, Issued, Role, Token
from modelyard.account import Account
from modelyard.catalog import tables
from modelyard.errors import (
    Forbidden,
    InvalidValue,
    NotFound,
    StorageFull,
    Unauthenticated,
    Unavailable,
)

CLOCK_SKEW = timedelta(seconds=60)
_NOTED_EVERY = timedelta(seconds=60)
_NO_SHA256 = "0" * 64
_MAX_DAYS = 3650
_KEPT = tables.token.c
_COLUMNS = (
    _KEPT.id,
    _KEPT.name,
    _KEPT.role,
    _KEPT.service,
    _KEPT.created_at,
    _KEPT.created_by,
    _KEPT.expires_at,
    _KEPT.revoked_at,
    _KEPT.last_used_at,
)
_WITH_ID = select(*_COLUMNS, _KEPT.secret_sha256).where(_KEPT.id == bindparam("id"))


def issue_token(
    account: Account,
    actor: Actor,
    *,
    name: str,
    role: str,
    service: str | None = None,
    days: float | None = None,
) -> Issued:
    """A new token, its secret shown this once. ``days`` None: it does not expire.

    Raises:
        InvalidValue: for an unknown role, a caller without a service, a name that is no name.
        Forbidden: when a role above the actor's own is asked for.
    """
    role = _check_role(actor, role, service)
    if not isinstance(name, str) or not 1 <= len(name) <= 255 or not name.isprintable():
        raise InvalidValue(f"A token's name is a text of 1 to 255 characters, not {name!r}.")
    if days is not None and not 0 < days <= _MAX_DAYS:
        raise InvalidValue(f"A token lives for more than 0 and up to {_MAX_DAYS} days, not {days}.")
    now = account.now()
    secret = new_secret(role)
    expires_at = None if days is None else now + timedelta(days=days)
    token = Token(secret.id, name, role, service, now, actor.name, expires_at, None, None)
    with account.catalog.begin() as tx:
        tx.execute(
            insert(tables.token).values(
                id=token.id,
                name=name,
                role=role,
                service=service,
                secret_sha256=secret.sha256,
                created_at=now,
                created_by=actor.name,
                expires_at=expires_at,
            )
        )
        detail = {"name": name, "role": role, "service": service, "days": days}
        record(tx, actor, "TokenIssued", f"token {token.id}", detail, now)
    return Issued(token, secret.text)


def _check_role(actor: Actor, role: str, service: str | None) -> Role:
    roles: tuple[Role, ...] = get_args(Role)
    found = next((r for r in roles if r == role), None)
    if found is None:
        raise InvalidValue(f"A role is one of {', '.join(roles)}, not {role!r}.")
    if found == "owner" and actor.role != "owner":
        raise Forbidden("Only the owner may issue an owner's token.")
    if (found == "caller") != (service is not None):
        raise InvalidValue(
            "A caller's token names the service it may call; no other token names one.",
            hint='Give role = "caller" and the service together.',
        )
    return found


def authenticate(account: Account, secret: str) -> Actor:
    """Whose token this is.

    Raises:
        Unauthenticated: for one that is unknown, mistyped, revoked or expired; which of them
            is not said, except that one which was good is told that it is no longer.
    """
    given = read_secret(secret)
    found = None if given is None else _find(account, given)
    if given is None or found is None:
        raise Unauthenticated("This token is not one of this account.")
    now = account.now()
    if found.revoked_at is not None:
        raise Unauthenticated("This token was revoked.")
    if found.expires_at is not None and now > found.expires_at + CLOCK_SKEW:
        raise Unauthenticated("This token has expired.", hint="Ask for a new one.")
    _note_use(account, found, now)
    return Actor(found.name, found.role, found.id, found.service)


def _find(account: Account, given: Secret) -> Token | None:
    with account.catalog.connect() as tx:
        row = tx.execute(_WITH_ID, {"id": given.id}).one_or_none()
    # As long for an unknown id as for a wrong secret.
    kept = _NO_SHA256 if row is None else row.secret_sha256
    is_same = hmac.compare_digest(kept, given.sha256)
    return Token(*row[:-1]) if row is not None and is_same else None


def _note_use(account: Account, token: Token, now: datetime) -> None:
    """Remember the use, to the minute; a request does not fail because that cannot be written."""
    if token.last_used_at is not None and now - token.last_used_at < _NOTED_EVERY:
        return
    change = update(tables.token).where(_KEPT.id == token.id).values(last_used_at=now)
    with suppress(StorageFull, Unavailable), account.catalog.begin() as tx:
        tx.execute(change)


def list_tokens(account: Account) -> list[Token]:
    """Every token, the revoked and expired ones too, oldest first."""
    query = select(*_COLUMNS).order_by(_KEPT.created_at, _KEPT.id)
    with account.catalog.connect() as tx:
        return [Token(*row) for row in tx.execute(query)]


def revoke_token(account: Account, actor: Actor, token_id: str) -> Token:
    """End a token at once; one that was revoked before stays as it was.

    Raises:
        NotFound: when there is no such token.
        Forbidden: for an owner's token, unless the owner asks.
    """
    now = account.now()
    query = select(*_COLUMNS).where(_KEPT.id == token_id)
    with account.catalog.begin() as tx:
        row = tx.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"There is no token with the id {token_id[:80]!r}.")
        if row.role == "owner" and actor.role != "owner":
            raise Forbidden("Only the owner may revoke an owner's token.")
        if row.revoked_at is None:
            change = update(tables.token).where(_KEPT.id == token_id)
            tx.execute(change.values(revoked_at=now))
            record(tx, actor, "TokenRevoked", f"token {token_id}", {"name": row.name}, now)
        return Token(*tx.execute(query).one())
