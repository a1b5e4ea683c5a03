"""What a model holds is told at log time, and shown with the version: from R and the command line."""

from __future__ import annotations

import json

import pytest
from tests.conftest import Server

CONNECT = "library(modelyard); reg <- sfr_connect();"
IN_A_FUNCTION = """
fit <- function() { big <- runif(1e5); lm(mpg ~ wt, mtcars) }
sfr_log_model(reg, fit(), "CAPTURED", sample_input = mtcars[1:3, "wt", drop = FALSE])
print(sfr_get_model_version(reg, "CAPTURED", "V1"))
"""


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def test_rows_and_environments_kept_inside_are_told_and_shown(server: Server) -> None:
    done = server.r(CONNECT + IN_A_FUNCTION)
    said = unwrapped(done.stderr)
    assert "The model holds rows it may have been trained on: model$model (32 x 2)" in said
    assert "environment it was made in, environment(model$terms), and 800 kB with it: big" in said
    shown = unwrapped(done.stdout)
    assert "holds: data, 80" in shown
    assert "rows in model$model (32 rows)" in shown
    told = json.loads(server.cli("describe", "CAPTURED/V1", "--json"))["contents"]
    assert told["captured"][0]["largest"][0]["path"] == "big"
    assert told["parts"][0]["path"] == "environment(model$terms)$big"
    assert "environment(model$terms) 800 kB" in server.cli("describe", "CAPTURED/V1")


PREDVARS = """
m <- lm(mpg ~ wt, mtcars)
attr(m$terms, "predvars") <- quote(list(mpg, {Sys.getpid(); wt}))
sfr_log_model(reg, m, "PREDVARS", sample_input = mtcars[1:3, "wt", drop = FALSE])
"""


def test_code_in_the_terms_of_a_model_is_labelled_with_its_path(server: Server) -> None:
    said = unwrapped(server.r(CONNECT + PREDVARS).stderr)
    assert 'The model holds code: attr(model$terms, "predvars")[[3]][[2]] calls Sys.getpid' in said
    assert 'attr(model$terms, "predvars")[[3]] calls {' in said


POINTER = """
m <- lm(mpg ~ wt, mtcars)
m$handle <- {value}
sfr_log_model(reg, m, "HELD", predict_body = {body}, sample_input = mtcars[1:3, "wt", drop = FALSE])
"""
A_POINTER = "attr(data.table::data.table(1), '.internal.selfref')"


def test_an_external_pointer_is_refused_with_the_reason(server: Server) -> None:
    log = POINTER.format(value=A_POINTER, body="NULL")
    done = server.r(CONNECT + log, check=False)
    said = unwrapped(done.stderr)
    assert "model$handle is an external pointer: it points into the memory of the session" in said
    assert "predict_body that restores" in said


def test_a_predict_body_may_restore_what_a_pointer_pointed_to(server: Server) -> None:
    log = POINTER.format(value=A_POINTER, body="function(model, input) input$wt")
    assert "predict_body must restore it" in unwrapped(server.r(CONNECT + log).stderr)


@pytest.mark.parametrize("name", ["HELD/V1", "CAPTURED/V1"])
def test_an_exported_version_is_looked_through_again(server: Server, name: str, tmp_path) -> None:
    folder = tmp_path / "exported"
    server.cli("export", name, str(folder))
    server.cli("import", str(folder), "--name", "AGAIN_" + name.partition("/")[0])
    before, after = (
        json.loads(server.cli("describe", n, "--json"))["contents"] for n in (name, "AGAIN_" + name)
    )
    assert before == after
