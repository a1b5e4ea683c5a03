"""Metrics of versions: numbers or texts, with every value they have had."""

from __future__ import annotations

import math

from modelyard.access import Actor, record
from modelyard.account import Account
from modelyard.errors import InvalidValue, NotFound
from modelyard.names import ModelRef
from modelyard.registry.annotations import METRIC, annotate, check_label, current, history
from modelyard.registry.resolve import Target, find_target
from modelyard.registry.store import some
from modelyard.registry.types import Metric, MetricValue

_MAX_TEXT = 4096


def check_metric(name: object, value: object) -> MetricValue:
    """Return ``value`` if a metric of this name can have it.

    Raises:
        InvalidValue: for a bad name, and for what is neither a finite number nor a text.
    """
    label = check_label(name, "metric")
    if isinstance(value, str) and len(value) <= _MAX_TEXT:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**53:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidValue(
        f"The metric {label} is a finite number or a text of at most {_MAX_TEXT:,} characters, "
        f"not {str(value)[:80]!r}."
    )


def set_metric(
    account: Account, actor: Actor, ref: ModelRef, name: str, value: MetricValue
) -> None:
    """Give a version a metric; the values it had before stay in its history.

    Raises:
        NotFound: when there is no such version.
        InvalidValue: for a value that is neither a finite number nor a text.
    """
    value = check_metric(name, value)
    now = account.now()
    with account.catalog.begin() as tx:
        target = find_target(tx, ref)
        annotate(
            tx, target.model.id, target.version_id, METRIC, {name: value}, now=now, by=actor.name
        )
        record(tx, actor, "MetricSet", str(target), {"metric": name, "value": value}, now)


def get_metrics(account: Account, ref: ModelRef) -> dict[str, MetricValue]:
    """The metrics of a version, by name."""
    with account.catalog.connect() as tx:
        target = find_target(tx, ref)
        return current(tx, target.model.id, target.version_id, METRIC)


def get_metric(account: Account, ref: ModelRef, name: str) -> MetricValue:
    """One metric of a version.

    Raises:
        NotFound: naming the metrics it has.
    """
    with account.catalog.connect() as tx:
        target = find_target(tx, ref)
        found: dict[str, MetricValue] = current(tx, target.model.id, target.version_id, METRIC)
    if name not in found:
        raise _no_metric(target, name, found)
    return found[name]


def delete_metric(account: Account, actor: Actor, ref: ModelRef, name: str) -> None:
    """Take a metric away; that it was there, and what it was, stays in its history.

    Raises:
        NotFound: naming the metrics the version has.
    """
    now = account.now()
    with account.catalog.begin() as tx:
        target = find_target(tx, ref)
        found = current(tx, target.model.id, target.version_id, METRIC)
        if name not in found:
            raise _no_metric(target, name, found)
        annotate(
            tx, target.model.id, target.version_id, METRIC, {name: None}, now=now, by=actor.name
        )
        detail = {"metric": name, "before": found[name]}
        record(tx, actor, "MetricDeleted", str(target), detail, now)


def metric_history(account: Account, ref: ModelRef, name: str) -> list[Metric]:
    """Every value the metric has had, oldest first; None where it was deleted.

    Raises:
        NotFound: when the version never had it.
    """
    with account.catalog.connect() as tx:
        target = find_target(tx, ref)
        rows = history(tx, target.model.id, target.version_id, METRIC, name)
        if not rows:
            has = current(tx, target.model.id, target.version_id, METRIC)
            raise _no_metric(target, name, has)
    return [Metric(name, row.value, row.at, row.by) for row in rows]


def _no_metric(target: Target, name: str, has: dict[str, MetricValue]) -> NotFound:
    assert target.version is not None
    version = f"Version {target.version.name} of model {target.model.name.name}"
    there = f"It has {some(list(has))}." if has else "It has none."
    return NotFound(f"{version} has no metric {name[:80]}. {there}")
