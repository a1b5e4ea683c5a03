spec_of <- function(...) predict_spec("predict", character(), NULL, list(...))

samples_of <- function(model, rows, spec) {
  list(rows = rows, predictions = run_predict(model, rows, spec)$frame)
}

slimmed_of <- function(model, rows, spec = spec_of()) {
  attach_packages(required_pkgs(model))
  said <- testthat::capture_messages(small <- slimmed(model, spec, samples_of(model, rows, spec)))
  list(model = small, said = paste(said, collapse = ""), bytes = saved_bytes(small, NULL))
}

same_bits <- function(a, b, rows, spec = spec_of()) {
  expect_true(identical(
    run_predict(a, rows, spec)$frame, run_predict(b, rows, spec)$frame,
    num.eq = FALSE
  ))
}

test_that("a linear model of 100,000 rows becomes a few kilobytes", {
  rows <- data.frame(a = sin(1:1e5), b = cos(1:1e5))
  rows$y <- rows$a + 2 * rows$b + sin((1:1e5)^2)
  model <- lm(y ~ a + log(b + 2), data = rows)
  expect_gt(saved_bytes(model, NULL), 1e6)
  small <- slimmed_of(model, rows[1:32, ])
  expect_lt(small$bytes, 1e4)
  expect_match(small$said, "Slimmed the model from")
  same_bits(model, small$model, rows)
})

test_that("what intervals need stays", {
  spec <- spec_of(interval = "prediction")
  model <- lm(mpg ~ wt + factor(cyl), data = mtcars)
  small <- slimmed_of(model, mtcars[1:8, ], spec)
  same_bits(model, small$model, mtcars, spec)
  expect_null(small$model$fitted.values)
})

test_that("an offset in the call stays", {
  model <- lm(mpg ~ wt, data = mtcars, offset = hp / 10)
  small <- slimmed_of(model, mtcars[1:8, ])
  same_bits(model, small$model, mtcars)
  expect_null(small$model$residuals)
})

test_that("generalised linear models, trees and forests are slimmed", {
  rows <- mtcars[rep(1:32, 40), ]
  fit <- glm(am ~ wt + hp, binomial, data = rows)
  spec <- spec_of(type = "response")
  small <- slimmed_of(fit, rows[1:32, ], spec)
  expect_lt(small$bytes, saved_bytes(fit, NULL) / 3)
  same_bits(fit, small$model, mtcars, spec)

  skip_if_not_installed("rpart")
  tree <- rpart::rpart(mpg ~ wt + hp + cyl, data = rows, model = TRUE)
  small <- slimmed_of(tree, rows[1:32, ])
  expect_lt(small$bytes, saved_bytes(tree, NULL) / 2)
  same_bits(tree, small$model, mtcars)

  skip_if_not_installed("ranger")
  forest <- ranger::ranger(mpg ~ wt + hp, data = rows, num.trees = 5, num.threads = 1)
  small <- slimmed_of(forest, rows[1:32, ])
  expect_lt(small$bytes, saved_bytes(forest, NULL))
  same_bits(forest, small$model, mtcars)
})

test_that("gam is slimmed, with standard errors and terms too", {
  skip_if_not_installed("mgcv")
  rows <- data.frame(a = sin(1:2000), b = cos(1:2000), n = rep(1:5, 400), f = gl(2, 5, 2000))
  rows$y <- rpois(2000, exp(rows$a))
  fit <- mgcv::gam(
    y ~ s(a, bs = "cr") + s(b, by = f, bs = "cr") + f + offset(log(n)), poisson, rows,
    method = "REML"
  )
  for (spec in list(spec_of(type = "response"), spec_of(se.fit = TRUE), spec_of(type = "terms"))) {
    small <- slimmed_of(fit, rows[1:32, ], spec)
    expect_lt(small$bytes, saved_bytes(fit, NULL) / 2)
    same_bits(fit, small$model, rows, spec)
    expect_null(small$model$fitted.values)
    expect_identical(nrow(small$model$model), 0L)
  }
})

