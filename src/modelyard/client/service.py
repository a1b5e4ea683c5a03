"""A service: a version, or what an alias points at, at a URL of its own."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from modelyard.client.connection import Connection
from modelyard.client.http import path
from modelyard.client.run import run
from modelyard.errors import Unavailable

_POLL_S = 0.25


class Service:
    """A running endpoint, or one that is on its way."""

    def __init__(self, connection: Connection, raw: dict[str, Any]) -> None:
        self._connection = connection
        self._raw = raw

    @property
    def name(self) -> str:
        """Its name."""
        return str(self._raw["name"])

    @property
    def fully_qualified_name(self) -> str:
        """``DB.SCHEMA.NAME``."""
        return f"{self._raw['database']}.{self._raw['schema']}.{self.name}"

    @property
    def url(self) -> str | None:
        """Where it answers; None until it does."""
        url = self._raw["url"]
        return None if url is None else str(url)

    def status(self) -> dict[str, Any]:
        """How it is now: status, cause, containers, history."""
        self._raw = self._connection.http.json("GET", path("services", self.fully_qualified_name))
        return dict(self._raw)

    def logs(self, lines: int = 100) -> str:
        """The last lines of its log."""
        where = path("services", self.fully_qualified_name, "logs")
        answer = self._connection.http.json("GET", where, params={"lines": str(lines)})
        return "\n".join(answer["lines"])

    def wait(self, timeout_s: float = 600.0, watch: Callable[[str], None] | None = None) -> Service:
        """Return when it is ready; ``watch`` is told the status at each look.

        Raises:
            Unavailable: it failed, was stopped, or is not ready after ``timeout_s`` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while (now := self.status())["status"] != "READY":
            if watch is not None:
                watch(now["status"])
            if now["status"] in ("FAILED", "STOPPED") or now["refused"]:
                raise Unavailable(
                    f"The service {self.name} did not become ready: {now['cause'] or now['status']}"
                )
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The service {self.name} is not ready after {timeout_s:g} seconds: "
                    f"{now['status']}."
                )
            time.sleep(_POLL_S)
        return self

    def run(self, rows: object, *, strict: bool = False) -> Any:
        """Score rows at the service's own URL.

        Raises:
            Unavailable: it has no URL yet.
        """
        if self.url is None:
            raise Unavailable(f"The service {self.name} has no URL yet.", hint="Wait for it.")
        with self._connection.http.at(self.url) as http:
            return run(http, "/predict", rows, {}, strict)

    def delete(self) -> None:
        """End it."""
        self._connection.http.json("DELETE", path("services", self.fully_qualified_name))

    def to_dict(self) -> dict[str, Any]:
        """Everything known of it, as the server said it."""
        return dict(self._raw)

    def __repr__(self) -> str:
        return f"<Service {self.fully_qualified_name} {self._raw['status']}>"


def create(connection: Connection, body: dict[str, Any]) -> Service:
    """Ask for a service; warn of a version nothing is known of but that it loads."""
    raw = connection.http.json("POST", path("services"), body=body)
    _warn(raw.pop("notes", ()))
    return Service(connection, raw)


def get_service(connection: Connection, name: str) -> Service:
    """The service of this name.

    Raises:
        NotFound: there is none.
    """
    raw = connection.http.json("GET", path("services", name), params=connection.namespace)
    return Service(connection, raw)


def services_of(
    connection: Connection, model: str | None = None, version: str | None = None
) -> list[Service]:
    """Services of a model and a version, or of the connection's database and schema."""
    params = {"model": model, "version": version, **({} if model else connection.namespace)}
    found = connection.http.json("GET", path("services"), params=params)
    return [Service(connection, raw) for raw in found["services"]]


def warn_moved(moved: dict[str, Any]) -> None:
    """Warn of what callers of an alias which was moved run into, and of each service that follows
    it and goes on with what it had."""
    _warn(moved.get("notes", ()))
    _warn(
        f"The service {service['service']} does not follow: {service['cause']}"
        for service in moved["services"]
        if service["cause"] is not None
    )


def _warn(notes: Iterable[str]) -> None:
    """Warn of each, in the line of whoever called; a server of an earlier version sends none."""
    for note in notes:
        warnings.warn(note, stacklevel=4)
