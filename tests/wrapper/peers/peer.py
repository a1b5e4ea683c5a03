"""Run by a peer's Python, which has no Modelyard: load a package, score rows, say the bits.

peer.py HOW FOLDER ROWS.json ANSWER.json
"""

import datetime
import importlib.util
import json
import sys
import warnings

import numpy as np
import pandas as pd

EPOCH = datetime.date(1970, 1, 1)


def frame_of(columns):
    return pd.DataFrame({c["name"]: formed(c) for c in columns})


def formed(column):
    """A column as a tool's callers have it: text for what has no type there, times without zone."""
    series = series_of(column["cells"], column["type"], column.get("tz"), column.get("levels"))
    if column.get("naive"):
        return series.dt.tz_localize(None)
    if column.get("as_text"):
        cells = [None if pd.isna(v) else v if isinstance(v, str) else v.isoformat() for v in series]
        return pd.Series(cells, dtype=object)
    return series


def series_of(cells, kind, tz, levels):
    gone = np.array([c is None for c in cells])
    if kind == "double":
        bits = np.array([0x7FF8000000000000 if c is None else c for c in cells], np.uint64)
        return pd.Series(bits.view(np.float64))
    if kind == "integer":
        whole = np.array([0 if c is None else c for c in cells], np.int32)
        return pd.Series(pd.arrays.IntegerArray(whole, gone)) if gone.any() else pd.Series(whole)
    if kind == "boolean":
        return pd.Series(cells, dtype="boolean") if gone.any() else pd.Series(cells, dtype=bool)
    if kind == "factor":
        return pd.Series(pd.Categorical(cells, categories=levels))
    if kind == "date":
        return pd.Series(
            [None if c is None else EPOCH + datetime.timedelta(c) for c in cells], dtype=object
        )
    if kind == "timestamp":
        instants = np.array(["NaT" if c is None else c for c in cells], dtype="datetime64[ns]")
        return pd.Series(pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(tz))
    return pd.Series(cells, dtype=object)


def columns_of(frame):
    return [{"name": n, "cells": cells_of(frame[n])} for n in frame.columns]


def cells_of(series):
    if series.dtype == np.float64:
        bits = series.to_numpy().view(np.uint64)
        na = np.isnan(series.to_numpy()) & (bits & np.uint64(0xFFFFFFFF) == 1954)
        return [None if gone else int(b) for b, gone in zip(bits, na, strict=True)]
    if isinstance(series.dtype, pd.DatetimeTZDtype) or series.dtype.kind == "M":
        return [None if v is pd.NaT else pd.Timestamp(v).value for v in series]
    cells = [None if pd.isna(v) else v for v in series]
    if any(isinstance(v, datetime.date) for v in cells):
        return [None if v is None else (v - EPOCH).days for v in cells]
    return [v.item() if isinstance(v, np.generic) else v for v in cells]


def plain(folder):
    spec = importlib.util.spec_from_file_location("custom_model", f"{folder}/custom_model.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["custom_model"] = module
    spec.loader.exec_module(module)
    return module.RModel(folder).predict


def mlflow(folder):
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(folder).predict


def main(how, folder, rows, answer):
    with open(rows) as f:
        given = [frame_of(columns) for columns in json.load(f)]
    predict = {"plain": plain, "mlflow": mlflow}[how](folder)
    warnings.simplefilter("ignore")
    with open(answer, "w") as f:
        json.dump([columns_of(predict(frame)) for frame in given], f)


if __name__ == "__main__":
    main(*sys.argv[1:])
