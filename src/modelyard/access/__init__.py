"""Who may do what: tokens, roles, the guard, and the audit log."""

from modelyard.access.events import list_events, record
from modelyard.access.guard import allow, is_within
from modelyard.access.identify import authenticate
from modelyard.access.parts import Part
from modelyard.access.tokens import issue_token, list_tokens, revoke_token, rotate_token
from modelyard.access.types import SYSTEM, Action, Actor, Event, Issued, Role, Token

__all__ = [
    "SYSTEM",
    "Action",
    "Actor",
    "Event",
    "Issued",
    "Part",
    "Role",
    "Token",
    "allow",
    "authenticate",
    "is_within",
    "issue_token",
    "list_events",
    "list_tokens",
    "record",
    "revoke_token",
    "rotate_token",
]
