"""A registry without R: a real catalog and real files, and a verifier that believes everything."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
from sqlalchemy import func, select, text

from modelyard.access import Actor
from modelyard.account import Account
from modelyard.artifacts.files import FileStore
from modelyard.catalog import tables
from modelyard.catalog.engine import open_catalog
from modelyard.names import ModelRef, Namespace, Qualified
from modelyard.registry.log import log_version
from modelyard.registry.types import LoggedVersion, LogRequest, Verified, VerifyRequest
from modelyard.runtime.base import Prediction
from modelyard.runtime.manifest import Checks, Environment
from modelyard.settings import Settings
from modelyard.signature import Signature, columns

HERE = Namespace("ML_DB", "MODELS")
MPG = Qualified(HERE, "MPG")
ANNA = Actor("anna", "admin")
ROWS = pa.table({"wt": [2.5, 3.0]})
GOLDEN = pa.table({"prediction": [21.5, 19.25]})


def account_at(home: Path, now: Any = None) -> Account:
    """An account whose warehouse nobody may need, and whose workers need no R."""
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home=home)
    catalog = open_catalog(settings.catalog)
    catalog.upgrade()
    clock = now or (lambda: datetime.now(UTC) + timedelta(milliseconds=1))
    store = FileStore(home / "artifacts")
    return Account(settings, catalog, store, cast(Any, None), cast(Any, GoldenWorkers()), clock)


class GoldenWorkers:
    """Workers that give the golden predictions, whatever they are asked."""

    def predict(self, *_: object, **__: object) -> Prediction:
        return Prediction(GOLDEN)

    def scan(self, *_: object) -> None:
        return None


@contextmanager
def opened(home: Path) -> Iterator[Account]:
    account = account_at(home)
    try:
        yield account
    finally:
        account.catalog.close()


def believe(account: Account, request: VerifyRequest) -> Verified:
    """What verification would find of a good model."""
    return Verified(
        signature=Signature(
            request.inputs or columns({"wt": "double"}),
            request.outputs or columns({"prediction": "double"}),
            request.rows,
        ),
        environment=Environment("4.2.2", "linux", {"stats": "4.2.2"}),
        checks=Checks("worker", True, True, request.sample_origin, 2),
        samples=ROWS,
        golden=GOLDEN,
        model_class=("lm",),
        task=request.task or "UNKNOWN",
        kind="",
        notes=("believed",),
    )


def request_for(account: Account, data: bytes = b"a model", **fields: Any) -> LogRequest:
    return LogRequest(files={"model": account.artifacts.put(io.BytesIO(data)).digest}, **fields)


def log(
    account: Account,
    model: Qualified = MPG,
    data: bytes = b"a model",
    key: str | None = None,
    **fields: Any,
) -> LoggedVersion:
    wanted = request_for(account, data, **fields)
    return log_version(account, ANNA, model, wanted, key, verifier=believe)


def ref(word: str | None = None, model: Qualified = MPG) -> ModelRef:
    return ModelRef.parse(str(model), HERE, word)


def problems(account: Account) -> list[str]:
    """Every way in which what is stored is not whole."""
    found: list[str] = []
    v, m, a, f = tables.version.c, tables.model.c, tables.alias.c, tables.version_file.c
    n, e = tables.version_name.c, tables.event.c
    with account.catalog.connect() as tx:
        if (state := tx.scalar(text("PRAGMA integrity_check"))) != "ok":
            found.append(f"integrity: {state}")
        if broken := tx.execute(text("PRAGMA foreign_key_check")).all():
            found.append(f"dangling: {broken}")
        versions = tx.execute(select(v.id, v.model_id, v.name, v.ordinal, v.manifest)).all()
        for model in tx.execute(select(tables.model)):
            own = {x.id for x in versions if x.model_id == model.id}
            if (model.deleted_at is None) != bool(own):
                found.append(f"{model.name} deleted {model.deleted_at}, versions {own}")
            if own and model.default_version_id not in own:
                found.append(f"{model.name} has the default {model.default_version_id}")
        subjects = set(
            tx.scalars(select(e.subject).where(e.kind.in_(("VersionLogged", "VersionImported"))))
        )
        names = {(x.model_id, x.ordinal) for x in tx.execute(select(n.model_id, n.ordinal))}
        by_id = {x.id: x for x in tx.execute(select(m.id, m.database, m.schema, m.name))}
        for x in versions:
            where = by_id[x.model_id]
            full = f"{where.database}.{where.schema}.{where.name}/{x.name}"
            if full not in subjects:
                found.append(f"{full} has no event")
            if (x.model_id, x.ordinal) not in names:
                found.append(f"{full} has no kept name")
            files = tx.execute(select(f.role, f.digest).where(f.version_id == x.id)).all()
            if sorted(files) != sorted((y["role"], y["digest"]) for y in x.manifest["files"]):
                found.append(f"{full} names other files than its manifest")
            found += [f"{full}: {p}" for y in files if (p := _bytes_problem(account, y.digest))]
        pointed = select(a.name, a.version_id, a.model_id)
        for alias in tx.execute(pointed):
            if (alias.version_id, alias.model_id) not in {(x.id, x.model_id) for x in versions}:
                found.append(f"alias {alias.name} points at {alias.version_id}")
        moves = tables.alias_move.c
        newest = select(func.max(moves.id)).group_by(moves.model_id, func.lower(moves.name))
        last = {
            (x.model_id, x.name.lower()): x.version
            for x in tx.execute(select(tables.alias_move).where(moves.id.in_(newest)))
        }
        now = {
            (x.model_id, x.name.lower()): next(y.name for y in versions if y.id == x.version_id)
            for x in tx.execute(pointed)
        }
        if now != {k: x for k, x in last.items() if x is not None}:
            found.append(f"aliases {now}, but their history says {last}")
    return found


def _bytes_problem(account: Account, digest: str) -> str | None:
    if not account.artifacts.has(digest):
        return f"{digest[:8]} is missing"
    with account.artifacts.open(digest) as stream:
        same = hashlib.sha256(stream.read()).hexdigest() == digest
    return None if same else f"{digest[:8]} has other bytes"


def orphans(account: Account) -> set[str]:
    """Artifacts no version names."""
    with account.catalog.connect() as tx:
        named = set(tx.scalars(select(tables.version_file.c.digest)))
    return {e.digest for e in account.artifacts.entries()} - named
