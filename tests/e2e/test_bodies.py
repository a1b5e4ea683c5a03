"""Slimmed models and predict functions of the author's own: here and served they give one answer."""

from __future__ import annotations

START = """
suppressMessages(library(modelyard)); options(modelyard.quiet = FALSE)
reg <- sfr_model_registry(sfr_connect(), database = "BODIES", schema = "S")
same <- function(a, b) cat(identical(a, b, num.eq = FALSE), "\\n")
"""


def test_a_slimmed_model_predicts_the_same_bits(server):
    done = server.r(
        START
        + """
fit <- function() { ballast <- sin(1:1e5); lm(mpg ~ wt + log(hp), data = mtcars) }
model <- fit()
sfr_log_model(reg, model, "SLIM", slim = TRUE)
same(sfr_predict(reg, "SLIM", mtcars)$prediction, unname(predict(model, mtcars)))
"""
    )
    assert done.stdout.strip() == "TRUE"
    assert "Slimmed the model from" in done.stderr


def test_what_only_a_fresh_process_finds_wrong_is_logged_whole(server):
    """What is attached here hides that the formula's own functions are needed: a worker has none,
    and base R's scale() instead, which gives other numbers."""
    done = server.r(
        START
        + """
tools <- list(shifted = function(x) x + 1, scale = function(x, ...) x / 2)
attach(tools, warn.conflicts = FALSE)
fits <- list(
  MISSES = with(tools, lm(mpg ~ shifted(wt), data = mtcars)),
  DIFFERS = with(tools, lm(mpg ~ scale(wt), data = mtcars))
)
for (name in names(fits)) {
  sfr_log_model(reg, fits[[name]], name, slim = TRUE, sample_input = mtcars["wt"])
  served <- sfr_predict(reg, name, mtcars["wt"])$prediction
  same(served, unname(predict(fits[[name]], mtcars)))
}
"""
    )
    assert done.stdout.split() == ["TRUE", "TRUE"], done.stderr
    assert done.stderr.count("Slimmed the model from") == 2
    said = " ".join(done.stderr.split())
    assert said.count("a fresh R process could not do with the slimmed one") == 2


def test_texts_in_a_body_stay_as_they_are(server):
    """Bodies of random texts full of the words a template would replace."""
    done = server.r(
        START
        + """
set.seed(as.integer(Sys.time()))
words <- c("input", "model", "{{MODEL}}", "{{INPUT}}", "{{N}}", "{{UID}}", "result", "\\\\", "'", "\\u00e9", " ")
rows <- data.frame(wt = c(2, 3.5))
for (i in 1:4) {
  text <- paste(sample(words, 12, TRUE), collapse = "")
  code <- bquote(function(model, input) {
    data.frame(said = .(text), input = unname(predict(model, input)), n = nchar(.(text)))
  })
  body <- sfr_predict_body(eval(code, globalenv()))
  fit <- lm(mpg ~ wt, data = mtcars)
  name <- paste0("TEXT", i)
  sfr_log_model(reg, fit, name, predict_body = body, sample_input = rows)
  here <- sfr_predict_local(fit, rows, predict_body = body)
  same(as.list(sfr_predict(reg, name, rows))[names(here)], as.list(here))
}
"""
    )
    assert done.stdout.split() == ["TRUE"] * 4, done.stderr


def test_forecast_has_its_six_columns_here_and_served(server):
    done = server.r(
        START
        + """
suppressMessages(library(forecast))
model <- auto.arima(AirPassengers)
rows <- data.frame(step = 1:6)
sfr_log_model(reg, model, "AIR", predict_fn = "forecast", predict_pkgs = "forecast", sample_input = rows)
here <- sfr_predict_local(model, rows, predict_fn = "forecast", predict_pkgs = "forecast")
cat(names(here), "\\n")
same(as.list(sfr_predict(reg, "AIR", rows))[names(here)], as.list(here))
"""
    )
    assert done.stdout.split() == [
        "period",
        "point_forecast",
        "lower_80",
        "upper_80",
        "lower_95",
        "upper_95",
        "TRUE",
    ], done.stderr


def test_a_body_that_leans_on_the_session_is_refused_before_the_upload(server):
    done = server.r(
        START
        + """
shift <- 1
twice <- function(x) 2 * x
body <- function(model, input) twice(predict(model, input)) + shift
fit <- lm(mpg ~ wt, data = mtcars)
tryCatch(sfr_log_model(reg, fit, "LEANS", predict_body = sfr_predict_body(body), sample_input = mtcars),
         modelyard_model_rejected = function(e) cat(conditionMessage(e)))
"""
    )
    assert "twice" in done.stdout
    assert "shift" in done.stdout