test_that("randomForest is slimmed, of numbers and of classes", {
  skip_if_not_installed("randomForest")
  set.seed(1)
  fit <- randomForest::randomForest(
    Species ~ ., iris, ntree = 5, proximity = TRUE, keep.inbag = TRUE
  )
  small <- slimmed_of(fit, iris[seq(1, 150, 5), ], spec_of(type = "prob"))
  expect_lt(small$bytes, saved_bytes(fit, NULL) / 3)
  same_bits(fit, small$model, iris, spec_of(type = "prob"))
  same_bits(fit, small$model, iris, spec_of(type = "response"))
  expect_null(small$model$proximity)
  expect_null(small$model$votes)

  numbers <- randomForest::randomForest(mtcars[c("wt", "hp")], mtcars$mpg, ntree = 5)
  small <- slimmed_of(numbers, mtcars[1:8, ])
  expect_lt(small$bytes, saved_bytes(numbers, NULL))
  same_bits(numbers, small$model, mtcars)
  expect_null(small$model$mse)
})

test_that("coxph is slimmed, but not of what it predicts from its training rows", {
  skip_if_not_installed("survival")
  rows <- data.frame(time = 1 + (1:400 * 7919) %% 997, dead = 1:400 %% 3 > 0, age = 40 + 1:400 %% 41)
  rows$sex <- factor(c("f", "m")[1 + 1:400 %% 2])
  fit <- survival::coxph(survival::Surv(time, dead) ~ log(age) + sex, rows, model = TRUE, x = TRUE)
  for (type in c("lp", "risk")) {
    spec <- spec_of(type = type)
    small <- slimmed_of(fit, rows[1:32, ], spec)
    expect_lt(small$bytes, saved_bytes(fit, NULL) / 2)
    same_bits(fit, small$model, rows, spec)
    expect_null(small$model$model)
    expect_null(small$model$residuals)
  }
  for (spec in list(spec_of(type = "survival"), spec_of(se.fit = TRUE), spec_of(type = "terms"))) {
    small <- slimmed_of(fit, rows[1:32, ], spec)
    same_bits(fit, small$model, rows, spec)
    expect_false(is.null(small$model$model))
  }
})

test_that("what a function left in the formula's environment goes", {
  fit <- function() {
    ballast <- sin(1:1e5)
    lm(mpg ~ wt, data = mtcars, weights = NULL)
  }
  model <- fit()
  expect_gt(saved_bytes(model, NULL), 5e5)
  small <- slimmed_of(model, mtcars[1:8, ])
  expect_lt(small$bytes, 1e4)
  expect_identical(environment(formula(small$model$terms)), globalenv())
})

test_that("a formula that needs its environment keeps it", {
  fit <- function() {
    shifted <- function(x) x + 1
    lm(mpg ~ shifted(wt), data = mtcars)
  }
  model <- fit()
  small <- slimmed_of(model, mtcars[1:8, ])
  same_bits(model, small$model, mtcars)
  expect_true(is.function(environment(formula(small$model$terms))$shifted))
  expect_null(small$model$residuals)
})

test_that("a model whose predictions would change is logged whole", {
  model <- structure(list(rows = mtcars$wt, f = y ~ x), class = "fragile_of_test")
  home <- new.env(parent = globalenv())
  home$shift <- 2
  environment(model$f) <- home
  predict_fragile <- function(object, newdata, ...) newdata$wt + get("shift", environment(object$f))
  registerS3method("predict", "fragile_of_test", predict_fragile)
  small <- slimmed_of(model, mtcars[1:3, ])
  expect_identical(small$model, model)
  expect_match(small$said, "whole model")
})

test_that("without sample rows the whole model is logged", {
  model <- lm(mpg ~ wt, data = mtcars)
  said <- testthat::capture_messages(
    found <- slimmed(model, spec_of(), list(rows = NULL, predictions = NULL))
  )
  expect_identical(found, model)
  expect_match(paste(said, collapse = ""), "whole model")
})

test_that("a slimmed model of classes is still one", {
  for (link in c("logit", "probit")) {
    whole <- glm(am ~ wt, binomial(link), mtcars)
    small <- slim(whole, list(type = "response"))
    expect_identical(model_task(small), "binary")
    expect_length(small$y, 2)
    expect_null(small$model)
  }
  counts <- glm(cbind(ncases, ncontrols) ~ agegp, binomial, esoph)
  expect_identical(model_task(slim(counts, list())), "regression")
  smooth <- mgcv::gam(vs ~ s(wt), binomial, mtcars)
  expect_identical(model_task(slim(smooth, list())), "binary")
  smooth <- mgcv::gam(gear / 6 ~ s(wt), binomial, mtcars, weights = rep(6, 32))
  expect_identical(model_task(slim(smooth, list())), "regression")
  expect_identical(model_task(glm(am ~ wt, binomial, mtcars, y = FALSE, model = FALSE)), "")
})
