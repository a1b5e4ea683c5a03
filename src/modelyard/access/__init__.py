"""Who may do what: tokens, roles, the guard, and the audit log."""

from modelyard.access.events import list_events, record
from modelyard.access.guard import allow
from modelyard.access.tokens import authenticate, issue_token, list_tokens, revoke_token
from modelyard.access.types import SYSTEM, Action, Actor, Event, Issued, Role, Token

__all__ = [
    "SYSTEM",
    "Action",
    "Actor",
    "Event",
    "Issued",
    "Role",
    "Token",
    "allow",
    "authenticate",
    "issue_token",
    "list_events",
    "list_tokens",
    "record",
    "revoke_token",
]
