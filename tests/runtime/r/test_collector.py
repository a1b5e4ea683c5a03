"""R's collector running at every allocation finds what the bridge does not protect."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from tests.runtime.r.test_convert import bits

from modelyard.errors import ModelError

N = 24
COLUMNS = {
    "double": pa.array([None, float("nan"), -0.0, 1 / 3, 5e-324, 1e300] * 4, pa.float64()),
    "integer": pa.array([None, -(2**31) + 1, 7] * 8, pa.int32()),
    "boolean": pa.array([True, None, False] * 8, pa.bool_()),
    "text": pa.array([None if i % 5 == 0 else f"é{i}☃" for i in range(N)], pa.string()),
    "factor": pa.DictionaryArray.from_arrays(
        pa.array([2, 0, None, 1] * 6, pa.int32()), pa.array(["b", "a", "ü"]), ordered=True
    ),
    "day": pa.array([None, date(2024, 2, 29), date(1969, 12, 31)] * 8, pa.date32()),
    "time": pa.array(
        [None, datetime(2024, 3, 31, 2, 30, tzinfo=ZoneInfo("Europe/Paris"))] * 12,
        pa.timestamp("us", "Europe/Paris"),
    ),
}
BODY = """function(model, input) {
  step <- gctorture2(0)
  if (isTRUE(input$boolean[1])) {
    warning("as ", "\\u00e9")
  } else if (identical(input$text[1], "stop")) {
    gctorture2(step)
    stop("no ", "\\u00fc")
  } else {
    step <- 1
  }
  gctorture2(step)
  input$made <- paste(input$text, input$integer)
  input$step <- step
  input
}"""


def parts(table: pa.Table) -> dict[str, tuple[str, list[object]]]:
    return {n: (str(table[n].type), bits(table[n])) for n in table.column_names if n != "step"}


def test_a_prediction_is_the_same_while_r_collects_at_every_allocation(workshop):
    rows = pa.table(COLUMNS)
    long = pa.table({"text": pa.array(["é", None, "☃"] * 200), "boolean": pa.array([True] * 600)})
    fails = pa.table({"text": pa.array(["stop"]), "boolean": pa.array([False])})
    # With a seed, which is made after the frame.
    manifest = workshop.manifest("1", {"double": "double"}, body=BODY, deterministic=False)
    with closing(workshop.pool(max_workers=1)) as pool:

        def ask(table: pa.Table):
            return pool.predict(manifest, table, deadline_s=240)

        # What R loads or compiles when it first needs it would take for ever later.
        for _ in range(4):
            plain, packed = ask(rows), ask(long)
            with pytest.raises(ModelError, match="no ü"):
                ask(fails)
        ask(rows.slice(1))
        for _ in range(2):
            for table, before in ((rows, plain), (long, packed)):
                found = ask(table)
                assert set(before.table["step"].to_pylist()) == {0}
                assert set(found.table["step"].to_pylist()) == {1}
                assert parts(found.table) == parts(before.table)
                assert found.warnings == before.warnings == ("as é",)
            with pytest.raises(ModelError, match="no ü"):
                ask(fails)


VALUES = """
from modelyard.runtime.r.session import *
from modelyard.runtime.r.session import call_of, evaluate, string, symbol
from modelyard.runtime.r.values import *

start_r()
with protected(step := lib.Rf_ScalarInteger(1)):
    evaluate(call_of(symbol("gctorture2"), [step]), lib.R_BaseEnv)
told = {"text": "é", "none": None, "inner": {"many": ["a", "ü"] * 9, "flags": [True, False]},
        "whole": [1, -7] * 9, "numbers": [0.5, 3]}
for _ in range(20):
    with protected(made := to_list(told)), protected(raw := raw_vector(bytes(range(256)))):
        inner = element(made, "inner")
        assert texts_of(element(made, "text")) == ["é"]
        assert element(made, "none") == lib.R_NilValue
        assert texts_of(element(inner, "many")) == ["a", "ü"] * 9
        assert list(lib.LOGICAL(element(inner, "flags"))[0:2]) == [1, 0]
        assert list(lib.INTEGER(element(made, "whole"))[0:18]) == [1, -7] * 9
        assert list(lib.REAL(element(made, "numbers"))[0:2]) == [0.5, 3.0]
        assert bytes_of(raw) == bytes(range(256))
    try:
        with protected(said := string("no ü")):
            evaluate(call_of(symbol("stop"), [said]), lib.R_BaseEnv)
    except RFailure as e:
        assert str(e) == "Error: no ü", e
    else:
        raise AssertionError
"""


def test_values_are_kept_while_r_collects_at_every_allocation():
    subprocess.run([sys.executable, "-c", VALUES], check=True, timeout=240)
