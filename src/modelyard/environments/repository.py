"""Repositories like CRAN's, by ``file://`` or HTTP: their list of packages, and the sources."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from modelyard.environments.described import in_tarball, is_version, records
from modelyard.errors import InvalidValue, Unavailable
from modelyard.runtime.environment import Demand, version_key

MOST_BYTES = 2**30
"""Of one file: sources of packages are far smaller."""

_MOST_LISTED = 2**28
"""Bytes of an unpacked list of packages: CRAN's has a twentieth of it."""

_FOLDER = re.compile(r"(?!.*\.\.)[A-Za-z0-9._/-]{0,200}")

_TIMEOUT_S = 60.0
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Source:
    """Sources that were fetched: the file, its SHA-256, the repository and its DESCRIPTION."""

    file: Path
    digest: str
    repository: str
    fields: dict[str, str]


class NotThere(Exception):
    """A repository has no such file."""


class Unusable(Exception):
    """What a package's sources are instead of usable; the text goes on after its name."""


@dataclass(slots=True)
class Repositories:
    """Repositories in the order in which they are asked; their lists are read once."""

    urls: tuple[str, ...]
    _lists: dict[str, dict[str, list[dict[str, str]]]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Repositories:
        """From addresses with spaces between them.

        Raises:
            InvalidValue: for one that is neither ``file://`` nor ``http(s)://``.
        """
        urls = tuple(url.rstrip("/") for url in text.split())
        if not all(_is_address(url) for url in urls):
            raise InvalidValue(
                "r_repositories has an address that is neither file:// nor http(s)://."
            )
        return cls(urls)

    def fetch(self, name: str, version: str, demand: Demand | None, into: Path) -> Source:
        """Fetch the sources of this version, of the newest one that meets ``demand`` when empty.

        Raises:
            Unusable: no repository has it, or what it has is damaged.
            Unavailable: a repository cannot be reached.
        """
        for url in self.urls:
            for path, md5 in self._places(url, name, version, demand):
                target = into / path.rpartition("/")[2]
                try:
                    download(f"{url}/src/contrib/{quote(path)}", target)
                except NotThere:
                    continue
                return _checked(target, name, version, md5, url)
        what = f"in version {version}" if version else str(demand or "")
        raise Unusable(f"is in none of the repositories {what}".rstrip())

    def _places(
        self, url: str, name: str, version: str, demand: Demand | None
    ) -> Iterator[tuple[str, str]]:
        """Where the sources may be, under ``src/contrib``, with their MD5 where it is known."""
        listed = self._list(url).get(name, [])
        listed.sort(key=lambda f: version_key(f["Version"]), reverse=True)
        for fields in listed:
            there = fields["Version"]
            same = version_key(there) == version_key(version) if version else True
            if same and (demand is None or demand.is_met_by(there)):
                folder = f"{fields['Path']}/" if fields.get("Path") else ""
                yield f"{folder}{name}_{there}.tar.gz", fields.get("MD5sum", "")
                return
        if version:
            yield f"Archive/{name}/{name}_{version}.tar.gz", ""

    def _list(self, url: str) -> dict[str, list[dict[str, str]]]:
        if url not in self._lists:
            found: dict[str, list[dict[str, str]]] = {}
            for fields in records(_packages(url)):
                if "Package" in fields and _is_usable(fields):
                    found.setdefault(fields["Package"], []).append(fields)
            self._lists[url] = found
        return self._lists[url]


def _is_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("file", "http", "https")
    except ValueError:
        return False


def _is_usable(fields: dict[str, str]) -> bool:
    """Whether a list's version and folder of a package can be parts of the name of a file."""
    folder = _FOLDER.fullmatch(fields.get("Path", ""))
    return is_version(fields.get("Version", "")) and folder is not None


def _packages(url: str) -> str:
    for name in ("PACKAGES.gz", "PACKAGES"):
        try:
            with opened(f"{url}/src/contrib/{name}") as chunks:
                data = b"".join(chunks)
            if name.endswith(".gz"):
                with gzip.open(io.BytesIO(data)) as unpacked:
                    data = unpacked.read(_MOST_LISTED + 1)
        except NotThere:
            continue
        except (OSError, EOFError, zlib.error) as e:
            raise Unavailable(f"The list of packages of {shown(url)} is damaged.") from e
        if len(data) > _MOST_LISTED:
            raise Unavailable(f"The list of packages of {shown(url)} is larger than any.")
        return data.decode("utf-8", errors="replace")
    raise Unavailable(
        f"There is no repository at {shown(url)}: it has no src/contrib/PACKAGES.",
        hint="r_repositories has addresses as R's options(repos) has them.",
    )


def _checked(target: Path, name: str, version: str, md5: str, url: str) -> Source:
    data = target.read_bytes()
    if md5 and hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
        raise Unusable(f"has other bytes in {shown(url)} than its list says")
    fields = in_tarball(target, name)
    if fields is None or not is_version(fields.get("Version", "")):
        raise Unusable(f"is damaged in {shown(url)}")
    if version and version_key(fields["Version"]) != version_key(version):
        raise Unusable(f"says it is {fields['Version']} where {shown(url)} has {version}")
    return Source(target, hashlib.sha256(data).hexdigest(), shown(url), fields)


def download(url: str, target: Path) -> None:
    """Write a file of a repository, wholly or not at all.

    Raises:
        NotThere: the repository has no such file.
        Unavailable: it cannot be reached, or sends without end.
    """
    beside = target.with_name(f"{target.name}.part")
    with opened(url) as chunks, beside.open("wb") as out:
        for chunk in chunks:
            out.write(chunk)
    shutil.move(beside, target)


@contextmanager
def opened(url: str) -> Iterator[Iterator[bytes]]:
    """The bytes of a file of a repository, in pieces, at most ``MOST_BYTES`` of them."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        try:
            with Path(unquote(parts.path)).open("rb") as file:
                yield _limited(iter(lambda: file.read(_CHUNK), b""), url)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as e:
            raise NotThere from e
        return
    import httpx  # a service host starts without it

    try:
        with httpx.stream("GET", url, timeout=_TIMEOUT_S, follow_redirects=True) as answer:
            if answer.status_code in (403, 404, 410):
                raise NotThere
            if answer.is_error:
                raise Unavailable(f"{shown(url)} answered {answer.status_code}.")
            # As sent: a list in gzip form stays one.
            yield _limited(answer.iter_raw(_CHUNK), url)
    except (httpx.HTTPError, httpx.InvalidURL) as e:
        raise Unavailable(f"{shown(url)} cannot be reached.", hint=type(e).__name__) from e


def _limited(chunks: Iterator[bytes], url: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise Unavailable(f"{shown(url)} sends more than {MOST_BYTES:,} bytes.")
        yield chunk


def shown(url: str) -> str:
    """An address without the name and password it may hold."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
