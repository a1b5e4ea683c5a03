"""A connection to an account: its address, its token, a database and a schema."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from modelyard.client.http import ARROW, Http, path
from modelyard.client.launch import find_or_start
from modelyard.client.profiles import choose
from modelyard.client.rows import from_stream, to_stream, to_table
from modelyard.client.tokens import Tokens
from modelyard.errors import Unavailable
from modelyard.home import running_server
from modelyard.settings import read_settings

_DYING_PATIENCE_S = 5.0


def connect(
    url: str | None = None, token: str | None = None, name: str | None = None
) -> Connection:
    """Connect to an account.

    Without arguments: ``MODELYARD_URL`` and ``MODELYARD_TOKEN`` if they are set, else the local
    account in ``MODELYARD_HOME``, whose server is started when it is not running. ``name`` is a
    profile of ``connections.toml`` in that home.

    Raises:
        Unauthenticated: no token, or one the server does not take.
        Unavailable: no server answers, or the local one did not start.
        NotFound: no such profile.
    """
    home = read_settings().home
    target = choose(url, token, name, os.environ, home)
    if target.url is None:
        http, account = _local(home, target.token)
    else:
        http = Http(target.url, target.token or "")
        account = http.json("GET", path("account"))
    return Connection(
        http,
        target.database or account["default_database"],
        target.schema or account["default_schema"],
        account,
    )


def _local(home: Path, token: str | None) -> tuple[Http, dict[str, Any]]:
    """Reach the local account. A server being killed holds its lock a moment longer."""
    until = time.monotonic() + _DYING_PATIENCE_S
    while True:
        found = find_or_start(home)
        http = Http(found.url, token or found.token)
        try:
            return http, http.json("GET", path("account"))
        except Unavailable:
            http.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


class Connection:
    """An open connection; ``database`` and ``schema`` complete names that are not whole."""

    def __init__(self, http: Http, database: str, schema: str, account: dict[str, Any]) -> None:
        self._http = http
        self.database = database
        self.schema = schema
        self._account = account

    @property
    def url(self) -> str:
        """The server's address."""
        return self._http.url

    @property
    def account(self) -> dict[str, Any]:
        """What the server said of itself: version, actor, role, r_version, defaults."""
        return dict(self._account)

    def sql(self, sql: str) -> pa.Table | int:
        """Run one SQL statement: the rows of a query, or how many rows a statement changed.

        Raises:
            InvalidValue: SQL that is wrong or not allowed.
            NotFound: a table that is not there.
        """
        body = {"sql": sql, "database": self.database, "schema": self.schema}
        answer = self._http.send(
            "POST",
            path("sql"),
            content=json.dumps(body).encode(),
            headers={"content-type": "application/json", "accept": ARROW},
        )
        if answer.headers.get("content-type", "").startswith(ARROW):
            return from_stream(answer.content)
        return int(answer.json()["rows_affected"])

    def read_table(self, name: str, limit: int | None = None) -> pa.Table:
        """The rows of a table, at most ``limit`` of them.

        Raises:
            NotFound: there is no such table.
        """
        answer = self._http.send(
            "GET",
            path("tables", name),
            params={**self.namespace, "limit": None if limit is None else str(limit)},
            headers={"accept": ARROW},
        )
        return from_stream(answer.content)

    def write_table(self, name: str, rows: object, *, overwrite: bool = False) -> int:
        """Store rows as a table and return how many; all of them or none.

        ``rows`` is an Arrow table, a dict of columns, a list of records or a pandas data frame.

        Raises:
            AlreadyExists: the table is there and ``overwrite`` is False.
        """
        answer = self._http.send(
            "PUT",
            path("tables", name),
            params={**self.namespace, "overwrite": "true" if overwrite else "false"},
            content=to_stream(to_table(rows)[0]),
            headers={"content-type": ARROW, "accept": "application/json"},
        )
        return int(answer.json()["rows"])

    def tables(self) -> list[str]:
        """Names of the tables of this database and schema."""
        found = self._http.json("GET", path("tables"), params=self.namespace)
        return [t["name"] for t in found["tables"]]

    def drop_table(self, name: str) -> None:
        """Remove a table.

        Raises:
            NotFound: there is no such table.
        """
        self._http.json("DELETE", path("tables", name), params=self.namespace)

    @property
    def tokens(self) -> Tokens:
        """The account's tokens: made, listed, rotated and revoked here."""
        return Tokens(self._http, self.namespace)

    @property
    def namespace(self) -> dict[str, str | None]:
        """Database and schema as they go with a request."""
        return {"database": self.database, "schema": self.schema}

    @property
    def http(self) -> Http:
        """The way to the server, for what has no method here."""
        return self._http

    @property
    def is_local(self) -> bool:
        """Whether this is the server of this machine's home."""
        info = running_server(read_settings().home)
        return info is not None and info.url == self.url

    def close(self) -> None:
        """Let go of the connection; the server goes on."""
        self._http.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Connection {self.url} {self.database}.{self.schema}>"
