"""custom_model.py by itself: R's own bits, and clear refusals, without any of ours around it."""

from __future__ import annotations

import ast
import json
import struct
import subprocess
import sys

import pytest
from tests.conftest import ROOT
from tests.wrapper.conftest import CASES, Logged, place, predicted, run_peer

from modelyard.wrapper.generate import literal, r_code


@pytest.mark.parametrize("case", ["glm_visits", "every_type"])
@pytest.mark.parametrize("peer", ["mlflow", "snowflake"])  # pandas 3 and pandas 2
def test_it_gives_the_bits_the_registry_gives(logged: Logged, tmp_path, case, peer):
    folder = place(logged.folder / case, tmp_path / "model")
    answer = predicted(peer, "plain", folder, [logged.rows(case)], tmp_path)
    assert answer == [logged.expected(case)]


def test_random_numbers_are_those_of_a_request_of_its_name(logged: Logged, tmp_path):
    folder = place(logged.folder / "draws", tmp_path / "model")
    rows = logged.rows("draws")
    first, again = predicted("mlflow", "plain", folder, [rows, rows], tmp_path)
    url = f"{logged.server.url}/api/v1/models/draws/predict"
    wt = {"dataframe_records": [{"wt": 2.0}] * len(rows[0]["cells"])}
    command = ["curl", "-s", url, "-H", f"Authorization: Bearer {logged.server.token}"]
    command += ["-H", "X-Request-Id: custom_model", "-H", "Content-Type: application/json"]
    told = subprocess.run([*command, "-d", json.dumps(wt)], capture_output=True, check=True)
    assert first == again
    assert [c["name"] for c in first] == ["prediction"]
    served = [row[1]["prediction"] for row in json.loads(told.stdout)["data"]]
    assert [struct.unpack("<d", struct.pack("<Q", b))[0] for b in first[0]["cells"]] == served


def test_rows_that_do_not_fit_are_refused_with_column_and_row(logged: Logged, tmp_path):
    folder = place(logged.folder / "glm_visits", tmp_path / "model")
    (tmp_path / "rows.json").write_text(json.dumps(logged.rows("glm_visits")))
    run_peer("mlflow", "refusals.py", folder, tmp_path / "rows.json")


def test_a_changed_model_is_not_read_and_a_second_one_not_loaded(logged: Logged, tmp_path):
    one = place(logged.folder / "lm_cars", tmp_path / "one")
    two = place(logged.folder / "interval", tmp_path / "two")
    run_peer("mlflow", "one_r.py", one, two)


def test_an_endless_recursion_is_an_error_in_any_thread(logged: Logged, tmp_path):
    run_peer("mlflow", "deep.py", place(logged.folder / "deep", tmp_path / "model"))


def test_the_file_is_a_program_without_faults(logged: Logged, tmp_path):
    for case in CASES:
        text = (logged.folder / case / "files" / "custom_model.py").read_text()
        compile(text, "custom_model.py", "exec")
        assert "modelyard.wrapper" not in text
    found = place(logged.folder / "lm_cars", tmp_path / "model") / "custom_model.py"
    command = [ROOT / ".venv/bin/ruff", "check", "--isolated", "--select", "F,E4,E7,E9", found]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_versions_differ_in_their_data_alone(logged: Logged):
    texts = [
        (logged.folder / c / "files" / "custom_model.py").read_text() for c in ("lm_cars", "ranger")
    ]
    programs = [t.partition("# This version's own data.")[0] for t in texts]
    assert programs[0] == programs[1]
    trees = [ast.parse(t) for t in texts]
    for tree, text in zip(trees, texts, strict=True):
        assert ast.literal_eval(tree.body[-1].value) == r_code()
        assert "predict_frame <- function" in text


@pytest.mark.parametrize("text", ["a\nb", "'''", "ends with \\", "\r\n", "'", "é \\u00e9", ""])
def test_a_literal_means_its_text(text):
    assert ast.literal_eval(literal(text)) == text


def test_the_engine_needs_no_pandas_to_write_it():
    code = (
        "import sys, modelyard.wrapper.generate; assert not {'pandas', 'rpy2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_answer_of_a_case_is_not_all_missing(logged: Logged):
    for case in CASES:
        assert any(c is not None for c in logged.expected(case)[0]["cells"])
