"""A version as a pin: Python's pins reads the board, R the list in it, with the same predictions."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from tests.conftest import ROOT, run_r
from tests.wrapper.conftest import Logged, run_peer

PREDICT = """
x <- readRDS("{file}")
stopifnot(identical(names(x), c("model", "prototype")))
p <- x$prototype
stopifnot(is.data.frame(p), nrow(p) == 0L)
cat(paste(names(p), vapply(p, \\(c) class(c)[1], "")), sep = "\\n")
frame <- mtcars[c("wt", "hp", "cyl")]
frame$cyl <- as.integer(frame$cyl)
golden <- predict(lm(mpg ~ wt + log(hp) + cyl, cbind(frame, mpg = mtcars$mpg)), frame)
cat(identical(predict(x$model, rbind(p, frame)), golden))
"""


def exported(logged: Logged, case: str, folder: Path) -> Path:
    logged.server.cli("export", case, str(folder), "--mode", "vetiver")
    (file,) = folder.rglob("*.rds")
    return file


def test_r_reads_the_model_and_its_prototype(logged: Logged, tmp_path):
    file = exported(logged, "lm_cars", tmp_path / "board")
    told = run_r(PREDICT.format(file=file)).splitlines()
    assert told == ["wt numeric", "hp numeric", "cyl integer", "TRUE"]


def test_the_prototype_has_levels_days_and_times(logged: Logged, tmp_path):
    said = logged.server.r(
        "library(modelyard); reg <- sfr_model_registry(sfr_connect());"
        "d <- data.frame(y = c(1, 2, 4, 8), f = factor(c('b','é','b','é'), c('é','b')),"
        " o = factor(c('x','z','x','z'), ordered = TRUE), day = as.Date('2024-01-01') + c(1,3,4,9),"
        " at = as.POSIXct('2024-01-01', tz = 'Asia/Tokyo') + c(2, 9, 5, 1), s = c('u','v','v','u'), b = c(TRUE, FALSE, FALSE, TRUE));"
        "m <- lm(y ~ f + o + as.numeric(day) + as.numeric(at) + s + b, d); sfr_log_model(reg, m, 'proto', sample_input = d[-1])"
    )
    assert said.returncode == 0
    file = exported(logged, "proto", tmp_path / "board")
    told = run_r(f"""
        p <- readRDS("{file}")$prototype
        wanted <- data.frame(
          f = factor(character(), c("\\u00e9", "b")), o = factor(character(), c("x", "z"), ordered = TRUE),
          day = as.Date(character()), at = as.POSIXct(character(), tz = "Asia/Tokyo"),
          s = character(), b = logical()
        )
        cat(all.equal(p, wanted), identical(p, wanted))
    """)
    assert told == "TRUE TRUE"


@pytest.mark.parametrize("case", ["lm_cars", "ranger"])
def test_pins_finds_it_on_the_board(logged: Logged, tmp_path, case):
    file = exported(logged, case, tmp_path / "board")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    run_peer("mlflow", "pins_board.py", tmp_path / "board", case, digest)


@pytest.mark.parametrize(
    ("case", "why"),
    [("every_type", "predict_body"), ("interval", "predict_args"), ("arima", "predict_fn")],
)
def test_a_version_vetiver_would_give_other_numbers_of_is_refused(
    logged: Logged, tmp_path, case, why
):
    command = [ROOT / ".venv/bin/modelyard", "export", case, tmp_path / "b", "--mode", "vetiver"]
    done = subprocess.run(
        command, env=logged.server.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and why in " ".join(done.stderr.split())
    assert not (tmp_path / "b").exists()


def test_vetiver_itself_imports_it(logged: Logged, tmp_path):
    there = run_r(
        "cat(all(nzchar(system.file(package = c('vetiver'))), requireNamespace('pins', quietly = TRUE)))"
    )
    if there != "TRUE":
        pytest.skip("R's vetiver and pins are not installed: the real import was NOT tried")
    exported(logged, "lm_cars", tmp_path / "board")
    told = run_r(f"""
        v <- vetiver::vetiver_pin_read(pins::board_folder("{tmp_path / "board"}"), "lm_cars")
        cat(inherits(v, "vetiver_model"), names(v$prototype))
    """)
    assert told == "TRUE wt hp cyl"
