"""A service's row, as a deploy would write it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import insert
from tests.registry.fake import ref

from modelyard.account import Account
from modelyard.catalog import tables
from modelyard.registry.resolve import find_version


def serve(account: Account, version: str, name: str, alias: str | None = None) -> None:
    with account.catalog.begin() as tx:
        row, found = find_version(tx, ref(version))
        tx.execute(
            insert(tables.service).values(
                id=name,
                database="ML_DB",
                schema="MODELS",
                name=name,
                database_key="ml_db",
                schema_key="models",
                name_key=name.lower(),
                model_id=row.id,
                version_id=found.id,
                alias=alias,
                options={},
                created_at=datetime.now(UTC),
                created_by="anna",
            )
        )
