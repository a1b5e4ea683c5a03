model <- function() lm(mpg ~ wt + hp + cyl, data = mtcars)
cars <- data.frame(wt = c(2.5, 3), hp = c(110, 150), cyl = c(4, 6))

test_that("predictions are predict()'s own", {
  expect_identical(sfr_predict_local(model(), cars)$prediction, unname(predict(model(), cars)))
  binomial <- glm(am ~ wt, data = mtcars, family = binomial)
  expect_identical(
    sfr_predict_local(binomial, cars, predict_args = list(type = "response"))$prediction,
    unname(predict(binomial, cars, type = "response"))
  )
})

test_that("the contract is checked when it is given", {
  predict_cars <- function(rows) {
    sfr_predict_local(model(), rows,
      input_cols = list(wt = "double", hp = "double", cyl = "integer"),
      output_cols = list(mpg = "double")
    )
  }
  expect_named(predict_cars(cars), "mpg")
  expect_error(predict_cars(transform(cars, cyl = 4.5)), class = "modelyard_type_mismatch")
  expect_error(predict_cars(cars[-1]), class = "modelyard_missing_column")
})

test_that("a missing column is never taken from the session", {
  expect_error(sfr_predict_local(model(), cars["wt"]), class = "modelyard_missing_column")
})

test_that("names that differ by case are matched with a word", {
  upper <- stats::setNames(cars, toupper(names(cars)))
  expect_message(scores <- sfr_predict_local(model(), upper), "WT was used for wt")
  expect_identical(scores, sfr_predict_local(model(), cars))
})

test_that("no rows give an empty answer of the right type", {
  expect_identical(sfr_predict_local(model(), cars[0, ]), data.frame(prediction = numeric()))
  expect_identical(
    sfr_predict_local(model(), cars[0, ], output_cols = list(n = "integer")), data.frame(n = integer())
  )
})

test_that("matrices and data frames keep their columns", {
  interval <- sfr_predict_local(model(), cars, predict_args = list(interval = "confidence"))
  expect_named(interval, c("fit", "lwr", "upr"))
})

test_that("a missing package is one clear error", {
  expect_snapshot(sfr_predict_local(model(), cars, predict_pkgs = "nosuchpackage"), error = TRUE)
})

test_that("R's own refusal is a model_error", {
  body <- sfr_predict_body(function(model, input) stop("no {luck}"))
  expect_error(
    sfr_predict_local(model(), cars, predict_body = body), "no {luck}",
    fixed = TRUE, class = "modelyard_model_error"
  )
})

test_that("R's warnings are warnings", {
  body <- sfr_predict_body(function(model, input) {
    warning("mind {this}")
    input$wt
  })
  expect_warning(sfr_predict_local(model(), cars, predict_body = body), "mind {this}", fixed = TRUE)
})

test_that("forecasts take as many steps as there are rows", {
  skip_if_not_installed("forecast")
  fit <- forecast::ets(AirPassengers)
  scores <- sfr_predict_local(fit, data.frame(period = 1:3), predict_fn = "forecast")
  expect_identical(nrow(scores), 3L)
  expect_identical(scores$point_forecast, as.numeric(forecast::forecast(fit, h = 3)$mean))
})

test_that("a contract without levels or a zone takes those the model was trained with", {
  rows <- data.frame(
    y = c(1, 3, 2, 5, 4, 6), f = factor(c("b", "a", "c"), levels = c("c", "b", "a")),
    at = as.POSIXct("2024-07-01 22:00:00", tz = "Asia/Kolkata") + 3600 * 0:5
  )
  fit <- lm(y ~ as.integer(f) + as.POSIXlt(at)$hour, rows)
  scores <- sfr_predict_local(fit, rows, input_cols = list(f = "string", at = "timestamp"))
  expect_identical(scores$prediction, unname(predict(fit, rows)))
})

test_that("one row of class probabilities is one row", {
  skip_if_not_installed("MASS")
  fit <- MASS::polr(factor(gear) ~ wt, mtcars)
  all <- sfr_predict_local(fit, mtcars, predict_args = list(type = "probs"))
  one <- sfr_predict_local(fit, mtcars[1, ], predict_args = list(type = "probs"))
  expect_identical(one, all[1, ])
})

test_that("the variables of offset = are columns the rows must have", {
  fit <- lm(mpg ~ wt, mtcars, offset = hp / 100)
  expect_setequal(names(sample_frame(fit)), c("wt", "hp"))
  expect_error(sfr_predict_local(fit, mtcars["wt"]), class = "modelyard_missing_column")
})

test_that("the R code that predicts is the files the workers run", {
  worker <- testthat::test_path("../../../../src/modelyard/runtime/r")
  own <- testthat::test_path("../../R")
  skip_if_not(dir.exists(worker) && dir.exists(own), "not in the repository")
  names <- setdiff(list.files(worker, "[.]R$"), c("serve.R", "state.R"))
  expect_true(all(c("contract.R", "model.R", "model-linear.R") %in% names))
  sums <- function(folder) unname(tools::md5sum(file.path(folder, names)))
  expect_identical(sums(own), sums(worker))
})

