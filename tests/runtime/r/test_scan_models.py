"""Real models of many classes: none is refused, and each is the data or the code it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.conftest import MakeRds

from modelyard.runtime.contents import Contents
from modelyard.runtime.r.scan import scan

MIN_MODELS = 60


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Contents]]:
    """Of each model the verdict it should have, and what was found."""
    folder = tmp_path_factory.mktemp("models")
    script = Path(__file__).with_name("models.R")
    done = subprocess.run(
        ["Rscript", str(script), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for file in folder.glob("*.rds"):
        verdict, _, name = file.stem.partition("-")
        found[name] = verdict, scan(memoryview(file.read_bytes()))
    return found


def test_no_model_is_refused_and_every_verdict_is_right(reports) -> None:
    assert len(reports) >= MIN_MODELS
    wrong = {
        name: [f"{r.path}: {r.what}" for r in found.reasons]
        for name, (verdict, found) in reports.items()
        if found.verdict != verdict
    }
    assert wrong == {}


def test_every_model_says_which_r_wrote_it_and_how_large_it_is(reports) -> None:
    assert {found.format for _, found in reports.values()} == {3}
    assert all(found.unpacked_bytes > found.stored_bytes > 90 for _, found in reports.values())


def test_no_model_of_these_has_a_pointer_that_nothing_restores(reports) -> None:
    assert {n: f.pointers for n, (_, f) in reports.items() if f.pointers} == {}


@pytest.mark.parametrize(
    ("name", "path", "rows", "columns"),
    [
        ("lm", "model$model", 32, 3),
        ("glm", "model$data", 32, 11),
        ("lmer", "model@frame", 180, 3),
        ("svm", "model$SV", 30, 10),
        ("ksvm", "model@xmatrix", 30, 10),
        ("knn3", "model$learn$X", 32, 2),
        ("loess", "model$x", 32, 1),
        ("rq", "model$model", 32, 2),
        ("recipe", "model$template", 32, 11),
    ],
)
def test_rows_kept_inside_are_found(reports, name, path, rows, columns) -> None:
    kept = {r.path: (r.rows, r.columns) for r in reports[name][1].rows}
    if name in ("svm", "ksvm"):  # how many support vectors there are is the package's to say
        assert kept[path][1] == columns
    else:
        assert kept[path] == (rows, columns)


@pytest.mark.parametrize("name", ["ranger", "glmnet", "rpart", "coxph", "kmeans", "naiveBayes"])
def test_models_that_keep_no_rows_are_not_said_to(reports, name) -> None:
    assert reports[name][1].rows == ()


def test_functions_of_packages_are_said_to_be(reports) -> None:
    rpart = [r.what for r in reports["rpart"][1].reasons]
    assert set(rpart) == {"a function of package rpart"}


def test_a_formula_s_own_code_comes_first_among_the_reasons(reports) -> None:
    braces = reports["lm_braces"][1].reasons
    assert all(r.what == "calls {" for r in braces)
    assert any(r.path == 'attr(model$terms, "predvars")[[3]][[2]]' for r in braces)


def test_the_largest_parts_are_named_by_the_r_that_leads_there(make_rds: MakeRds) -> None:
    model = "x <- matrix(runif(4e4), 1e4); y <- runif(1e4); m <- lm(y ~ x); m$`my part` <- runif(3e4); m"
    found = scan(memoryview(make_rds(model).read_bytes()))
    paths = {p.path: p.size_bytes for p in found.parts}
    assert {"model$qr$qr", "model$model", "model$`my part`"} <= set(paths)
    assert paths["model$`my part`"] == 8 * 30_000 + 8
    assert list(paths.values()) == sorted(paths.values(), reverse=True)


def test_r_itself_follows_every_path(make_rds: MakeRds, tmp_path: Path) -> None:
    """What the report calls a part is what R finds there, of that many bytes."""
    file = make_rds("local({big <- runif(5e4); function(n) lm(mpg ~ wt, mtcars[n, ])})(1:32)")
    found = scan(memoryview(file.read_bytes()))
    paths = [p.path for p in found.parts] + [c.path for c in found.captured]
    paths += [r.path for r in found.rows]
    code = "; ".join(f"stopifnot(!is.null({p}))" for p in paths)
    done = subprocess.run(
        ["Rscript", "-e", f"model <- readRDS('{file}'); {code}; cat(length({paths[0]}))"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("50000", "")
