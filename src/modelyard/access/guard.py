"""May this actor do that? One table; what is not in it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from modelyard.access.types import Action, Actor, Role
from modelyard.errors import Forbidden
from modelyard.names import key

_EVERYTHING: frozenset[Action] = frozenset(get_args(Action))

MAY: Mapping[Role, frozenset[Action]] = {
    "owner": _EVERYTHING,
    "admin": _EVERYTHING,
    "reader": frozenset(
        ("account.read", "model.read", "model.predict", "service.read", "table.read")
    ),
    "caller": frozenset(("service.call",)),
}
"""What each role may do. A reader sees no model's bytes: training rows live in them."""


def allow(actor: Actor, action: Action, *, service: str | None = None) -> None:
    """Return if ``actor`` may; for ``service.call``, ``service`` is the one that is called.

    Raises:
        Forbidden: otherwise.
    """
    if action not in MAY.get(actor.role, frozenset()):
        raise Forbidden(
            f"A token with the role {actor.role} may not do this ({action}).",
            hint=f"These roles may: {', '.join(r for r, may in MAY.items() if action in may)}.",
        )
    if actor.role != "caller":
        return
    if service is None or actor.service is None or key(actor.service) != key(service):
        raise Forbidden("This token is for another service.")
