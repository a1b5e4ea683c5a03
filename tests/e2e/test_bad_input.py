"""What people do wrong, from R: each is one clear error, and nothing that was there is lost."""

from __future__ import annotations

import json
import os
import subprocess

import httpx
import pytest
from tests.conftest import COMMAND

SETUP = """
suppressMessages(library(modelyard))
conn <- sfr_connect()
reg <- sfr_model_registry(conn, "BAD", "MODELS")
model <- lm(mpg ~ wt, mtcars)
one_in <- list(wt = "double")
if (nrow(sfr_show_models(reg)) == 0) suppressMessages(sfr_log_model(reg, model, "GOOD", input_cols = one_in))
found <- tryCatch({ %s
  list("nothing", "") }, error = function(e) list(class(e)[1], conditionMessage(e)))
ok <- sfr_predict(reg, "GOOD", data.frame(wt = 2.5))$prediction
stopifnot(identical(ok, unname(predict(model, data.frame(wt = 2.5)))))
cat("\\n", jsonlite::toJSON(c(found, nrow(sfr_show_model_versions(reg, "GOOD"))), auto_unbox = TRUE))
"""
WIDE = (
    "n <- %d; rows <- as.data.frame(matrix(0, 2, n)); sfr_log_model(reg, list(), 'WIDE',"
    " sample_input = rows, predict_body = sfr_predict_body(function(model, input) rowSums(input)),"
    " input_cols = sfr_input_cols(rows), nullable = sapply(rows, \\(x) FALSE))"
)
"""``nullable``, since a minute would go into trying a missing value in each."""

