"""From a reference to a version: its name first, then an alias, DEFAULT, FIRST and LAST too."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from modelyard.account import Account
from modelyard.errors import NotFound
from modelyard.names import RESERVED_ALIASES, ModelRef, Qualified, is_version_like, key
from modelyard.registry.store import (
    ModelRow,
    VersionRow,
    alias_named,
    alias_rows,
    load_versions,
    need_model,
    some,
    version_by_id,
    version_named,
    version_rows,
)
from modelyard.registry.types import ModelVersion


def resolve(account: Account, ref: ModelRef) -> ModelVersion:
    """The version a reference means; one that names none means the default version.

    Raises:
        NotFound: naming the models, versions or aliases there are.
    """
    with account.catalog.connect() as tx:
        row, version = find_version(tx, ref)
        return load_versions(tx, row, version.id)[0]


def find_version(tx: Connection, ref: ModelRef) -> tuple[ModelRow, VersionRow]:
    """The rows a reference means."""
    row = need_model(tx, ref.model)
    if ref.version is not None:
        named = version_named(tx, row.id, ref.version)
        if named is not None:
            return row, named
    word = ref.version or ref.alias or "default"
    found = _reserved(tx, row, word) if key(word) in RESERVED_ALIASES else _alias(tx, row, word)
    if found is None:
        raise _not_found(tx, row, word, ref.alias is not None)
    return row, found


def _alias(tx: Connection, row: ModelRow, word: str) -> VersionRow | None:
    found = alias_named(tx, row.id, word)
    return None if found is None else found[1]


def _reserved(tx: Connection, row: ModelRow, word: str) -> VersionRow | None:
    if key(word) == "default":
        default = row.default_version_id
        return None if default is None else version_by_id(tx, default)
    versions = version_rows(tx, row.id)
    if not versions:
        return None
    return versions[0] if key(word) == "first" else versions[-1]


def _not_found(tx: Connection, row: ModelRow, word: str, is_alias: bool) -> NotFound:
    model, aliases = row.name.name, list(alias_rows(tx, row.id))
    versions = [v.name for v in version_rows(tx, row.id)]
    has_aliases = f"the aliases {some(aliases)}" if aliases else "no alias"
    if is_alias:
        return NotFound(f"Model {model} has no alias {word}. It has {has_aliases}.")
    if is_version_like(word):
        return NotFound(f"Model {model} has no version {word}. It has {some(versions)}.")
    return NotFound(
        f"Model {model} has no version and no alias {word}. "
        f"It has {some(versions)}, and {has_aliases}."
    )


@dataclass(frozen=True, slots=True)
class Target:
    """A model or one version of it, found in the transaction at hand."""

    model: ModelRow
    version: VersionRow | None = None

    @property
    def version_id(self) -> int | None:
        """The version's id; None: the model itself is meant."""
        return None if self.version is None else self.version.id

    def __str__(self) -> str:
        return str(self.model.name) + ("" if self.version is None else f"/{self.version.name}")


def find_target(tx: Connection, what: Qualified | ModelRef) -> Target:
    """A plain name means the model itself, a reference means a version of it."""
    if isinstance(what, Qualified):
        return Target(need_model(tx, what))
    return Target(*find_version(tx, what))
