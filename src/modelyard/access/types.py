"""Who acts, with which role, and what there is to do. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Role = Literal["owner", "admin", "reader", "caller"]
"""``owner``: the local account's own; ``caller``: may only call the service it is bound to."""

Action = Literal[
    "account.read",
    "settings.read",
    "event.read",
    "token.read",
    "token.write",
    "model.read",
    "model.download",
    "model.predict",
    "model.write",
    "artifact.write",
    "service.read",
    "service.write",
    "service.call",
    "table.read",
    "table.write",
    "environment.write",
    "gc.run",
    "server.shutdown",
]
"""Everything a door may let somebody do. Logging a model is the right to run code in a worker."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: the name of their token, its role and, for a caller, the service it may call."""

    name: str
    role: Role
    token_id: str | None = None
    service: str | None = None


SYSTEM = Actor("modelyard", "owner")
"""Modelyard itself, for what nobody asked for."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without its secret, which is not kept."""

    id: str
    name: str
    role: Role
    service: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "service": self.service,
            "created_at": iso(self.created_at),
            "created_by": self.created_by,
            "expires_at": _iso_or_none(self.expires_at),
            "revoked_at": _iso_or_none(self.revoked_at),
            "last_used_at": _iso_or_none(self.last_used_at),
        }


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token with its secret, shown this once."""

    token: Token
    secret: str

    def to_dict(self) -> dict[str, Any]:
        """As it is sent, once."""
        return {**self.token.to_dict(), "token": self.secret}

    def __repr__(self) -> str:
        return f"Issued({self.token!r}, <secret>)"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: who did what to what, in the past tense (``AliasMoved``)."""

    id: int
    at: datetime
    actor: str
    kind: str
    subject: str
    detail: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "id": self.id,
            "at": iso(self.at),
            "actor": self.actor,
            "kind": self.kind,
            "subject": self.subject,
            "detail": dict(self.detail),
        }


def iso(at: datetime) -> str:
    """A time as it is sent: ISO 8601 in UTC with Z."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _iso_or_none(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
