"""Models out of the ordinary, each as the guide says (docs/guide/model-contents.md)."""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from tests.conftest import COMMAND, MakeRds, Server, run_r

from modelyard.runtime.arrow import read_arrow, write_arrow

ARROW = "application/vnd.apache.arrow.stream"

CONNECT = "library(modelyard); conn <- sfr_connect(); reg <- sfr_model_registry(conn);"
LARGE = """
model <- lm(mpg ~ wt, mtcars)
model$ballast <- runif(2.5e7)
sfr_log_model(reg, model, "LARGE", sample_input = mtcars[1:3, "wt", drop = FALSE])
stopifnot(identical(
  sfr_predict(reg, "LARGE", new_data = mtcars[, "wt", drop = FALSE])$prediction,
  unname(predict(model, mtcars))
))
"""


def test_a_model_of_200_megabytes_is_logged_and_predicts(server: Server) -> None:
    said = " ".join(server.r(CONNECT + LARGE).stderr.split())
    assert "The model has 200.0 MB" in said
    assert "most of it in model$ballast 200.0 MB" in said
    found = json.loads(server.cli("describe", "LARGE/V1", "--json"))["contents"]
    assert found["parts"][0] == {"path": "model$ballast", "size_bytes": 200_000_008}


NOT_ASCII = """
frame <- data.frame(mtcars$mpg, mtcars$wt, factor(c("weiß", "日本")[mtcars$am + 1]))
names(frame) <- c("Verbrauch_ü", "größe 高", "ключ")
model <- lm(`Verbrauch_ü` ~ log(`größe 高`) * `ключ`, frame)
plain <- unname(predict(model, frame))
rows <- frame[-1]
sfr_log_model(reg, model, "NOT_ASCII", sample_input = rows[1:6, ])
same <- function(found) stopifnot(identical(unname(found$prediction), plain, num.eq = FALSE))
same(sfr_predict_local(model, rows))
same(sfr_predict(reg, "NOT_ASCII", new_data = rows))
sfr_deploy_model(reg, "NOT_ASCII", "V1", service_name = "NOT_ASCII_S")
same(sfr_predict(reg, "NOT_ASCII", new_data = rows, service_name = "NOT_ASCII_S"))
same(sfr_predict_rest(sfr_service_endpoint(reg, "NOT_ASCII_S"), rows, conn = conn))
cat("R:", sprintf("%a", plain[1:2]))
"""


def test_columns_and_levels_that_are_not_ascii_predict_on_every_path(server: Server) -> None:
    utf8 = replace(server, environment=server.environment | {"LC_ALL": "C.UTF-8"})
    told = utf8.r(CONNECT + NOT_ASCII).stdout
    plain = [float.fromhex(text) for text in told.rpartition("R:")[2].split()]
    rows = {"größe 高": [2.62, 2.875], "ключ": ["日本", "日本"]}
    with httpx.Client(headers={"authorization": f"Bearer {server.token}"}, timeout=60) as client:
        services = client.get(f"{server.url}/api/v1/services").json()["services"]
        url = next(s["url"] for s in services if s["name"] == "NOT_ASCII_S")
        as_json = client.post(f"{url}/predict", json={"dataframe_split": split(rows)})
        arrow = {"content-type": ARROW, "accept": ARROW}
        sent = client.post(f"{url}/predict", content=write_arrow(pa.table(rows)), headers=arrow)
    assert [row[1]["prediction"] for row in as_json.json()["data"]] == plain
    assert read_arrow(sent.content)["prediction"].to_pylist() == plain


def split(rows: dict[str, list]) -> dict[str, list]:
    return {"columns": list(rows), "data": [list(row) for row in zip(*rows.values(), strict=True)]}


MODEL = "lm(mpg ~ wt, mtcars)"


def logged(server: Server, file: Path, name: str, sample: Path) -> dict:
    server.cli("log", str(file), "--name", name, "--sample", str(sample))
    return json.loads(server.cli("describe", f"{name}/V1", "--json"))


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.csv"
    path.write_text("wt\n2.5\n3\n")
    return path


def test_the_response_among_the_sample_rows_is_no_input(
    server: Server, make_rds: MakeRds, tmp_path: Path
) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text("mpg,wt\n21,2.5\n22.8,3\n")
    told = logged(server, make_rds(MODEL), "RESPONSE", sample)
    assert [column["name"] for column in told["signature"]["inputs"]] == ["wt"]


def test_a_model_written_by_another_r_is_noted_and_loaded_once_verified(
    server: Server, make_rds: MakeRds, tmp_path: Path, sample: Path
) -> None:
    whole = bytearray(gzip.decompress(make_rds(MODEL).read_bytes()))
    whole[6:10] = struct.pack(">i", 0x00040401)
    file = tmp_path / "newer.rds"
    file.write_bytes(whole)
    done = server.cli("log", str(file), "--name", "NEWER", "--sample", str(sample), "--json")
    notes = json.loads(done)["notes"]
    assert any(n.startswith("The file was written by R 4.4.1; workers here run R ") for n in notes)
    found = json.loads(server.cli("describe", "NEWER/V1", "--json"))
    assert found["contents"]["r_version"] == "4.4.1"
    assert found["checks"]["verified"] == "worker"


@pytest.mark.parametrize("how", ["version = 2", "compress = FALSE", "compress = 'xz'"])
def test_every_way_saverds_writes_is_loaded(
    server: Server, tmp_path: Path, sample: Path, how: str
) -> None:
    file = tmp_path / "model.rds"
    run_r(f"saveRDS({MODEL}, '{file}', {how})")
    found = logged(server, file, "SAVED_" + "".join(c for c in how.upper() if c.isalnum()), sample)
    assert found["contents"]["format"] == (2 if "2" in how else 3)


def test_a_file_in_r_s_ascii_form_is_refused_with_what_to_do(
    server: Server, tmp_path: Path, sample: Path
) -> None:
    file = tmp_path / "model.rds"
    run_r(f"saveRDS({MODEL}, '{file}', ascii = TRUE)")
    log = ["log", str(file), "--name", "IN_ASCII", "--sample", str(sample)]
    done = subprocess.run(
        [COMMAND, *log], env=server.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "saveRDS(model, file) writes the binary one" in " ".join(done.stderr.split())
