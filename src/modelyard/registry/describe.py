"""Models and versions as they stand, and the comments on them."""

from __future__ import annotations

from modelyard.access import Actor, record
from modelyard.account import Account
from modelyard.errors import InvalidValue
from modelyard.names import ModelRef, Namespace, Qualified
from modelyard.registry.annotations import COMMENT, annotate, current
from modelyard.registry.resolve import find_target
from modelyard.registry.store import load_model, load_versions, model_rows, need_model
from modelyard.registry.types import Model, ModelVersion

MAX_COMMENT = 65_536


def list_models(
    account: Account, namespace: Namespace | None = None, *, database: str | None = None
) -> list[Model]:
    """The models of a namespace, of a whole database, or of all, by name."""
    with account.catalog.connect() as tx:
        return [load_model(tx, row) for row in model_rows(tx, namespace, database)]


def get_model(account: Account, model: Qualified) -> Model:
    """One model.

    Raises:
        NotFound: naming those its schema has.
    """
    with account.catalog.connect() as tx:
        return load_model(tx, need_model(tx, model))


def list_versions(account: Account, model: Qualified) -> list[ModelVersion]:
    """Every version of a model, in the order they were logged.

    Raises:
        NotFound: when there is no such model.
    """
    with account.catalog.connect() as tx:
        return load_versions(tx, need_model(tx, model))


def set_comment(account: Account, actor: Actor, what: Qualified | ModelRef, comment: str) -> None:
    """Say something else of a model (a name) or of a version (a reference).

    Raises:
        NotFound: when it is not there.
        InvalidValue: when the comment is no text, or a very long one.
    """
    check_comment(comment)
    now = account.now()
    with account.catalog.begin() as tx:
        target = find_target(tx, what)
        before = current(tx, target.model.id, target.version_id, COMMENT).get("", "")
        if before == comment:
            return
        annotate(
            tx,
            target.model.id,
            target.version_id,
            COMMENT,
            {"": comment},
            now=now,
            by=actor.name,
        )
        detail = {"comment": comment, "before": before}
        record(tx, actor, "CommentSet", str(target), detail, now)


def check_comment(comment: object) -> str:
    """Return ``comment`` if it can be one."""
    if not isinstance(comment, str) or len(comment) > MAX_COMMENT:
        raise InvalidValue(f"A comment is a text of at most {MAX_COMMENT:,} characters.")
    return comment
