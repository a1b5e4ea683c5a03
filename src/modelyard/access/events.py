"""The audit log: what happened, written in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from modelyard.access.types import Actor, Event
from modelyard.account import Account
from modelyard.catalog import tables


def record(
    tx: Connection,
    actor: Actor,
    kind: str,
    subject: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    """Add an event; it stands or falls with the transaction ``tx``.

    ``kind`` is in the past tense (``VersionLogged``), ``subject`` what it happened to
    (``DB.SCHEMA.MODEL/V1``), ``detail`` plain JSON without secrets.
    """
    tx.execute(
        insert(tables.event).values(
            at=now,
            actor=actor.name,
            token_id=actor.token_id,
            kind=kind,
            subject=subject,
            detail=dict(detail),
        )
    )


def list_events(account: Account, *, limit: int = 100, subject: str | None = None) -> list[Event]:
    """The newest events first, at most ``limit`` of them, of one subject or of all."""
    e = tables.event.c
    query = select(e.id, e.at, e.actor, e.token_id, e.kind, e.subject, e.detail)
    if subject is not None:
        query = query.where(e.subject == subject)
    with account.catalog.connect() as tx:
        return [Event(*row) for row in tx.execute(query.order_by(e.id.desc()).limit(limit))]