CASES = {
    "an unknown type": (
        "sfr_log_model(reg, model, 'GOOD', input_cols = list(wt = 'number'))",
        ("number", "double", "integer", "string", "boolean"),
    ),
    "a name that is none": (
        "sfr_log_model(reg, model, '1 bad name', input_cols = one_in)",
        ("1 bad name",),
    ),
    "a version that is there": (
        "sfr_log_model(reg, model, 'GOOD', version_name = 'V1', input_cols = one_in)",
        ("V1",),
    ),
    "an alias that looks like a version": (
        "sfr_set_model_alias(reg, 'GOOD', 'V1', 'V7')",
        ("V7", "version"),
    ),
    "an alias that is reserved": (
        "sfr_set_model_alias(reg, 'GOOD', 'V1', 'default')",
        ("reserved",),
    ),
    "an alias that is not there": ("sfr_unset_model_alias(reg, 'GOOD', 'nosuch')", ("nosuch",)),
    "a model that is not there": ("sfr_predict(reg, 'NOSUCH', data.frame(wt = 1))", ("NOSUCH",)),
    "a version that is not there": (
        "sfr_predict(reg, 'GOOD', data.frame(wt = 1), version_name = 'V9')",
        ("V9", "V1"),
    ),
    "a text for a number": ("sfr_predict(reg, 'GOOD', data.frame(wt = 'x'))", ("wt", "row 1")),
    "a column that is not there": (
        "sfr_predict(reg, 'GOOD', data.frame(weight = 1))",
        ("missing column wt",),
    ),
    "no data frame": ("sfr_predict(reg, 'GOOD', 1:3)", ("data frame",)),
    "a column that no model takes": (
        "sfr_predict(reg, 'GOOD', data.frame(wt = I(list(1))))",
        ("wt",),
    ),
    "more columns than there may be": (WIDE % 10_001, ("10,001", "10,000")),
    "an external pointer": (
        "sfr_log_model(reg, methods::new('externalptr'), 'GOOD', input_cols = one_in)",
        ("externalptr",),
    ),
    "a connection": (
        "sfr_log_model(reg, textConnection('x'), 'GOOD', input_cols = one_in)",
        ("connection",),
    ),
    "a missing package": (
        "sfr_log_model(reg, model, 'GOOD', predict_pkgs = 'notapackage', input_cols = one_in)",
        ("notapackage",),
    ),
    "what predict cannot do": (
        "sfr_log_model(reg, 1:3, 'GOOD', input_cols = one_in, sample_input = mtcars['wt'])",
        ("predict",),
    ),
    "a global that does not travel": (
        "k <- 2; body <- function(model, input) input$wt * k; environment(body) <- globalenv();"
        " sfr_log_model(reg, model, 'GOOD', predict_body = sfr_predict_body(body), input_cols = one_in)",
        ("`k`", "session"),
    ),
    "predictions that depend on the session": (
        "options(modelyard.test.shift = 1); body <- function(model, input)"
        " input$wt + getOption('modelyard.test.shift', 0);"
        " sfr_log_model(reg, model, 'GOOD', predict_body = sfr_predict_body(body), input_cols = one_in)",
        ("session", "row 1"),
    ),
    "an output that is not answered": (
        "sfr_log_model(reg, model, 'GOOD', input_cols = one_in,"
        " output_cols = list(a = 'double', b = 'double'))",
        ("output_cols",),
    ),
    "a wrong token": (
        "sfr_connect(token = 'wrong')",
        ("token",),
    ),
    "a table that is not there": ("sfr_query(conn, 'SELECT * FROM nosuch')", ("nosuch",)),
    "SQL that is none": ("sfr_query(conn, 'SELEC 1')", ("SELEC",)),
    "a file by SQL": ("sfr_query(conn, \"SELECT * FROM read_csv('/etc/passwd')\")", ("file",)),
    "a service that is not there": (
        "sfr_service_endpoint(conn, 'nosuch', 'BAD', 'MODELS')",
        ("nosuch",),
    ),
    "a metric that is no value": (
        "sfr_set_model_metric(reg, 'GOOD', 'V1', 'rmse', list(1, 2))",
        ("metric",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_one_clear_error_and_nothing_is_lost(server, case):
    code, words = CASES[case]
    found, message, versions = json.loads(server.r(SETUP % code).stdout.splitlines()[-1])
    assert found.startswith("modelyard_") or found == "rlang_error", (found, message)
    for word in words:
        assert word in message, message
    assert versions == 1
    assert "/root" not in message and str(server.home) not in message


def test_ten_thousand_columns_are_taken(server):
    code = WIDE % 10_000 + "; got <- sfr_predict(reg, 'WIDE', rows); stopifnot(got$prediction == 0)"
    assert json.loads(server.r(SETUP % code).stdout.splitlines()[-1])[0] == "nothing"


def test_a_full_disk_is_told_and_what_is_there_stays(tmp_path, make_rds):
    """A real file system of 12 MB; needs root to mount it."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    home = tmp_path / "small"
    home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(home)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"this machine mounts no tmpfs: {mounted.stderr.decode().strip()}")
    environment = os.environ | {"MODELYARD_HOME": str(home)}
    try:
        start = [COMMAND, "server", "start"]
        subprocess.run(start, env=environment, check=True, stdout=subprocess.DEVNULL)
        told = json.loads((home / "server.json").read_text())
        headers = {"authorization": f"Bearer {told['token']}"}
        with httpx.Client(base_url=told["url"] + "/api/v1", headers=headers, timeout=60) as http:
            model = make_rds("lm(mpg ~ wt, data = mtcars)").read_bytes()
            digest = http.post("/artifacts", content=model).json()["digest"]
            log = {"files": {"model": digest}}
            assert http.post("/models/D.S.M/versions", json=log).status_code == 201
            full = http.post("/artifacts", content=os.urandom(20 * 2**20))
            assert (full.status_code, full.json()["error"]["code"]) == (507, "storage_full")
            filler = home / "filler"
            with filler.open("wb") as out, pytest.raises(OSError):
                while True:
                    out.write(b"x" * 65536)
                    out.flush()
            again = http.post("/models/D.S.M/versions", json=log)
            assert again.json()["error"]["code"] == "storage_full", again.text
            rows = {"dataframe_records": [{"wt": 2.5}]}
            assert http.post("/models/D.S.M/predict", json=rows).status_code == 200
            filler.unlink()  # room again: writes work without a restart
            assert http.post("/models/D.S.M/versions", json=log).json()["version"] == "V2"
    finally:
        stop = [COMMAND, "server", "stop"]
        subprocess.run(stop, env=environment, check=False, stdout=subprocess.DEVNULL)
        subprocess.run(["umount", "-l", str(home)], check=False)
