"""Tokens: who may come in, from where, for what and until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.client.http import Http, path


class Tokens:
    """The tokens of an account. A new one's secret is under ``token``, this once."""

    def __init__(self, http: Http, namespace: Mapping[str, str | None]) -> None:
        self._http = http
        self._namespace = namespace

    def create(
        self,
        name: str,
        role: str = "reader",
        grants: Sequence[str] = (),
        *,
        user: str | None = None,
        networks: Sequence[str] = (),
        days: float | None = None,
    ) -> dict[str, Any]:
        """Make a token.

        ``grants`` are the parts of the account its role counts for, such as ``"service mpg"`` or
        ``"schema ML_DB.MODELS"``; none: the whole account. ``networks`` are the ranges of
        addresses it may be used from (``"10.0.0.0/8"``); none: any. ``user`` is who acts with it,
        its name unless it is said.

        Raises:
            InvalidValue: an unknown role, more than 90 days, ...
            Forbidden: this connection's own token may not make tokens.
        """
        body: dict[str, Any] = {"name": name, "role": role, "grants": list(grants)}
        body |= {"user": user, "networks": list(networks), "days": days}
        made = self._http.json("POST", path("tokens"), params=self._namespace, body=body)
        return dict(made)

    def list(self) -> list[dict[str, Any]]:
        """All tokens, the revoked and expired ones too, without secrets."""
        return list(self._http.json("GET", path("tokens"))["tokens"])

    def rotate(
        self, token: str, *, overlap_hours: float = 24, days: float | None = None
    ) -> dict[str, Any]:
        """Make a new secret for a token, named by its id or name.

        The old one works for ``overlap_hours`` more, and no longer than it would have.

        Raises:
            NotFound: there is no such token that works.
            Conflict: several have the name.
        """
        body = {"overlap_hours": overlap_hours, "days": days}
        where = path("tokens", token, "rotate")
        return dict(self._http.json("POST", where, body=body))

    def revoke(self, token: str) -> dict[str, Any]:
        """End a token, named by its id or name, and those it replaced, at once.

        Raises:
            NotFound: there is no such token that works.
            Conflict: several have the name.
        """
        return dict(self._http.json("DELETE", path("tokens", token)))
