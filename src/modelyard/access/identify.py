"""Whose token this is, and whether it still works, from there."""

from __future__ import annotations

import hmac
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import bindparam, update

from modelyard.access.networks import is_inside
from modelyard.access.secret import Secret, read_secret
from modelyard.access.store import KEPT, read_token, select_tokens
from modelyard.access.types import Actor, Token
from modelyard.account import Account
from modelyard.catalog import tables
from modelyard.errors import Forbidden, StorageFull, Unauthenticated, Unavailable

CLOCK_SKEW = timedelta(seconds=60)
_NOTED_EVERY = timedelta(seconds=60)
_NO_SHA256 = "0" * 64
_WITH_ID = select_tokens().where(KEPT.id == bindparam("id"))


def authenticate(account: Account, secret: str, client: str | None) -> Actor:
    """Whose token this is; ``client`` is the address the request came from.

    Raises:
        Unauthenticated: for one that is unknown, mistyped, revoked or expired; which of them
            is not said, except that one which was good is told that it is no longer.
        Forbidden: for a good one that may not be used from that address.
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
    if found.networks and not is_inside(found.networks, client):
        raise Forbidden(f"This token may not be used from {client or 'there'}.")
    _note_use(account, found, now)
    return Actor(found.user, found.role, found.id, found.grants)


def _find(account: Account, given: Secret) -> Token | None:
    with account.catalog.connect() as tx:
        row = tx.execute(_WITH_ID, {"id": given.id}).one_or_none()
    # As long for an unknown id as for a wrong secret.
    kept = _NO_SHA256 if row is None else row.secret_sha256
    is_same = hmac.compare_digest(kept, given.sha256)
    return read_token(account, row) if row is not None and is_same else None


def _note_use(account: Account, token: Token, now: datetime) -> None:
    """Remember the use, to the minute; a request does not fail because that cannot be written."""
    if token.last_used_at is not None and now - token.last_used_at < _NOTED_EVERY:
        return
    change = update(tables.token).where(KEPT.id == token.id).values(last_used_at=now)
    with suppress(StorageFull, Unavailable), account.catalog.begin() as tx:
        tx.execute(change)
