"""Run by a peer's Python: every way in which rows can fail to fit is refused, and says where."""

import decimal
import json
import sys

import numpy as np
import pandas as pd
from peer import frame_of

folder, rows = sys.argv[1:]
sys.path.insert(0, folder)
import custom_model  # noqa: E402

model = custom_model.RModel(folder)
with open(rows) as f:
    good = frame_of(json.load(f))


def refused(code, text, change):
    frame = good.copy()
    frame = change(frame) if callable(change) else frame.assign(**change)
    try:
        model.predict(frame)
    except custom_model.ContractError as e:
        assert e.code == code and text in str(e), (e.code, str(e))
    else:
        raise AssertionError(f"{code} was not refused: {text}")


def put(column, row, value):
    def change(frame):
        cells = frame[column].astype(object).to_list()
        cells[row] = value
        return frame.assign(**{column: pd.Series(cells, dtype=object)})

    return change


n = len(good)
refused("missing_column", "column region: missing", lambda f: f.drop(columns="region"))
twice = good.rename(columns={"region": "Region"}).assign(REGION="x")
refused("missing_column", "column region: missing", lambda f: twice)
refused("duplicate_column", "value", lambda f: pd.concat([f, f[["value"]]], axis=1))
refused("unknown_level", "column region, row 3: 'south' is not a level", put("region", 2, "south"))
refused("type_mismatch", "column region, row 1: int given", put("region", 0, 3))
refused("type_mismatch", "column value, row 2: text given", put("value", 1, "1.5"))
refused("type_mismatch", "column value: boolean given", {"value": np.zeros(n, bool)})
refused("precision_loss", "column value, row 2", put("value", 1, 2**53 + 1))
refused("precision_loss", "column value, row 1", {"value": np.full(n, 2**53 + 1)})
refused(
    "precision_loss", "more digits", put("value", 1, decimal.Decimal("0.1000000000000000000001"))
)
refused("type_mismatch", "column count, row 2: 2.5 is not an integer", put("count", 1, 2.5))
refused("integer_out_of_range", "column count", {"count": np.full(n, 2**31)})
refused("integer_out_of_range", "column count", {"count": np.full(n, -(2**31))})
refused("type_mismatch", "column again, row 1: int given", put("again", 0, 1))
refused("type_mismatch", "column again, row 1: text given", put("again", 0, "yes"))
refused(
    "invalid_value", "column day, row 1: '20-02-2024' is not a date", put("day", 0, "20-02-2024")
)
refused("type_mismatch", "column day, row 1", put("day", 0, pd.Timestamp("2024-02-20")))
refused("invalid_value", "column at, row 1", put("at", 0, "2024-13-01T00:00:00Z"))
refused("invalid_value", "column at, row 1", put("at", 0, "2024-01-01T00:00:00.0000000001Z"))
refused("type_mismatch", "column at", {"at": np.arange(n)})
refused("invalid_value", "NUL", put("region", 0, "a\0b"))

texts = good.assign(
    day=[None if v is None else v.isoformat() for v in good["day"]],
    at=[v.isoformat() for v in good["at"]],
    seen=good["seen"].dt.tz_convert("Europe/Paris"),
    count=good["count"].astype("Float64"),
    again=good["again"].astype(object),
    unused=1,
)
same = model.predict(good)
answers = {
    "texts": model.predict(texts[texts.columns[::-1]]),
    "case": model.predict(good.rename(columns={"value": "VALUE"})),
    "naive": model.predict(good.assign(seen=good["seen"].dt.tz_localize(None))),
    "wall": model.predict(good.assign(at=good["at"].dt.tz_localize(None))),
    "NA": model.predict(
        good.assign(value=good["value"].astype(object).where(good["value"].notna(), "NA"))
    ),
}
for name, answer in answers.items():
    a, b = answer["prediction"].to_numpy(), same["prediction"].to_numpy()
    assert (a.view(np.uint64) == b.view(np.uint64)).all(), name
kept = model.predict(good.set_index(pd.Index(range(100, 100 + n))))
assert list(kept.index) == list(range(100, 100 + n))
none = model.predict(good.iloc[:0])
assert len(none) == 0 and none["prediction"].dtype == np.float64
