"""Aliases and the default version: names that move, each move in one step and kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from modelyard.access import Actor, record
from modelyard.account import Account
from modelyard.catalog import tables
from modelyard.errors import Forbidden, InUse, InvalidName, NotFound
from modelyard.faults import fault_point
from modelyard.names import ModelRef, Qualified, check_alias, key
from modelyard.registry.resolve import find_version
from modelyard.registry.store import (
    ModelRow,
    VersionRow,
    alias_named,
    alias_rows,
    need_model,
    services_on_alias,
    some,
    version_by_id,
    version_named,
)
from modelyard.registry.types import AliasMove

_A = tables.alias.c

PRODUCTION = "production"
"""The alias that may need a second person."""


def set_alias(account: Account, actor: Actor, ref: ModelRef, alias: str) -> str:
    """Point an alias at a version, from wherever it pointed; returns the version's name.

    Raises:
        InvalidName: when it is reserved, looks like a version or is the name of one.
        NotFound: when there is no such version.
        Forbidden: when it takes another person than the one who logged it.
    """
    alias = check_alias(alias)
    now = account.now()
    with account.catalog.begin() as tx:
        row, version = find_version(tx, ref)
        if (same := version_named(tx, row.id, alias)) is not None:
            raise InvalidName(
                f"{same.name} is a version of model {row.name.name}, so it cannot be an alias.",
                hint="Choose another word, such as production or staging.",
            )
        _check_second_person(account, tx, actor, alias, version)
        before = alias_named(tx, row.id, alias)
        fault_point("alias.found")
        if before is not None and before[1].id == version.id:
            return version.name
        _point(tx, row, alias, version, is_new=before is None)
        fault_point("alias.moved")
        _keep_move(tx, actor, row, before, (alias, version), now)
        fault_point("alias.recorded")
    fault_point("alias.committed")
    return version.name


def _check_second_person(
    account: Account, tx: Connection, actor: Actor, alias: str, version: VersionRow
) -> None:
    if key(alias) != PRODUCTION or not account.settings.needs_second_person:
        return
    v = tables.version.c
    if tx.scalar(select(v.created_by).where(v.id == version.id)) == actor.name:
        raise Forbidden(
            f"{actor.name} logged {version.name}, so another person points {alias} at it.",
            hint="Ask one, or see the setting require_second_person.",
        )


def _point(tx: Connection, row: ModelRow, alias: str, version: VersionRow, *, is_new: bool) -> None:
    if is_new:
        tx.execute(
            insert(tables.alias).values(
                model_id=row.id, name_key=key(alias), name=alias, version_id=version.id
            )
        )
        return
    change = update(tables.alias).where(_A.model_id == row.id, _A.name_key == key(alias))
    tx.execute(change.values(version_id=version.id))


def unset_alias(account: Account, actor: Actor, model: Qualified, alias: str) -> None:
    """Take an alias away.

    Raises:
        NotFound: naming the aliases the model has.
        InUse: when a service follows it, or names it in ``split`` or as ``shadow``.
    """
    alias = check_alias(alias)
    now = account.now()
    with account.catalog.begin() as tx:
        row = need_model(tx, model)
        before = alias_named(tx, row.id, alias)
        if before is None:
            has = list(alias_rows(tx, row.id))
            there = f"It has the aliases {some(has)}." if has else "It has none."
            raise NotFound(f"Model {row.name.name} has no alias {alias}. {there}")
        services = services_on_alias(tx, row, alias)
        if services:
            raise InUse(
                f"The alias {before[0]} of model {row.name.name} is followed by the "
                f"{'services' if len(services) > 1 else 'service'} {some(services)}.",
                hint="Undeploy it first, or deploy it on a version.",
            )
        drop_alias(tx, actor, row, before, now)


def drop_alias(
    tx: Connection, actor: Actor, row: ModelRow, before: tuple[str, VersionRow], now: datetime
) -> None:
    """Take this alias away in the transaction at hand."""
    tx.execute(delete(tables.alias).where(_A.model_id == row.id, _A.name_key == key(before[0])))
    _keep_move(tx, actor, row, before, None, now)


def _keep_move(
    tx: Connection,
    actor: Actor,
    row: ModelRow,
    before: tuple[str, VersionRow] | None,
    after: tuple[str, VersionRow] | None,
    now: datetime,
) -> None:
    alias = (before or after or ("",))[0]
    version = None if after is None else after[1].name
    previous = None if before is None else before[1].name
    tx.execute(
        insert(tables.alias_move).values(
            model_id=row.id, name=alias, version=version, previous=previous, at=now, by=actor.name
        )
    )
    kind = "AliasUnset" if after is None else "AliasMoved"
    detail = {"alias": alias, "version": version, "previous": previous}
    record(tx, actor, kind, str(row.name), detail, now)


def get_aliases(account: Account, model: Qualified) -> dict[str, str]:
    """The model's aliases and the names of the versions they point at."""
    with account.catalog.connect() as tx:
        return {n: v.name for n, v in alias_rows(tx, need_model(tx, model).id).items()}


def alias_history(account: Account, model: Qualified) -> list[AliasMove]:
    """Every move of the model's aliases, oldest first."""
    m = tables.alias_move.c
    with account.catalog.connect() as tx:
        row = need_model(tx, model)
        query = select(m.name, m.version, m.previous, m.at, m.by).where(m.model_id == row.id)
        return [AliasMove(*move) for move in tx.execute(query.order_by(m.id))]


def set_default(account: Account, actor: Actor, ref: ModelRef) -> str:
    """Make a version the default; an alias means the version it points at now.

    Returns the version's name. Raises:
        NotFound: when there is no such version.
    """
    now = account.now()
    with account.catalog.begin() as tx:
        row, version = find_version(tx, ref)
        if row.default_version_id == version.id:
            return version.name
        before = version_by_id(tx, row.default_version_id or 0)
        fault_point("default.found")
        point_default(tx, row, version)
        fault_point("default.moved")
        detail = {"version": version.name, "previous": None if before is None else before.name}
        record(tx, actor, "DefaultMoved", str(row.name), detail, now)
    fault_point("default.committed")
    return version.name


def point_default(tx: Connection, row: ModelRow, version: VersionRow | None) -> None:
    """Make this the default version in the transaction at hand."""
    change = update(tables.model).where(tables.model.c.id == row.id)
    tx.execute(change.values(default_version_id=None if version is None else version.id))
