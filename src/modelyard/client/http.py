"""The one place of the client that speaks HTTP: requests out, answers or our own errors back."""

from __future__ import annotations

import io
import json
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx

import modelyard
from modelyard.errors import Detail, Internal, ModelyardError, Unavailable, from_code
from modelyard.home import trusted_file
from modelyard.settings import account_home

ARROW = "application/vnd.apache.arrow.stream"
_CHUNK = 2**20

Progress = Callable[[int, int], None]
"""Told, while bytes are sent, how many were and how many there are."""


def path(*parts: str) -> str:
    """An API path of these parts, each quoted.

    >>> path("models", "A/B")
    '/api/v1/models/A%2FB'
    """
    return "/api/v1/" + "/".join(quote(p, safe="@") for p in parts)


class Http:
    """One server and one token."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._client = httpx.Client(
            base_url=self.url,
            headers={
                "authorization": f"Bearer {token}",
                "user-agent": f"modelyard-python/{modelyard.__version__}",
            },
            # The server has its own, shorter, deadlines; a log waits for a fresh R process.
            timeout=httpx.Timeout(300.0, connect=10.0),
            transport=transport or httpx.HTTPTransport(retries=1, verify=_trust(self.url)),
        )

    def json(
        self,
        method: str,
        where: str,
        *,
        params: Mapping[str, str | None] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send JSON, or nothing when ``body`` is None, and return the JSON of the answer."""
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        sent = {"accept": "application/json", **(headers or {})}
        if content is not None:
            sent["content-type"] = "application/json"
        answer = self.send(method, where, params=params, content=content, headers=sent)
        return answer.json() if answer.content else None

    def send(
        self,
        method: str,
        where: str,
        *,
        params: Mapping[str, str | None] | None = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request and return its answer.

        Raises:
            ModelyardError: the server's own, by its code; Unavailable when none answers.
        """
        given = {k: v for k, v in (params or {}).items() if v is not None}
        with self._reachable():
            answer = self._client.request(
                method, where, params=given, content=content, headers=dict(headers or {})
            )
        if answer.is_error:
            raise _error(answer)
        return answer

    def upload(self, source: Path | bytes, progress: Progress | None = None) -> str:
        """Store bytes and return their digest; a file is read piece by piece."""
        opened: BinaryIO
        if isinstance(source, bytes):
            opened, size = io.BytesIO(source), len(source)
        else:
            opened, size = source.open("rb"), source.stat().st_size
        with opened:
            content = _pieces(opened, size, progress)
            headers = {"content-type": "application/octet-stream", "content-length": str(size)}
            answer = self.send("POST", path("artifacts"), content=content, headers=headers)
        return str(answer.json()["digest"])

    def download(self, where: str, params: Mapping[str, str | None], target: BinaryIO) -> None:
        """Write the bytes of an answer to ``target``, piece by piece."""
        given = {k: v for k, v in params.items() if v is not None}
        with self._reachable(), self._client.stream("GET", where, params=given) as answer:
            if answer.is_error:
                answer.read()
                raise _error(answer)
            for piece in answer.iter_bytes(_CHUNK):
                target.write(piece)

    def at(self, url: str) -> Http:
        """The same token at another address, such as a service's."""
        return Http(url, self._token)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Http {self.url} <token>>"

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Turn what goes wrong between here and the server into Unavailable."""
        try:
            yield
        except httpx.TimeoutException as e:
            raise Unavailable(f"The server at {self.url} did not answer in time.") from e
        except (httpx.TransportError, httpx.InvalidURL) as e:
            raise Unavailable(
                f"No server answers at {self.url}.",
                hint="Check the address, and that its server runs.",
            ) from e


def _trust(url: str) -> ssl.SSLContext | bool:
    """Whom to trust at https: whom the system does, and the file of ``MODELYARD_CA`` or, without
    it, the certificate of the home."""
    if not url.startswith("https:"):
        return True
    context = ssl.create_default_context()
    file = os.environ.get("MODELYARD_CA") or trusted_file(account_home())
    if Path(file).is_file():
        context.load_verify_locations(file)
    return context


def _pieces(source: BinaryIO, size: int, progress: Progress | None) -> Iterator[bytes]:
    sent = 0
    while piece := source.read(_CHUNK):
        yield piece
        sent += len(piece)
        if progress is not None:
            progress(sent, size)


def _error(answer: httpx.Response) -> ModelyardError:
    try:
        raw = answer.json()["error"]
        details = [Detail(d["reason"], d.get("column"), d.get("row")) for d in raw["details"] or ()]
        return from_code(raw["code"], raw["message"], raw.get("hint"), details)
    except (ValueError, KeyError, TypeError):
        return Internal(
            f"The server answered {answer.status_code} without saying why.",
            hint="Is this the address of a Modelyard server?",
        )
