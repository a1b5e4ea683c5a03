"""Rows that fit the contract, or an error that names column and row: nothing is guessed."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from modelyard.wrapper.host.cells import CELL
from modelyard.wrapper.host.faults import ContractError, Refused


def check_rows(
    rows: pd.DataFrame, inputs: list[dict[str, Any]]
) -> list[tuple[Any, Any, dict[str, Any]]]:
    """For each input its values (numbers or codes), which of them are missing, and its contract."""
    if not isinstance(rows, pd.DataFrame):
        raise TypeError(f"Rows are a pandas DataFrame, not {type(rows).__name__}.")
    problems: list[tuple[str, str]] = []
    names = [str(n) for n in rows.columns]
    fitted = []
    for column in inputs:
        try:
            series = rows.iloc[:, _position(column["name"], names, inputs)]
            values, missing, levels = _fit(series, column)
            if not column.get("nullable", True) and missing.any():
                raise Refused("null_not_allowed", "missing value", int(np.argmax(missing)))
            fitted.append((values, missing, {**column, "levels": levels}))
        except Refused as e:
            where = "" if e.row is None else f", row {e.row + 1}"
            problems.append((e.code, f"column {column['name']}{where}: {e.reason}"))
    if problems:
        raise ContractError("The rows do not fit the signature", problems)
    return fitted


def _position(name: str, names: list[str], inputs: list[dict[str, Any]]) -> int:
    found = [i for i, n in enumerate(names) if n == name]
    if not found:
        wanted = {c["name"] for c in inputs}
        found = [i for i, n in enumerate(names) if n.lower() == name.lower() and n not in wanted]
        if len(found) != 1:
            raise Refused("missing_column", "missing")
    if len(found) > 1:
        raise Refused("duplicate_column", "there more than once")
    return found[0]


def _fit(series: Any, column: dict[str, Any]) -> tuple[Any, Any, "list[str] | None"]:
    """Numbers, days, nanoseconds or codes; what is missing; the levels that codes mean."""
    missing = np.asarray(series.isna(), dtype=bool)
    kind, levels = column["type"], column.get("levels")
    if missing.all():
        return np.zeros(len(missing), np.int64), missing, levels or []
    if kind in ("double", "integer"):
        return (*_numbers(series, missing, kind), None)
    cells = series.astype(object).to_numpy()
    _check_kinds(cells, missing, kind)
    codes, distinct = pd.factorize(cells)
    fitted = []
    for code, value in enumerate(distinct):
        try:
            fitted.append(CELL[kind](value, column))
        except Refused as e:
            raise Refused(e.code, e.reason, int(np.argmax(codes == code))) from None
    if kind in ("string", "factor"):
        if levels is None:
            own = kind == "factor" and isinstance(series.dtype, pd.CategoricalDtype)
            levels = list(series.cat.categories) if own else fitted
        place = {v: i for i, v in enumerate(levels)}
        fitted = [place.get(v, -1) for v in fitted]
    gone = np.array([v is None or (v == -1 and levels is not None) for v in fitted] + [True])
    values = np.array([0 if v is None else v for v in fitted] + [0], np.int64)
    return values[codes], gone[codes], levels


KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "factor": (str,),
    "boolean": (bool, np.bool_, str),
    "date": (date, str),
    "timestamp": (datetime, str),
}


def _check_kinds(cells: Any, missing: Any, kind: str) -> None:
    wrong = {
        t
        for t in set(map(type, cells[~missing]))
        if not issubclass(t, KINDS[kind]) or (kind == "date" and issubclass(t, datetime))
    }
    if wrong:
        row = next(i for i, v in enumerate(cells) if type(v) in wrong and not missing[i])
        given = type(cells[row]).__name__
        raise Refused("type_mismatch", f"{given} given, {kind} expected", row)


def _numbers(series: Any, missing: Any, kind: str) -> tuple[Any, Any]:
    if series.dtype.kind in "iu":
        values = series.to_numpy(dtype=series.dtype.kind + "8", na_value=0)
    elif series.dtype.kind == "f":
        values = series.to_numpy(dtype="float64", na_value=np.nan)
    elif series.dtype.kind == "b":
        raise Refused("type_mismatch", f"boolean given, {kind} expected")
    else:
        values, missing = _numbers_of_cells(series.astype(object).to_numpy(), missing, kind)
    whole = values.dtype.kind in "iu"
    if kind == "double":
        _refuse_where(whole and (values > 2**53) | (values < -(2**53)), missing, values,
                      "precision_loss", "more than a double holds exactly")  # fmt: skip
        return values.astype(np.float64), missing
    if not whole:
        with np.errstate(invalid="ignore"):
            odd = ~(np.trunc(values) == values) | np.isinf(values)
        _refuse_where(odd, missing, values, "type_mismatch", "not an integer")
    _refuse_where((values > 2**31 - 1) | (values < 1 - 2**31), missing, values,
                  "integer_out_of_range", "outside R's integers")  # fmt: skip
    return np.where(missing, 0, values).astype(np.int32), missing


def _numbers_of_cells(cells: Any, missing: Any, kind: str) -> tuple[Any, Any]:
    missing = missing | np.array([isinstance(v, str) and v == "NA" for v in cells])
    found: list[Any] = []
    for row, value in enumerate(cells):
        number = isinstance(value, int | float | np.number | Decimal)
        if missing[row]:
            found.append(0)
        elif not number or isinstance(value, bool | np.bool_):
            given = "text" if isinstance(value, str) else type(value).__name__
            raise Refused("type_mismatch", f"{given} given, {kind} expected", row)
        elif isinstance(value, Decimal) and Decimal(repr(float(value))) != value:
            raise Refused("precision_loss", f"{value} has more digits than a double holds", row)
        else:
            found.append(int(value) if isinstance(value, int | np.integer) else float(value))
        if abs(found[-1]) > 2**53 and isinstance(found[-1], int):
            raise Refused("precision_loss", f"{value} is more than a double holds exactly", row)
    return np.array(found, np.float64), missing


def _refuse_where(bad: Any, missing: Any, values: Any, code: str, reason: str) -> None:
    if np.any(bad & ~missing):
        row = int(np.argmax(bad & ~missing))
        raise Refused(code, f"{values[row]} is {reason}", row)
