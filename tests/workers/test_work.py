"""What models need works in the sandbox, with the numbers of an R outside of it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests.conftest import run_r

from modelyard.errors import MissingPackage, ModelError
from modelyard.runtime.manifest import PredictSpec

ROWS = "data.frame(wt = c(2.5, 3, 3.5), hp = c(110, 150, 200))"
TABLE = pa.table({"wt": [2.5, 3.0, 3.5], "hp": [110.0, 150.0, 200.0]})
INPUTS = {"wt": "double", "hp": "double"}

MODELS = {
    "lm": ("lm(mpg ~ wt + hp, mtcars)", "predict(m, d)"),
    "glm": ("glm(am ~ wt + hp, binomial, mtcars)", "predict(m, d)"),
    "gam": ("mgcv::gam(mpg ~ s(wt) + hp, data = mtcars)", "predict(m, d)"),
    "loess": ("loess(mpg ~ wt + hp, mtcars)", "predict(m, d)"),
    "nnet": (
        "set.seed(1); nnet::nnet(mpg / 50 ~ wt + hp, mtcars, size = 3, trace = FALSE)",
        "predict(m, d)",
    ),
    "rpart": ("rpart::rpart(mpg ~ wt + hp, mtcars)", "predict(m, d)"),
    "lme4": (
        "lme4::lmer(mpg ~ wt + hp + (1 | cyl), mtcars)",
        "predict(m, cbind(d, cyl = 4), re.form = NA)",
    ),
    "randomForest": (
        "set.seed(1); randomForest::randomForest(mpg ~ wt + hp, mtcars, ntree = 50)",
        "predict(m, d)",
    ),
    "ranger_with_threads": (
        "ranger::ranger(mpg ~ wt + hp, mtcars, num.trees = 200, seed = 1)",
        "predict(m, d, num.threads = 4)$predictions",
    ),
    "glmnet": (
        "glmnet::glmnet(as.matrix(mtcars[c('wt', 'hp')]), mtcars$mpg, lambda = 0.1)",
        "predict(m, as.matrix(d))",
    ),
    "survival": (
        "survival::survreg(survival::Surv(qsec, am) ~ wt + hp, mtcars)",
        "predict(m, d)",
    ),
    "svm": ("e1071::svm(mpg ~ wt + hp, mtcars)", "predict(m, d)"),
    "gbm": (
        "set.seed(1); gbm::gbm(mpg ~ wt + hp, 'gaussian', mtcars, n.trees = 20, n.minobsinnode = 3)",
        "predict(m, d, n.trees = 20)",
    ),
    "forecast": (
        "forecast::auto.arima(AirPassengers)",
        "as.numeric(forecast::forecast(m, h = nrow(d))$mean)",
    ),
}  # fmt: skip

CODE = {
    "own_files": "{ saveRDS(d, f <- tempfile()); readRDS(f)$wt }",
    "text_files": "{ writeLines(as.character(d$wt), f <- tempfile()); as.numeric(readLines(f)) }",
    "packages_by_name": "{ library(splines); c(ns(d$wt, df = 2)[, 1]) }",
    "data_of_packages": "datasets::mtcars$mpg[seq_len(nrow(d))]",
    "time_zones": "as.numeric(as.POSIXct('2024-07-01 12:00', tz = 'Europe/Berlin')) + d$wt",
    "clock": "as.numeric(Sys.time() > as.POSIXct('2020-01-01', tz = 'UTC')) + d$wt",
    "random_numbers": "{ set.seed(42); rnorm(nrow(d)) }",
    "random_numbers_unseeded": "{ x <- runif(nrow(d)); as.numeric(x > 0 & x < 1) }",
    "text": "as.numeric(nchar(iconv(sprintf('\\u00fc%s', format(d$wt)), 'UTF-8', 'latin1')))",
    "linear_algebra": "c(solve(crossprod(as.matrix(d)) + diag(2)) %*% c(1, 2))[c(1, 2, 1)]",
    "sleep": "{ Sys.sleep(0.01); d$wt }",
    "compiler": "compiler::cmpfun(function(x) x + 1)(d$wt)",
    "graphics_off_screen": "{ grDevices::pdf(NULL); graphics::plot(1); grDevices::dev.off(); d$wt }",
    "much_memory": "{ x <- numeric(1e8); x[1e8] + d$wt }",
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_predicts_as_outside(workshop, pool, name):
    model, code = MODELS[name]
    told = run_r(f"m <- {{ {model} }}; d <- {ROWS}; cat(sprintf('%a', as.numeric({code})))")
    body = f"function(model, input) {{ m <- model; d <- input; as.numeric({code}) }}"
    package = model.partition("::")[0].rpartition(" ")[2] if "::" in model else "stats"
    spec = PredictSpec(packages=(package,))
    manifest = workshop.manifest(f"{{ {model} }}", INPUTS, body=body, predict=spec)
    answer = pool.predict(manifest, TABLE, deadline_s=60)
    found = answer.table["prediction"].to_pylist()
    assert found == [float.fromhex(t) for t in told.split()]


@pytest.mark.parametrize("name", CODE)
def test_code_gives_what_it_gives_outside(workshop, pool, name):
    code = CODE[name]
    told = run_r(f"d <- {ROWS}; cat(sprintf('%a', as.numeric({code})))")
    body = f"function(model, input) {{ d <- input; as.numeric({code}) }}"
    answer = pool.predict(workshop.manifest("1", INPUTS, body=body), TABLE, deadline_s=60)
    found = answer.table["prediction"].to_pylist()
    assert found == [float.fromhex(t) for t in told.split()]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("dpkg-architecture -qDEB_HOST_MULTIARCH", "'x86_64-linux-gnu'"),
        ("dpkg-architecture -qDEB_HOST_ARCH", "cannot popen"),
        ("dpkg-architecture -qDEB_HOST_MULTIARCH; echo", "cannot popen"),
    ],
)
def test_the_one_question_to_a_program_is_answered_and_the_program_is_not_run(
    workshop, pool, monkeypatch, command, says
):
    monkeypatch.setattr("sysconfig.get_config_var", {"MULTIARCH": "x86_64-linux-gnu"}.get)
    body = f"function(model, input) stop(sQuote(system('{command}', intern = TRUE), FALSE))"
    with pytest.raises(ModelError, match=says):
        pool.predict(workshop.manifest("1", {"x": "double"}, body=body), pa.table({"x": [1.0]}))


def test_a_model_finds_nothing_of_ours_behind_rs_system(workshop, pool):
    body = """function(model, input) {
      behind <- environment(base::system)
      stopifnot(identical(names(behind), "r_system"), identical(parent.env(behind), baseenv()))
      input$x
    }"""
    manifest = workshop.manifest("1", {"x": "double"}, body=body)
    answer = pool.predict(manifest, pa.table({"x": [1.0]}))
    assert answer.table["prediction"].to_pylist() == [1.0]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("stop(structure(class = c('my', 'error', 'condition'), list()))", "^$"),
        ("stop(structure(class = c('error', 'condition'), list(message = 42)))", "42"),
        ("stop(structure(class = c('error', 'condition'), list(message = list('a', 1))))", "a\n1"),
        ("readRDS('/no/such/file')", "cannot open.*R warned before: .*/no/such/file"),
        (
            "stop(structure(class = c('modelyard_error', 'error', 'condition'), "
            "list(message = 'odd', hint = function() 1, details = 3)))",
            "odd",
        ),
    ],
)
def test_an_error_made_of_anything_is_told_and_ends_nothing(workshop, pool, code, says):
    body = f"function(model, input) if (input$x > 0) {{ {code} }} else input$x"
    manifest = workshop.manifest("1", {"x": "double"}, body=body)
    with pytest.raises(ModelError, match=says):
        pool.predict(manifest, pa.table({"x": [1.0]}))
    answer = pool.predict(manifest, pa.table({"x": [-1.0]}))
    assert answer.table["prediction"].to_pylist() == [-1.0]


def test_a_warning_made_of_anything_is_text(workshop, pool):
    body = """function(model, input) {
      odd <- structure(class = c("warning", "condition"), list(message = list("a", 1)))
      warning(odd)
      warning(iconv("caf\\u00e9", "UTF-8", "latin1"))
      input$x
    }"""
    answer = pool.predict(
        workshop.manifest("1", {"x": "double"}, body=body), pa.table({"x": [1.0]})
    )
    assert answer.warnings == ("a\n1", "café")


def test_a_package_that_is_not_there_is_named_with_the_way_to_it(workshop, pool):
    body = "function(model, input) { library(notanywhere); input$x }"
    manifest = workshop.manifest("1", {"x": "double"}, body=body)
    with pytest.raises(MissingPackage, match="notanywhere") as caught:
        pool.predict(manifest, pa.table({"x": [1.0]}))
    assert caught.value.packages == ("notanywhere",)
    assert "install" in caught.value.hint


@pytest.mark.parametrize(("fn", "found"), [("stats:::predict.lm", True), ("stats::predcit", False)])
def test_a_named_function_is_looked_for_when_the_model_is_loaded(workshop, pool, fn, found):
    manifest = workshop.manifest(
        "lm(mpg ~ wt + hp, mtcars)", INPUTS, predict=PredictSpec(fn, args={"interval": "none"})
    )
    if found:
        told = run_r(f"d <- {ROWS}; cat(sprintf('%a', predict(lm(mpg ~ wt + hp, mtcars), d)))")
        answer = pool.predict(manifest, TABLE).table["prediction"].to_pylist()
        assert answer == [float.fromhex(t) for t in told.split()]
    else:
        with pytest.raises(ModelError, match="No function stats::predcit"):
            pool.predict(manifest, TABLE)