test_that("what R says is said once", {
  fail <- sfr_predict_body(function(model, input) stop("no luck with this"))
  error <- expect_error(
    sfr_predict_local(model(), cars, predict_body = fail), class = "modelyard_model_error"
  )
  expect_length(gregexpr("no luck with this", conditionMessage(error))[[1]], 1)
})

test_that("64-bit integers are numbers, not the bits of doubles", {
  skip_if_not_installed("bit64")
  fit <- model()
  rows <- cars
  rows[[1]] <- bit64::as.integer64(1:nrow(cars))
  plain <- rows
  plain[[1]] <- 1:nrow(cars)
  expect_identical(sfr_predict_local(fit, rows), sfr_predict_local(fit, plain))
})

test_that("rows come to the model as it was trained, without a contract too", {
  rows <- data.frame(
    y = c(1, 3, 2, 5, 4, 6), k = c(1, 2, 3, 5, 7, 8), n = 1:6, s = rep(c("aa", "bb", "cc"), 2),
    at = as.POSIXct("2024-07-01 22:00:00", tz = "Asia/Kolkata") + 3600 * 0:5
  )
  here <- function(formula, given) {
    sfr_predict_local(lm(formula, rows), given)$prediction
  }
  own <- function(formula, given) unname(predict(lm(formula, rows), given))
  utc <- rows
  attr(utc$at, "tzone") <- "UTC"
  hour <- y ~ as.numeric(format(at, "%H"))
  expect_identical(here(hour, utc), own(hour, rows))
  big <- data.frame(k = 50000L, n = 50000)
  expect_identical(here(y ~ I(k * k), big), own(y ~ I(k * k), data.frame(k = 50000)))
  expect_warning(found <- here(y ~ I(n * n), big), "integer overflow")
  expect_identical(found, NA_real_)
  expect_identical(here(y ~ n, data.frame(n = 2.5)), own(y ~ n, data.frame(n = 2.5)))
  text <- y ~ I(s > "aa")
  expect_identical(here(text, transform(rows, s = factor(s))), own(text, rows))
})

test_that("an ordered factor has its levels in the order of the training", {
  skip_if_not_installed("randomForest")
  set.seed(1)
  words <- c("lo", "mid", "hi")
  rows <- data.frame(x = rnorm(60), o = factor(sample(words, 60, TRUE), words, ordered = TRUE))
  rows$y <- rows$x + as.integer(rows$o)
  model <- randomForest::randomForest(y ~ x + o, rows, ntree = 20)
  expected <- unname(predict(model, rows))
  expect_identical(sfr_predict_local(model, rows)$prediction, expected)
  for (other in list(rev(words), sort(words))) {
    given <- transform(rows, o = factor(as.character(o), other, ordered = TRUE))
    expect_identical(sfr_predict_local(model, given)$prediction, expected)
  }
  given <- transform(rows, o = as.character(o))
  expect_identical(sfr_predict_local(model, given)$prediction, expected)
})

test_that("what cannot be as it was trained is for R to judge", {
  rows <- data.frame(
    y = c(1, 3, 2, 5, 4, 6), n = 1:6, b = rep(c(TRUE, FALSE), 3), z = c(2, 4, 8, 1, 5, 3)
  )
  fit <- lm(y ~ n + b + z, rows)
  for (n in list(c(2.5, 1), c(NaN, 1), c(3e9, 1), c(Inf, NA))) {
    given <- data.frame(n = n, b = c(TRUE, FALSE), z = 1)
    expect_identical(sfr_predict_local(fit, given)$prediction, unname(predict(fit, given)))
  }
  fit <- lm(y ~ as.numeric(b) + z, rows)
  given <- data.frame(b = c(0L, 1L), z = 1:2)
  expect_identical(sfr_predict_local(fit, given)$prediction, unname(predict(fit, given)))
  skip_if_not_installed("randomForest")
  words <- c("lo", "mid", "hi")
  x <- data.frame(z = sin(1:60), o = factor(rep(words, 20), words, ordered = TRUE))
  forest <- randomForest::randomForest(x, x$z + as.integer(x$o), ntree = 20)
  expected <- unname(predict(forest, x))
  expect_identical(sfr_predict_local(forest, x)$prediction, expected)
  text <- transform(x, o = as.character(o))
  expect_identical(sfr_predict_local(forest, text)$prediction, expected)
})

test_that("a column that the model does not use does not reach it", {
  skip_if_not_installed("e1071")
  model <- e1071::svm(mpg ~ wt + hp, mtcars)
  given <- cbind(mtcars, note = "a")
  expect_identical(sfr_predict_local(model, given), sfr_predict_local(model, mtcars))
})

test_that("an answer has a row for each row, unless it is said to have its own", {
  body <- sfr_predict_body(function(model, input) data.frame(n = nrow(input)))
  fit <- lm(mpg ~ wt, mtcars)
  expect_error(sfr_predict_local(fit, mtcars[1:2, ], predict_body = body), "1 row for 2 rows",
    class = "modelyard_contract_violation_output"
  )
  expect_identical(sfr_predict_local(fit, mtcars[1:2, ], predict_body = body, rows = "free")$n, 2L)
})
