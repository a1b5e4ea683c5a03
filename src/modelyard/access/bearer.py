"""The secret in an ``Authorization`` header, in either form clients send."""

from __future__ import annotations

import re

from modelyard.errors import Unauthenticated

_FORMS = re.compile(r'(?:Bearer\s+(\S+)|Snowflake\s+Token\s*=\s*"([^"\s]+)")\s*', re.IGNORECASE)


def read_authorization(header: str | None) -> str:
    """The secret of ``Bearer <secret>`` or ``Snowflake Token="<secret>"``.

    Raises:
        Unauthenticated: when there is no header, or one in another form.
    """
    if header is None:
        raise Unauthenticated(
            "This needs a token.", hint="Send it as Authorization: Bearer <token>."
        )
    found = _FORMS.fullmatch(header.strip())
    if found is None:
        raise Unauthenticated(
            "The Authorization header cannot be read.",
            hint='Send Bearer <token>, or Snowflake Token="<token>".',
        )
    return found[1] or found[2]
