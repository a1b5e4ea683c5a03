"""What a model needs of R is looked for before it is used: one error names all that is missing."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from tests.environments.tiny import FIT
from tests.registry.fake import ANNA, MPG, ref

from modelyard.errors import MissingPackage, ModelRejected
from modelyard.registry.bring_in import import_tar
from modelyard.registry.export import export_tar
from modelyard.registry.log import log_version
from modelyard.registry.request import read_request
from modelyard.runtime.arrow import write_arrow
from modelyard.runtime.environment import Environment

ROWS = pa.table({"x": [1.0, 2.0]})


def put(account, data: bytes) -> str:
    return account.artifacts.put(io.BytesIO(data)).digest


def log(account, make_rds, model: str = FIT, body: str | None = None, **more):
    """Log a model of R code; the version, with what the log said."""
    files = {"model": put(account, make_rds(model).read_bytes())}
    files["samples"] = put(account, write_arrow(ROWS))
    if body is not None:
        files["body"] = put(account, make_rds(body).read_bytes())
    if "predictions" in more:
        answer = pa.table({"prediction": more.pop("predictions")})
        files["predictions"] = put(account, write_arrow(answer))
    raw = {
        "files": files,
        "predict": {"packages": more.pop("packages", ["tinyroot"])},
        "inputs": [{"name": "x", "type": "double"}],
        "sample_origin": "sample_input",
        **more,
    }
    return log_version(account, ANNA, MPG, read_request(raw))


def predict(account, version):
    return account.workers.predict(version.manifest, ROWS).table["prediction"].to_pylist()


def refused(account, make_rds, *args, **kwargs) -> MissingPackage:
    with pytest.raises(MissingPackage) as caught:
        log(account, make_rds, *args, **kwargs)
    return caught.value


def test_every_package_is_named_with_the_commands_that_install_it(opened, make_rds):
    error = refused(opened(), make_rds, packages=["tinyroot", "TinyOther", "stats"])
    assert error.packages == ("tinyroot", "TinyOther")
    assert "tinyroot, TinyOther" in error.message
    assert len(error.details) == 2
    for way in ('install.packages("TinyOther")', "r-cran-tinyother", "conda install r-tinyother"):
        assert way in error.details[1].reason
    assert 'install.packages(c("tinyroot", "TinyOther"))' in (error.hint or "")


def test_what_is_missing_behind_a_package_is_named_too(opened, make_rds, library, repository):
    libs = library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0")
    account = opened(r_libs=libs)
    logged = log(account, make_rds).version
    assert predict(account, logged) == [3.0, 5.0]
    half = Path(shutil.copytree(libs, account.settings.home / "half"))
    for gone in ("tinydep", "tinyleaf"):
        shutil.rmtree(half / gone)
    error = refused(opened("other", r_libs=str(half)), make_rds)
    assert set(error.packages) == {"tinydep", "tinyleaf"}
    assert all("needed by tinyroot" in d.reason for d in error.details)


def test_a_version_older_than_is_asked_for_is_named(opened, make_rds, library, tmp_path):
    libs = Path(
        shutil.copytree(library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0"), tmp_path / "l")
    )
    shutil.rmtree(libs / "tinydep")
    shutil.copytree(Path(library("tinydep_0.5")) / "tinydep", libs / "tinydep")
    error = refused(opened(r_libs=str(libs)), make_rds)
    assert error.packages == ("tinydep",)
    assert "0.5 is installed, and not >= 1.0" in error.message


def test_a_package_that_is_there_and_does_not_load_says_why(opened, make_rds, library, tmp_path):
    libs = Path(
        shutil.copytree(library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0"), tmp_path / "l")
    )
    (libs / "tinydep/R/tinydep").write_text("stop('it is damaged')")
    with pytest.raises(ModelRejected) as caught:
        log(opened(r_libs=str(libs)), make_rds)
    assert "The R package tinyroot is installed and does not load: " in caught.value.message
    assert "in package ‘tinydep’" in caught.value.message
    assert "install" not in (caught.value.hint or "")


BODY = "function(model, input) data.frame(prediction = input$x * 2 + tinydep::offset_by())"


def test_packages_the_authors_function_calls_are_looked_for(opened, make_rds, library):
    error = refused(opened(), make_rds, "1", BODY, packages=[])
    assert error.packages == ("tinydep",)
    account = opened("other", r_libs=library("tinydep_1.0"))
    version = log(account, make_rds, "1", BODY, packages=[]).version
    assert predict(account, version) == [3.0, 5.0]
    assert version.manifest.environment.roots == ("tinydep",)


def test_packages_functions_behind_it_call_are_looked_for(opened, make_rds):
    body = (
        "inner <- function(x) x + tinydep::offset_by() + x[1, ]; "
        "outer <- function(x) inner(x); function(model, input) outer(input$x)"
    )
    error = refused(opened(), make_rds, "1", f"local({{ {body} }})", packages=[])
    assert error.packages == ("tinydep",)


def test_a_package_that_is_asked_for_first_may_be_missing(opened, make_rds):
    body = (
        "function(model, input) if (requireNamespace('tinydep', quietly = TRUE)) "
        "tinydep::offset_by() + input$x else input$x"
    )
    account = opened()
    assert predict(account, log(account, make_rds, "1", body, packages=[]).version) == [1.0, 2.0]


def test_a_model_that_refers_to_a_missing_package_is_refused(
    opened, make_rds, library, monkeypatch
):
    """R would put the global environment in the place of the package's."""
    monkeypatch.setenv("R_LIBS", library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0"))
    model = "structure(list(f = tinydep::offset_by), class = 'holder')"
    body = "function(model, input) data.frame(prediction = input$x + model$f())"
    account = opened(r_libs=library("tinydep_1.0"))
    assert predict(account, log(account, make_rds, model, body, packages=[]).version) == [2.0, 3.0]
    error = refused(opened("other"), make_rds, model, body, packages=[])
    assert error.packages == ("tinydep",)


def test_the_closure_is_recorded(opened, make_rds, library):
    account = opened(r_libs=library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0"))
    environment = log(account, make_rds).version.manifest.environment
    assert environment.roots == ("tinyroot",)
    assert environment.added == {"tinydep": "1.0", "tinyleaf": "1.0", "tinyroot": "1.0"}
    by_name = {p.name: p for p in environment.closure}
    assert by_name["tinyroot"].requires == ("tinydep", "tinyleaf", "stats")
    assert by_name["stats"].priority == "base"
    assert Environment.from_dict(environment.to_dict()) == environment
    assert environment.digest == Environment.from_dict(environment.to_dict()).digest


def test_what_a_package_is_built_with_is_recorded_and_not_needed(opened, make_rds):
    model = "lme4::lmer(Reaction ~ Days + (1 | Subject), lme4::sleepstudy)"
    account = opened()
    rows = pa.table({"Days": [1.0, 2.0], "Subject": pa.array(["308", "309"]).dictionary_encode()})
    files = {"model": put(account, make_rds(model).read_bytes())}
    files["samples"] = put(account, write_arrow(rows))
    found = log_version(account, ANNA, MPG, read_request({"files": files})).version
    environment = found.manifest.environment
    by_name = {p.name: p for p in environment.closure}
    assert "RcppEigen" in by_name["lme4"].builds_with and "RcppEigen" in by_name
    assert "lme4" in environment.packages and "RcppEigen" not in environment.packages
    assert "Matrix" in environment.packages and by_name["Matrix"].priority == "recommended"


def test_a_package_loaded_while_scoring_is_recorded_as_needed(opened, make_rds, library):
    body = "function(model, input) { f <- get('offset_by', asNamespace('tinydep')); input$x + f() }"
    account = opened(r_libs=library("tinydep_1.0"))
    version = log(account, make_rds, "1", body, packages=[]).version
    assert version.manifest.environment.roots == ("tinydep",)
    archive = io.BytesIO(b"".join(export_tar(account, ref())[1]))
    with pytest.raises(MissingPackage, match="tinydep"):
        import_tar(opened("other"), ANNA, MPG, archive)


def test_another_session_is_noted_and_the_predictions_decide(opened, make_rds, library):
    account = opened(r_libs=library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0"))
    client = {
        "r_version": "4.9.1",
        "packages": {"tinydep": "1.1", "tinyleaf": "1.0", "other": "1", "odd": 7},
        "repositories": {"CRAN": "https://me:secret@mirror.example/cran", "odd": "@CRAN@"},
    }
    notes = log(account, make_rds, client=client, predictions=[3.0, 5.0]).notes
    told = next(n for n in notes if "Your session" in n)
    assert "R 4.9.1, here 4.2" in told and "tinydep 1.1, here 1.0" in told and "bit for bit" in told
    assert "tinyleaf" not in told and "other" not in told
    notes = log(account, make_rds, client=client).notes
    assert any("no predictions of the session" in n for n in notes)
    logged = log(account, make_rds, client=client).version
    kept = logged.manifest.environment.repositories
    assert kept == {"CRAN": "https://mirror.example/cran"}
