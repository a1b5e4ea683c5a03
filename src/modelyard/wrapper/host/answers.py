"""A model's answer as the columns its contract declares, or an error: never another number."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from modelyard.wrapper.host.cells import EPOCH, NS
from modelyard.wrapper.host.embedded import NA_REAL_BITS
from modelyard.wrapper.host.faults import RModelError

Answer = list[tuple[str, Any, Any, list[str]]]


def answer_frame(answer: Answer, contract: dict[str, Any], index: Any) -> pd.DataFrame:
    """The declared outputs, with the index of the rows where each has its answer.

    Raises:
        RModelError: ``contract_violation_output``.
    """
    rows = len(answer[0][1]) if answer else 0
    same = contract["rows"] == "same"
    if same and rows != len(index):
        raise _violation(f"The model answered {rows:,} rows for {len(index):,}.")
    found = {}
    outputs = contract["outputs"]
    for column, at in zip(outputs, _positions([a[0] for a in answer], outputs), strict=True):
        found[column["name"]] = _series(*answer[at][1:], column)
    frame = pd.DataFrame(found)
    if same:
        frame.index = index
    return frame


def no_answer(contract: dict[str, Any], index: Any) -> pd.DataFrame:
    """The answer for no rows: typed, without asking the model."""
    none = np.array([], np.float64)
    gone = np.array([], bool)
    found = {c["name"]: _typed(none, gone, c) for c in contract["outputs"]}
    return pd.DataFrame(found, index=index if contract["rows"] == "same" else None)


def _violation(message: str) -> RModelError:
    return RModelError("contract_violation_output", message)


def _positions(names: list[str], outputs: list[dict[str, Any]]) -> list[int]:
    """By name, without case where that is unique, or by position when no name is declared."""
    wanted = [c["name"] for c in outputs]
    if len(names) == len(wanted) == 1:
        return [0]
    if len(names) == len(wanted):
        own, declared = [n.lower() for n in names], [n.lower() for n in wanted]
        if set(names) == set(wanted):
            return [names.index(n) for n in wanted]
        if set(own) == set(declared) and len(set(own)) == len(own):
            return [own.index(n) for n in declared]
        if not set(own) & set(declared):  # half of the names right would be a mix-up
            return list(range(len(wanted)))
    raise _violation(f"The model answered the columns {names}; its contract has {wanted}.")


def _series(values: Any, missing: Any, classes: list[str], column: dict[str, Any]) -> Any:
    name, kind = column["name"], column["type"]
    given = _given(values, classes)
    if not missing.all() and given not in _ACCEPTED[kind]:
        raise _violation(f"The model's column {name!r} is {given}, not {kind}.")
    if missing.any() and not column.get("nullable", True):
        raise _violation(f"The model's column {name!r} has a missing value, which it never has.")
    if missing.all():
        values = np.zeros(len(values), np.float64)
    elif kind == "integer":
        good = missing | (np.trunc(values) == values) & (np.abs(values) < 2**31)
        if not good.all():
            raise _violation(f"The model's column {name!r} holds what is no integer of R's.")
    elif kind == "date" and not (missing | (np.trunc(values) == values)).all():
        raise _violation(f"The model's column {name!r} holds days that are not whole.")
    elif kind in ("string", "factor") and column.get("levels") is not None:
        known = set(column["levels"])
        if not all(gone or v in known for v, gone in zip(values, missing, strict=True)):
            raise _violation(f"The model's column {name!r} has a text that is none of its levels.")
    return _typed(values, missing, column)


_ACCEPTED = {
    "double": ("double", "integer"),
    "integer": ("double", "integer"),
    "boolean": ("boolean",),
    "string": ("text",),
    "factor": ("text",),
    "date": ("date",),
    "timestamp": ("timestamp",),
}


def _given(values: Any, classes: list[str]) -> str:
    for name, word in (("Date", "date"), ("POSIXct", "timestamp"), ("logical", "boolean")):
        if name in classes:
            return word
    return "text" if values.dtype == object else "double" if values.dtype.kind == "f" else "integer"


def _typed(values: Any, missing: Any, column: dict[str, Any]) -> Any:
    kind = column["type"]
    if kind == "double":
        numbers = values.astype(np.float64)
        numbers.view(np.uint64)[missing] = NA_REAL_BITS
        return pd.Series(numbers)
    if kind == "integer":
        whole = np.where(missing, 0, values).astype(np.int32)
        return pd.Series(pd.arrays.IntegerArray(whole, missing.copy()))
    if kind == "boolean":
        return pd.Series(pd.arrays.BooleanArray(np.where(missing, 0, values) != 0, missing.copy()))
    if kind == "date":
        days = [None if m else EPOCH.date() + timedelta(int(v)) for v, m in zip(values, missing,
                strict=True)]  # fmt: skip
        return pd.Series(days, dtype=object)
    if kind == "timestamp":
        return pd.Series(_instants(values, missing, column))
    texts = [None if m else v for v, m in zip(values, missing, strict=True)]
    return pd.Series(texts, dtype=object)


def _instants(values: Any, missing: Any, column: dict[str, Any]) -> Any:
    """Nanoseconds of R's seconds, where they give the same double again."""
    gone = missing | np.isnan(values)  # a time that is not a number is a missing time
    seconds = np.where(gone, 0.0, values)
    with np.errstate(invalid="ignore"):
        whole = np.floor(seconds)
        fits = np.abs(whole) < 9_223_372_036.0
        rest = np.rint((seconds - whole) * 1e9)
        ns = np.where(fits, whole, 0).astype(np.int64) * NS + np.where(fits, rest, 0).astype(int)
        high, low = np.divmod(ns, NS)
        exact = fits & (high.astype(np.float64) + low.astype(np.float64) / NS == seconds)
    if not exact.all():
        raise _violation(f"The model's column {column['name']!r} holds no times from 1678 to 2261.")
    instants = ns.view("datetime64[ns]").copy()
    instants[gone] = np.datetime64("NaT")
    return pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(column.get("tz") or "UTC")
