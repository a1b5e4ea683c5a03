test_that("loess and its standard errors", {
  fit <- loess(dist ~ speed, cars)
  rows <- some(cars, "speed")
  expect_plain(fit, rows, predict(fit, rows))
  plain <- predict(fit, rows, se = TRUE)
  expect_plain(fit, rows, data.frame(fit = plain$fit, se.fit = plain$se.fit), list(se = TRUE))
  expect_identical(sample_frame(fit, 99)$speed, cars$speed)
})

test_that("smooth.spline answers its y for the column x", {
  fit <- smooth.spline(cars$speed, cars$dist)
  rows <- data.frame(x = c(4, 5.5, 30))
  expect_plain(fit, rows, predict(fit, rows$x)$y)
  expect_plain(fit, rows, predict(fit, rows$x, deriv = 1)$y, list(deriv = 1))
  expect_identical(names(sample_frame(fit)), "x")
})

test_that("projection pursuit", {
  fit <- ppr(mpg ~ wt + hp, data = mtcars, nterms = 1)
  rows <- some(mtcars, c("wt", "hp"))
  expect_plain(fit, rows, predict(fit, rows))
})

test_that("gam and bam of mgcv name their raw columns", {
  fit <- mgcv::gam(mpg ~ s(log(wt)) + te(hp, disp, k = 3) + factor(cyl), data = mtcars)
  rows <- some(mtcars, c("wt", "hp", "disp", "cyl"))
  expect_plain(fit, rows, predict(fit, rows))
  by <- mgcv::gam(
    Sepal.Length ~ s(Petal.Length, by = Species) + Species + offset(Sepal.Width),
    data = iris
  )
  rows <- some(iris, c("Petal.Length", "Species", "Sepal.Width"))
  expect_plain(by, rows, predict(by, rows))
  fit <- mgcv::bam(Sepal.Length ~ s(Petal.Length) + Species, data = iris)
  expect_plain(fit, rows[1:2], predict(fit, rows))
  fit <- mgcv::gam(am ~ s(wt, k = 4), binomial, mtcars)
  plain <- predict(fit, mtcars["wt"], type = "response", se.fit = TRUE)
  expect_plain(
    fit, mtcars["wt"], data.frame(fit = as.vector(plain$fit), se.fit = as.vector(plain$se.fit)),
    list(type = "response", se.fit = TRUE)
  )
  expect_identical(model_task(fit), "binary")
})

test_that("gam refuses a level it was not fitted with, in text too", {
  text <- transform(iris, kind = as.character(Species))
  fit <- mgcv::gam(Sepal.Length ~ s(Petal.Length) + kind, data = text)
  rows <- some(text, c("Petal.Length", "kind"))
  expect_plain(fit, rows, predict(fit, rows))
  rows$kind[2] <- "other"
  expect_error(sfr_predict_local(fit, rows), class = "modelyard_unknown_level")
  random <- mgcv::gam(Reaction ~ Days + s(Subject, bs = "re"), data = lme4::sleepstudy)
  expect_identical(known_levels(random)$Subject$levels, levels(lme4::sleepstudy$Subject))
  expect_error(
    sfr_predict_local(random, data.frame(Days = 1, Subject = "999")), "'999'",
    class = "modelyard_unknown_level"
  )
})

test_that("without its data gam still gives values of its columns", {
  fit <- mgcv::gam(mpg ~ s(log(wt)), data = mtcars)
  attr(fit$terms, ".Environment") <- globalenv()
  fit$call$data <- quote(no_longer_here)
  expect_identical(range(sample_frame(fit)$wt), range(mtcars$wt))
})

test_that("gamm predicts by its gam", {
  fit <- suppressWarnings(mgcv::gamm(mpg ~ s(wt), data = mtcars))
  rows <- some(mtcars, "wt")
  expect_plain(fit, rows, predict(fit$gam, rows))
  expect_identical(required_pkgs(fit), "mgcv")
})

test_that("gam of the package gam", {
  data(kyphosis, package = "rpart", envir = environment())
  fit <- gam::gam(Kyphosis ~ gam::s(Age, 4) + Number, family = binomial, data = kyphosis)
  rows <- some(kyphosis, c("Age", "Number"))
  expect_plain(fit, rows, predict(fit, rows, type = "response"), list(type = "response"))
  expect_identical(required_pkgs(fit), "gam")
})

test_that("classes of a gam have a column each, whatever the rows lack", {
  set.seed(1)
  rows <- data.frame(x = rnorm(80))
  rows$y <- as.integer(cut(rows$x + rnorm(80), c(-Inf, -1, 0, 1, Inf)))
  fits <- list(
    mgcv::gam(y ~ s(x), mgcv::ocat(R = 4), rows),
    mgcv::gam(list(I(y - 1) ~ s(x), ~ s(x), ~ s(x)), mgcv::multinom(K = 3), rows)
  )
  for (fit in fits) {
    ask <- function(x, ...) {
      sfr_predict_local(fit, data.frame(x = x), predict_args = list(type = "response", ...))
    }
    expect_identical(unname(as.matrix(ask(c(NA, NA)))), matrix(NA_real_, 2, 4))
    expect_identical(names(ask(NA)), names(ask(1)))
    expect_identical(names(ask(NA, se.fit = TRUE)), names(ask(1, se.fit = TRUE)))
    expect_identical(
      unname(as.matrix(ask(c(NA, 1)))),
      unname(predict(fit, data.frame(x = c(NA, 1)), type = "response"))
    )
  }
})

test_that("the survival of a gam depends on the time of its rows", {
  rows <- transform(mtcars, seen = as.numeric(am))
  fit <- mgcv::gam(qsec ~ s(wt, k = 4), family = mgcv::cox.ph(), data = rows, weights = seen)
  asked <- list(type = "response")
  expect_identical(predictors(fit, asked), c("qsec", "wt"))
  expect_identical(predictors(fit), "wt")
  given <- some(rows, c("wt", "qsec"))
  found <- sfr_predict_local(fit, given, predict_args = asked)
  expect_identical(found$prediction, as.numeric(predict(fit, given, type = "response")))
})

test_that("of a logical or a date gam keeps numbers, which are not taken for its columns", {
  rows <- data.frame(x = 1:60 / 7, is = rep(c(TRUE, FALSE, FALSE), 20), on = as.Date("2024-01-01") + 1:60)
  rows$y <- log(rows$x) + rows$is
  forgotten <- function(formula) {
    hidden <- rows
    environment(formula) <- globalenv()
    mgcv::gam(formula, data = hidden)
  }
  expect_equal(nrow(training_frame(forgotten(y ~ s(log(x))))), 3)
  for (formula in c(y ~ s(log(x)) + is, y ~ s(log(x)) + as.numeric(!is), y ~ s(as.numeric(on)))) {
    expect_equal(NROW(training_frame(forgotten(formula))), 0)
  }
  fit <- forgotten(y ~ s(log(x)) + is)
  expect_identical(known_levels(fit), list())
})
