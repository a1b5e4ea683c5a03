"""May this actor do that, there? One table; what is not in it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from modelyard.access.parts import Part
from modelyard.access.types import Action, Actor, Role
from modelyard.errors import Forbidden

_EVERYTHING: frozenset[Action] = frozenset(get_args(Action))
_READING: frozenset[Action] = frozenset(
    ("account.read", "model.read", "model.predict", "model.call", "service.read", "table.read")
)

MAY: Mapping[Role, frozenset[Action]] = {
    "owner": _EVERYTHING,
    "admin": _EVERYTHING,
    "deployer": _READING | frozenset(("model.point", "service.write")),
    "author": _READING
    | frozenset(("model.log", "model.annotate", "model.download", "artifact.write")),
    "reader": _READING,
    "auditor": frozenset(("account.read", "event.read")),
    "caller": frozenset(("service.call", "model.call")),
}
"""What each role may do. A reader sees no model's bytes: training rows live in them."""

NOWHERE: frozenset[Action] = frozenset(("account.read", "artifact.write"))
"""What touches no part of the account, so that a token's grants do not matter."""


def allow(actor: Actor, action: Action, *about: Part) -> None:
    """Return if ``actor`` may, by its role, and in one of the parts that this is ``about``.

    A service is about itself and about the model it serves. What names no part is about the whole
    account.

    Raises:
        Forbidden: otherwise.
    """
    allow_role(actor, action)
    allow_within(actor, action, *about)


def allow_role(actor: Actor, *actions: Action) -> None:
    """Return if the role of ``actor`` has one of ``actions``.

    Raises:
        Forbidden: otherwise.
    """
    if not MAY.get(actor.role, frozenset()).intersection(actions):
        able = [role for role, may in MAY.items() if may.intersection(actions)]
        raise Forbidden(
            f"A token with the role {actor.role} may not do this ({' or '.join(actions)}).",
            hint=f"These roles may: {', '.join(able)}.",
        )


def allow_within(actor: Actor, action: Action, *about: Part) -> None:
    """Return if one of these parts is granted to ``actor``, or the action touches none.

    Raises:
        Forbidden: otherwise.
    """
    if action not in NOWHERE and not is_within(actor, *about):
        what = " or ".join(map(str, about)) or "the whole account"
        mine = ", ".join(map(str, actor.grants)) or "nothing"
        raise Forbidden(f"This token is for {mine}, not for {what}.")


def is_within(actor: Actor, *about: Part) -> bool:
    """Whether ``actor`` has one of these parts; without grants all of them, but no caller has."""
    if not actor.grants:
        return actor.role != "caller"
    return any(grant.holds(part) for grant in actor.grants for part in about)
