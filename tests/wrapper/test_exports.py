"""Exports loaded by the very tools they are for, in fresh processes: the same bits as here."""

from __future__ import annotations

import json
import struct
from datetime import UTC
from pathlib import Path

import pytest
from tests.wrapper.conftest import CASES, Columns, Logged, predicted, run_peer

from modelyard.contract.instants import date_from_text, instant_from_text
from modelyard.wrapper.mlflow import rpy2_requirement


@pytest.fixture(scope="module")
def mlflow_models(logged: Logged, tmp_path_factory) -> Path:
    return export_all(logged, "mlflow", tmp_path_factory.mktemp("mlflow"))


@pytest.fixture(scope="module")
def snowflake_folders(logged: Logged, tmp_path_factory) -> Path:
    return export_all(logged, "snowflake", tmp_path_factory.mktemp("snowflake"))


@pytest.fixture(scope="module")
def snowflake_packed(snowflake_folders: Path, tmp_path_factory) -> Path:
    packed = tmp_path_factory.mktemp("packed")
    run_peer("snowflake", "snow.py", "save", packed, *(snowflake_folders / c for c in CASES))
    return packed


def export_all(logged: Logged, mode: str, folder: Path) -> Path:
    for case in CASES:
        logged.server.cli("export", case, str(folder / case), "--mode", mode)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_mlflow_loads_it_and_gives_the_same_bits(logged: Logged, mlflow_models, tmp_path, case):
    rows = logged.rows(case)
    answer = predicted("mlflow", "mlflow", mlflow_models / case, [for_mlflow(rows)], tmp_path)
    assert answer == [logged.expected(case)]


def for_mlflow(rows: Columns) -> Columns:
    """MLflow's texts are str, its times have no zone; the program takes both as they are meant."""
    return [
        {**c, "as_text": c["type"] in ("factor", "date") or c.get("tz") not in (None, "UTC"),
         "naive": c.get("tz") == "UTC"}
        for c in rows
    ]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_snowflake_packs_and_loads_it_with_the_same_bits(
    logged: Logged, snowflake_packed, tmp_path, case
):
    (tmp_path / "rows.json").write_text(json.dumps([for_mlflow(logged.rows(case))]))
    arguments = ["load", snowflake_packed / case, tmp_path / "rows.json", tmp_path / "out.json"]
    run_peer("snowflake", "snow.py", *arguments)
    (answer,) = json.loads((tmp_path / "out.json").read_text())
    assert [as_counts(c) for c in answer] == logged.expected(case)


def as_counts(column):
    """ISO text, where Snowflake has no type, as the days or nanoseconds it stands for."""
    texts = {"day": date_from_text, "local": lambda text: instant_from_text(text, UTC)}
    if (read := texts.get(column["name"])) is None:
        return column
    return {**column, "cells": [read(text) for text in column["cells"]]}


@pytest.mark.parametrize("case", ["glm_visits", "interval"])
def test_the_handler_snowflake_generates_gives_the_same_bits(
    logged: Logged, snowflake_folders, tmp_path, case
):
    packed = tmp_path / "packed"
    run_peer("snowflake", "snow.py", "compose", packed, snowflake_folders / case)
    assert (packed / "MANIFEST.yml").is_file()
    (tmp_path / "rows.json").write_text(json.dumps([for_mlflow(logged.rows(case))]))
    run_peer(
        "snowflake", "snow.py", "handle", packed, tmp_path / "rows.json", tmp_path / "out.json"
    )
    (answer,) = json.loads((tmp_path / "out.json").read_text())
    for column in logged.expected(case):
        hexes = [None if c is None else c.hex() for c in numbers(column["cells"])]
        assert [record[column["name"]] for record in answer] == hexes


def numbers(bits):
    return [None if b is None else struct.unpack("<d", struct.pack("<Q", b))[0] for b in bits]


@pytest.mark.parametrize(
    ("r", "wanted"),
    [
        ("4.2.2", "rpy2-rinterface<=3.6.5"),
        ("4.4.10", "rpy2-rinterface<=3.6.5"),
        ("4.5.0", "rpy2-rinterface"),
        ("5.0.1", "rpy2-rinterface"),
    ],
)
def test_pip_is_asked_for_an_rpy2_that_the_version_s_r_can_load(r, wanted):
    assert rpy2_requirement(r) == wanted
