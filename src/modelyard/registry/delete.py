"""Deleting versions and models, unless something still points at them. Names stay taken."""

from __future__ import annotations

from sqlalchemy import delete, update

from modelyard.access import Actor, record
from modelyard.account import Account
from modelyard.catalog import tables
from modelyard.errors import InUse
from modelyard.faults import fault_point
from modelyard.names import ModelRef, Qualified
from modelyard.registry.aliases import drop_alias, point_default
from modelyard.registry.resolve import find_version
from modelyard.registry.store import (
    alias_rows,
    load_versions,
    need_model,
    service_names,
    some,
    version_rows,
)
from modelyard.registry.types import ModelVersion


def delete_version(account: Account, actor: Actor, ref: ModelRef) -> None:
    """Delete a version; its bytes are collected later, its name is never used again.

    Raises:
        NotFound: when there is no such version.
        InUse: when it is the default, aliased or served (also by a share of the requests, or as
            shadow), naming what points at it.
    """
    now = account.now()
    with account.catalog.begin() as tx:
        row, found = find_version(tx, ref)
        version = load_versions(tx, row, found.id)[0]
        if reasons := _points_at(version):
            raise InUse(
                f"Version {version.name} of model {row.name.name} is in use: {'; '.join(reasons)}.",
                hint="Point those elsewhere first, or delete the whole model.",
            )
        fault_point("delete.checked")
        tx.execute(delete(tables.version).where(tables.version.c.id == version.id))
        fault_point("delete.deleted")
        detail = {"manifest": version.manifest.digest, "ordinal": version.ordinal}
        record(tx, actor, "VersionDeleted", str(version), detail, now)
        fault_point("delete.recorded")
    fault_point("delete.committed")


def _points_at(version: ModelVersion) -> list[str]:
    reasons = ["it is the default version"] if version.is_default else []
    if version.aliases:
        one = len(version.aliases) == 1
        points = "alias {} points" if one else "aliases {} point"
        reasons.append(f"the {points.format(some(version.aliases))} at it")
    if version.services:
        one = len(version.services) == 1
        serves = "service {} serves" if one else "services {} serve"
        reasons.append(f"the {serves.format(some(version.services))} it")
    return reasons


def delete_model(account: Account, actor: Actor, model: Qualified) -> None:
    """Delete a model with all its versions and aliases.

    A model of the same name may be logged again; its versions go on counting.

    Raises:
        NotFound: when there is no such model.
        InUse: while a service serves one of its versions.
    """
    now = account.now()
    with account.catalog.begin() as tx:
        row = need_model(tx, model)
        services = dict.fromkeys(s for names in service_names(tx, row).values() for s in names)
        if services:
            raise InUse(
                f"Model {row.name.name} is served by {some(list(services))}.",
                hint="Undeploy that first.",
            )
        versions = [v.name for v in version_rows(tx, row.id)]
        fault_point("delete_model.checked")
        for alias in alias_rows(tx, row.id).items():
            drop_alias(tx, actor, row, alias, now)
        point_default(tx, row, None)
        fault_point("delete_model.unpointed")
        tx.execute(delete(tables.version).where(tables.version.c.model_id == row.id))
        tx.execute(delete(tables.annotation).where(tables.annotation.c.model_id == row.id))
        change = update(tables.model).where(tables.model.c.id == row.id)
        tx.execute(change.values(deleted_at=now))
        fault_point("delete_model.deleted")
        record(tx, actor, "ModelDeleted", str(row.name), {"versions": versions}, now)
    fault_point("delete_model.committed")
