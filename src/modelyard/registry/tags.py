"""Tags of models and of versions: a name and a text, with history."""

from __future__ import annotations

from modelyard.access import Actor, record
from modelyard.account import Account
from modelyard.errors import InvalidValue, NotFound
from modelyard.names import ModelRef, Qualified
from modelyard.registry.annotations import TAG, annotate, check_label, current
from modelyard.registry.resolve import find_target
from modelyard.registry.store import some

_MAX_TEXT = 4096


def check_tag(name: object, value: object) -> str:
    """Return ``value`` if a tag of this name can have it.

    Raises:
        InvalidValue: for a bad name, and for what is no text.
    """
    label = check_label(name, "tag")
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise InvalidValue(
            f"The tag {label} is a text of at most {_MAX_TEXT:,} characters, "
            f"not {str(value)[:80]!r}."
        )
    return value


def set_tag(
    account: Account, actor: Actor, what: Qualified | ModelRef, name: str, value: str
) -> None:
    """Tag a model (a name) or a version (a reference).

    Raises:
        NotFound: when it is not there.
        InvalidValue: when the value is no text.
    """
    check_tag(name, value)
    now = account.now()
    with account.catalog.begin() as tx:
        target = find_target(tx, what)
        annotate(tx, target.model.id, target.version_id, TAG, {name: value}, now=now, by=actor.name)
        record(tx, actor, "TagSet", str(target), {"tag": name, "value": value}, now)


def get_tags(account: Account, what: Qualified | ModelRef) -> dict[str, str]:
    """The tags of a model or of a version, by name."""
    with account.catalog.connect() as tx:
        target = find_target(tx, what)
        return current(tx, target.model.id, target.version_id, TAG)


def delete_tag(account: Account, actor: Actor, what: Qualified | ModelRef, name: str) -> None:
    """Take a tag away.

    Raises:
        NotFound: naming the tags there are.
    """
    now = account.now()
    with account.catalog.begin() as tx:
        target = find_target(tx, what)
        found = current(tx, target.model.id, target.version_id, TAG)
        if name not in found:
            there = f"It has {some(list(found))}." if found else "It has none."
            raise NotFound(f"{target} has no tag {name[:80]}. {there}")
        annotate(tx, target.model.id, target.version_id, TAG, {name: None}, now=now, by=actor.name)
        record(tx, actor, "TagDeleted", str(target), {"tag": name, "before": found[name]}, now)
