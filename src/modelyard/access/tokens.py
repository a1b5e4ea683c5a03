"""Tokens: issued, listed, rotated, revoked. Of a secret only its SHA-256 is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

from sqlalchemy import Connection

from modelyard.access import store
from modelyard.access.events import record
from modelyard.access.networks import read_network
from modelyard.access.parts import Part
from modelyard.access.secret import new_secret
from modelyard.access.types import SYSTEM, Actor, Issued, Role, Token
from modelyard.account import Account
from modelyard.errors import Conflict, Forbidden, InvalidValue, NotFound
from modelyard.names import Namespace

MOST_DAYS = 90
OVERLAP_HOURS = 24.0
MOST_OVERLAP_HOURS = 7 * 24
_MOST_LISTED = 64


def issue_token(
    account: Account,
    actor: Actor,
    *,
    name: str,
    role: str,
    user: str | None = None,
    grants: Sequence[str] = (),
    networks: Sequence[str] = (),
    days: float | None = None,
    place: Namespace | None = None,
) -> Issued:
    """A new token, its secret shown this once.

    ``user`` is who acts with it, the token's own name unless it is said; ``grants`` are the parts
    of the account its role counts for, none for all, bare names of them in ``place``;
    ``networks`` the addresses it may be used from, none for all. ``days`` None: as the settings
    say; the owner's does not expire.

    Raises:
        InvalidValue: for an unknown role, a caller without a grant, a name that is no name, ...
        InvalidName: for a grant whose name is none.
        Forbidden: for an owner's token, unless the account itself asks.
    """
    role = _check_role(actor, role)
    parts = _check_grants(role, grants, place or account.namespace())
    now = account.now()
    secret = new_secret(role)
    token = Token(
        id=secret.id,
        name=_check_text(name, "name"),
        user=_check_text(name if user is None else user, "user"),
        role=role,
        grants=parts,
        networks=tuple(read_network(text) for text in _check_list(networks, "networks")),
        created_at=now,
        created_by=actor.name,
        expires_at=None if role == "owner" else now + _check_days(account, days),
    )
    with account.catalog.begin() as tx:
        store.add(tx, token, secret.sha256)
        record(tx, actor, "TokenIssued", f"token {token.id}", _detail(token), now)
    return Issued(token, secret.text)


def _check_role(actor: Actor, role: str) -> Role:
    roles: tuple[Role, ...] = get_args(Role)
    found = next((r for r in roles if r == role), None)
    if found is None:
        raise InvalidValue(f"A role is one of {', '.join(roles)}, not {role!r}.")
    if found == "owner" and actor is not SYSTEM:
        raise Forbidden("The account makes its owner's token itself.", hint="Ask for an admin's.")
    return found


def _check_grants(role: Role, grants: Sequence[str], place: Namespace) -> tuple[Part, ...]:
    parts = tuple(Part.parse(text, place) for text in _check_list(grants, "grants"))
    if role == "caller" and not parts:
        raise InvalidValue(
            "A caller's token says what it may call.",
            hint="Grant it a service, a model, a schema or a database.",
        )
    if role in ("owner", "auditor") and parts:
        raise InvalidValue(f"The role {role} is for the whole account; it takes no grants.")
    return parts


def _check_list(raw: Sequence[str], what: str) -> Sequence[str]:
    if isinstance(raw, str) or not isinstance(raw, Sequence) or len(raw) > _MOST_LISTED:
        raise InvalidValue(f"{what} is a list of at most {_MOST_LISTED} texts, not {raw!r:.80}.")
    return raw


def _check_text(text: str, what: str) -> str:
    if not isinstance(text, str) or not 1 <= len(text) <= 255 or not text.isprintable():
        raise InvalidValue(f"A token's {what} is a text of 1 to 255 characters, not {text!r:.80}.")
    return text


def _check_days(account: Account, days: float | None) -> timedelta:
    days = account.settings.token_days if days is None else days
    return timedelta(days=_check_number(days, "days", MOST_DAYS, may_be_0=False))


def _check_number(number: float, what: str, most: float, *, may_be_0: bool) -> float:
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    if not is_number or not (0 < number <= most or (may_be_0 and number == 0)):
        least = "at least 0" if may_be_0 else "more than 0"
        raise InvalidValue(f"{what} is a number, {least} and up to {most}, not {number!r:.80}.")
    return number


def _detail(token: Token) -> dict[str, object]:
    shown = token.to_dict()
    return {k: shown[k] for k in ("name", "user", "role", "grants", "networks", "expires_at")}


def list_tokens(account: Account) -> list[Token]:
    """Every token, the revoked and expired ones too, oldest first."""
    query = store.select_tokens().order_by(store.KEPT.created_at, store.KEPT.id)
    with account.catalog.connect() as tx:
        return [store.read_token(account, row) for row in tx.execute(query)]


def rotate_token(
    account: Account,
    actor: Actor,
    token: str,
    *,
    overlap_hours: float = OVERLAP_HOURS,
    days: float | None = None,
) -> Issued:
    """A new secret for a token, named by its id or name; the old one works for ``overlap_hours``
    more, but no longer than it would have.

    Everything else stays as it was; ``days`` None: as the settings say.

    Raises:
        NotFound: when there is no such token.
        Forbidden: for the owner's.
        Conflict: for one that works no more, or was rotated before; or several have the name.
        InvalidValue: for numbers out of bounds.
    """
    now = account.now()
    _check_number(overlap_hours, "overlap_hours", MOST_OVERLAP_HOURS, may_be_0=True)
    lifetime = _check_days(account, days)
    with account.catalog.begin() as tx:
        old = _need(account, tx, token)
        if old.role == "owner":
            raise Forbidden("The account makes its owner's token itself.")
        if old.replaced_by is not None:
            raise Conflict(f"This token was rotated already; rotate {old.replaced_by}.")
        ends = old.expires_at or datetime.max.replace(tzinfo=UTC)
        if old.revoked_at is not None or ends < now:
            raise Conflict("This token works no more.", hint="Make a new one.")
        secret = new_secret(old.role)
        new = Token(
            id=secret.id,
            name=old.name,
            user=old.user,
            role=old.role,
            grants=old.grants,
            networks=old.networks,
            created_at=now,
            created_by=actor.name,
            expires_at=now + lifetime,
        )
        store.add(tx, new, secret.sha256)
        store.replace(tx, old.id, new.id, min(ends, now + timedelta(hours=overlap_hours)))
        if overlap_hours == 0:
            store.revoke(tx, old.id, now)
        detail = {**_detail(new), "new": new.id, "overlap_hours": overlap_hours}
        record(tx, actor, "TokenRotated", f"token {old.id}", detail, now)
    return Issued(new, secret.text)


def revoke_token(account: Account, actor: Actor, token: str) -> Token:
    """End a token, named by its id or name, at once, and with it those it replaced.

    One that was revoked before stays as it was.

    Raises:
        NotFound: when there is no such token.
        Forbidden: for an owner's token, unless the owner asks.
        Conflict: when several have the name.
    """
    now = account.now()
    with account.catalog.begin() as tx:
        named = _need(account, tx, token)
        ending: Token | None = named
        while ending is not None:
            if ending.role == "owner" and actor.role != "owner":
                raise Forbidden("Only the owner may revoke an owner's token.")
            if ending.revoked_at is None:
                store.revoke(tx, ending.id, now)
                detail = {"name": ending.name}
                record(tx, actor, "TokenRevoked", f"token {ending.id}", detail, now)
            ending = store.replaced_by(account, tx, ending.id)
        return _need(account, tx, named.id)


def _need(account: Account, tx: Connection, token: str) -> Token:
    """The token with this id, else the one with this name that works and has no successor."""
    found = store.find(account, tx, token)
    if found is not None:
        return found
    named = store.current(account, tx, token, account.now())
    if not named:
        raise NotFound(f"There is no token {token[:80]!r}.")
    if len(named) > 1:
        raise Conflict(
            f"{len(named)} tokens are called {token[:80]!r}.",
            hint=f"Name one by its id: {', '.join(t.id for t in named)}.",
        )
    return named[0]
