"""Who acts, with which role, and what there is to do. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from modelyard.access.parts import Part

Role = Literal["owner", "admin", "deployer", "author", "reader", "auditor", "caller"]
"""``owner`` is the local account's own; ``guard.py`` says what each of them may do."""

Action = Literal[
    "account.read",
    "settings.read",
    "event.read",
    "token.read",
    "token.write",
    "model.read",
    "model.download",
    "model.predict",
    "model.call",
    "model.log",
    "model.annotate",
    "model.point",
    "model.delete",
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
"""Everything a door may let somebody do. Logging a model is the right to run code in a worker.

``model.call`` is to ask a model as one asks a service, by its name and in any protocol's words;
``model.annotate`` is comments, metrics and tags; ``model.point`` aliases and the default version.
"""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: the user of their token, its role and, where that counts not all over, where."""

    name: str
    role: Role
    token_id: str | None = None
    grants: tuple[Part, ...] = ()

    @property
    def is_bound(self) -> bool:
        """Whether it may do things in some places only; a caller without a grant in none."""
        return bool(self.grants) or self.role == "caller"


SYSTEM = Actor("modelyard", "owner")
"""Modelyard itself, for what nobody asked for."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without its secret, which is not kept.

    ``networks`` are the ranges of addresses it may be used from, none for all; ``replaced_by`` is
    the id of the one made when it was rotated.
    """

    id: str
    name: str
    user: str
    role: Role
    grants: tuple[Part, ...]
    networks: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    last_used_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "id": self.id,
            "name": self.name,
            "user": self.user,
            "role": self.role,
            "grants": [str(grant) for grant in self.grants],
            "networks": list(self.networks),
            "created_at": iso(self.created_at),
            "created_by": self.created_by,
            "expires_at": _iso_or_none(self.expires_at),
            "revoked_at": _iso_or_none(self.revoked_at),
            "replaced_by": self.replaced_by,
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
    token_id: str | None
    kind: str
    subject: str
    detail: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "id": self.id,
            "at": iso(self.at),
            "actor": self.actor,
            "token_id": self.token_id,
            "kind": self.kind,
            "subject": self.subject,
            "detail": dict(self.detail),
        }


def iso(at: datetime) -> str:
    """A time as it is sent: ISO 8601 in UTC with Z."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _iso_or_none(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
