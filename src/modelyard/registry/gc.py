"""Collecting what no version names: bytes and libraries that failed or deleted logs left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from modelyard.access import Actor, record
from modelyard.account import Account
from modelyard.artifacts.base import Entry
from modelyard.catalog import tables
from modelyard.errors import InvalidValue
from modelyard.faults import fault_point
from modelyard.runtime.environment import Environment

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Collected:
    """How many artifacts were deleted, and their size together."""

    deleted: int
    bytes: int


def collect(account: Account, actor: Actor, grace_s: float | None = None) -> Collected:
    """Delete artifacts that no version names and that were last put at least ``grace_s`` ago.

    The grace (the setting ``gc_grace_s`` when None) is for logs that are under way: their bytes
    are stored before their row is written. Libraries of packages that no version has any more go
    likewise, those of a version that was just deleted one grace after they lost their name.

    Raises:
        InvalidValue: for a negative grace.
    """
    grace = account.settings.gc_grace_s if grace_s is None else grace_s
    if not grace >= 0:
        raise InvalidValue(f"The grace is a number of seconds from 0, not {grace}.")
    before = account.now() - timedelta(seconds=grace)
    with account.catalog.connect() as tx:
        old = (e for e in account.artifacts.entries() if e.modified_at <= before)
        candidates = [e for some in _batches(old) for e in _unreferenced(tx, some)]
    deleted: list[Entry] = []
    for some in _batches(iter(candidates)):
        deleted += _delete(account, actor, some)
    account.artifacts.sweep(grace)
    with account.catalog.connect() as tx:
        environments = {_digest_of(raw) for raw in tx.scalars(select(tables.version.c.manifest))}
    account.libraries.sweep(environments, grace)
    return Collected(len(deleted), sum(e.size_bytes for e in deleted))


def _delete(account: Account, actor: Actor, candidates: Sequence[Entry]) -> list[Entry]:
    """Delete those that still nobody names, while no log can come to name them."""
    now = account.now()
    with account.catalog.begin() as tx:
        fault_point("gc.begun")
        gone = [e for e in _unreferenced(tx, candidates) if account.artifacts.delete(e.digest)]
        fault_point("gc.deleted")
        if gone:
            detail = {"digests": [e.digest for e in gone], "bytes": sum(e.size_bytes for e in gone)}
            record(tx, actor, "ArtifactsCollected", "artifacts", detail, now)
    fault_point("gc.committed")
    return gone


def _unreferenced(tx: Connection, entries: Sequence[Entry]) -> list[Entry]:
    digest = tables.version_file.c.digest
    query = select(digest).where(digest.in_([e.digest for e in entries]))
    named = set(tx.scalars(query))
    return [e for e in entries if e.digest not in named]


def _digest_of(manifest: Mapping[str, Any]) -> str:
    return Environment.from_dict(manifest["environment"]).digest


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while some := list(islice(entries, _BATCH)):
        yield some
