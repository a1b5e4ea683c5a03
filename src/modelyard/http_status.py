"""What an error leaves with over HTTP: the one table of status numbers, and its headers.

The server's door and every service host answer with it, and so agree.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelyard.errors import ModelyardError, Overloaded, TooLarge, Unavailable

STATUS: Mapping[str, int] = {
    "malformed_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "already_exists": 409,
    "in_use": 409,
    "conflict": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "missing_column": 422,
    "duplicate_column": 422,
    "unexpected_column": 422,
    "type_mismatch": 422,
    "null_not_allowed": 422,
    "unknown_level": 422,
    "integer_out_of_range": 422,
    "precision_loss": 422,
    "invalid_value": 422,
    "invalid_name": 422,
    "invalid_signature": 422,
    "model_error": 422,
    "memory_limit": 422,
    "verification_failed": 422,
    "missing_package": 422,
    "model_rejected": 422,
    "overloaded": 429,
    "internal": 500,
    "contract_violation_output": 500,
    "worker_crashed": 502,
    "unavailable": 503,
    "model_timeout": 504,
    "storage_full": 507,
}


def status_of(error: ModelyardError) -> int:
    """The status an error leaves with.

    >>> from modelyard.errors import NotFound
    >>> status_of(NotFound("No model MPG."))
    404
    """
    return STATUS[error.code]


def headers_of(error: ModelyardError) -> dict[str, str]:
    """The headers an error leaves with."""
    headers = {"cache-control": "no-store"}
    if status_of(error) == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, Overloaded | Unavailable):
        headers["retry-after"] = "1"
    if isinstance(error, TooLarge):
        # The rest of the body is not read, so the connection cannot be used again.
        headers["connection"] = "close"
    return headers


def body_of(error: ModelyardError, request_id: str | None, path: str) -> Mapping[str, object]:
    """The JSON an error leaves with: the one envelope, or below ``/v2`` the text that the Open
    Inference Protocol has for it.

    >>> from modelyard.errors import NotFound
    >>> body_of(NotFound("No model MPG."), None, "/v2/models/MPG")
    {'error': 'No model MPG.'}
    """
    if path == "/v2" or path.startswith("/v2/"):
        return {"error": " ".join(filter(None, (error.message, error.hint)))}
    return error.envelope(request_id)
