"""The SQL of tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, or_, select, update

from modelyard.access.parts import Part
from modelyard.access.types import Token
from modelyard.account import Account
from modelyard.catalog import tables

KEPT = tables.token.c


def select_tokens() -> Select[Any]:
    """All tokens, with the hashes of their secrets."""
    return select(tables.token)


def read_token(account: Account, row: Any) -> Token:
    """The token of a row, without the hash."""
    default = account.namespace()
    return Token(
        id=row.id,
        name=row.name,
        user=row.user_name,
        role=row.role,
        grants=tuple(Part.parse(grant, default) for grant in row.grants),
        networks=tuple(row.networks),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        replaced_by=row.replaced_by,
        last_used_at=row.last_used_at,
    )


def find(account: Account, tx: Connection, token_id: str) -> Token | None:
    """The token with this id."""
    row = tx.execute(select_tokens().where(KEPT.id == token_id)).one_or_none()
    return None if row is None else read_token(account, row)


def current(account: Account, tx: Connection, name: str, now: datetime) -> list[Token]:
    """The tokens of this name that work and have no successor."""
    query = select_tokens().where(
        KEPT.name == name,
        KEPT.revoked_at.is_(None),
        KEPT.replaced_by.is_(None),
        or_(KEPT.expires_at.is_(None), KEPT.expires_at > now),
    )
    return [read_token(account, row) for row in tx.execute(query.order_by(KEPT.created_at))]


def replaced_by(account: Account, tx: Connection, token_id: str) -> Token | None:
    """The token that was rotated to the one with this id."""
    row = tx.execute(select_tokens().where(KEPT.replaced_by == token_id)).one_or_none()
    return None if row is None else read_token(account, row)


def add(tx: Connection, token: Token, sha256: str) -> None:
    """Keep a new token."""
    tx.execute(
        insert(tables.token).values(
            id=token.id,
            name=token.name,
            user_name=token.user,
            role=token.role,
            grants=[str(grant) for grant in token.grants],
            networks=list(token.networks),
            secret_sha256=sha256,
            created_at=token.created_at,
            created_by=token.created_by,
            expires_at=token.expires_at,
        )
    )


def revoke(tx: Connection, token_id: str, at: datetime) -> None:
    """End a token."""
    tx.execute(update(tables.token).where(KEPT.id == token_id).values(revoked_at=at))


def replace(tx: Connection, token_id: str, new_id: str, expires_at: datetime) -> None:
    """Say which token another was rotated to, and until when it still works."""
    change = update(tables.token).where(KEPT.id == token_id)
    tx.execute(change.values(replaced_by=new_id, expires_at=expires_at))
