"""Every class of the zoo, every case, every path: plain R's bits, or the documented refusal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.conftest import serving
from tests.zoo.page import written
from tests.zoo.run import families, run_zoo

pytestmark = pytest.mark.timeout(1800)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "model-classes.md"
FAMILIES = families()
NAMES = sorted(name for names in FAMILIES.values() for name in names)
FEWEST_CLASSES = 70
FEWEST_CELLS = 9500
EVERY_MODEL_HAS = {
    "plain", "one_row", "no_rows", "shuffled", "thousand_rows", "missing_column",
    "duplicate_column", "extra_column", "other_case",
}  # fmt: skip
FEWEST_OF_A_CASE = 2
"""No case rests on one model alone."""
PATHS = {"local", "account", "json", "arrow"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("zoo"), max_workers=8) as server:
        return run_zoo(server, FAMILIES)


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_is_rs_answer_or_the_refusal(ran, name):
    assert ran[name].told.get("failed") is None
    wrong = {cell: c.problem for cell, c in ran[name].cells.items() if c.problem is not None}
    assert wrong == {}


@pytest.mark.parametrize("name", NAMES)
def test_logging_finds_out_what_rows_depend_on(ran, name):
    told = ran[name].told
    checks, expects = told["version"]["checks"], told["expects"]
    assert checks["deterministic"] == expects["deterministic"]
    assert checks["row_independent"] == (expects["independent"] and expects["deterministic"])
    found = {c["name"]: c["nullable"] for c in told["version"]["signature"]["inputs"]}
    assert found == told["nullable"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_model_knows_of_its_columns_is_right(ran, name):
    told = ran[name].told
    given = {c["name"]: c["levels"] for c in told["cases"]["plain"]["given"]}
    assert sorted(told["knows"]["columns"]) in ([], sorted(given))
    levels = dict(told["knows"]["levels"] or {})
    assert {
        n: v for n, v in levels.items() if given[n] is not None and v not in ([], given[n])
    } == {}


def test_nothing_was_left_out(ran):
    assert sorted(ran) == NAMES
    assert len({one.told["class"][0] for one in ran.values()}) >= FEWEST_CLASSES
    assert sum(len(one.cells) for one in ran.values()) >= FEWEST_CELLS
    asked = {name: {case for case, _ in one.cells} for name, one in ran.items()}
    lacking = {name: EVERY_MODEL_HAS - cases for name, cases in asked.items()}
    assert {name: cases for name, cases in lacking.items() if cases} == {}
    models = Counter(case for cases in asked.values() for case in cases)
    assert {case: n for case, n in models.items() if n < FEWEST_OF_A_CASE} == {}
    for one in ran.values():
        for case in one.told["cases"]:
            assert {path for c, path in one.cells if c == case} >= PATHS


def test_the_page_says_what_ran(ran, request):
    text = written(ran.values())
    if request.config.getoption("--write-pages"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text
