lung <- survival::lung
Surv <- survival::Surv

test_that("coxph of every type that needs no more than the rows", {
  fit <- survival::coxph(Surv(time, status) ~ age + ph.ecog, lung, model = TRUE)
  rows <- some(na.omit(lung), c("age", "ph.ecog"))
  for (type in c("lp", "risk")) {
    expect_plain(fit, rows, predict(fit, rows, type = type), list(type = type))
  }
  terms <- predict(fit, rows, type = "terms")
  plain <- data.frame(age = terms[, 1], ph.ecog = terms[, 2])
  expect_plain(fit, rows, plain, list(type = "terms"))
  se <- predict(fit, rows, se.fit = TRUE)
  expect_plain(fit, rows, data.frame(fit = se$fit, se.fit = se$se.fit), list(se.fit = TRUE))
})

test_that("the response is needed where the type asks for it", {
  fit <- survival::coxph(Surv(time, status) ~ age, lung, model = TRUE)
  rows <- some(na.omit(lung), c("time", "status", "age"))
  for (type in c("expected", "survival")) {
    expect_plain(fit, rows, predict(fit, rows, type = type), list(type = type))
  }
  expect_identical(predictors(fit), "age")
})

test_that("strata are columns, and a model that lacks its rows says so", {
  withr::local_package("survival")
  fit <- survival::coxph(Surv(time, status) ~ age + strata(sex), lung, model = TRUE)
  rows <- some(na.omit(lung), c("age", "sex"))
  expect_plain(fit, rows, predict(fit, rows))
  short <- survival::coxph(Surv(time, status) ~ age + strata(sex), lung)
  expect_error(sfr_predict_local(short, rows), "model = TRUE", class = "modelyard_model_rejected")
})

test_that("survreg gives one or several quantiles", {
  withr::local_package("survival")
  fit <- survreg(Surv(time, status) ~ age + sex, lung)
  rows <- some(na.omit(lung), c("age", "sex"))
  expect_plain(fit, rows, predict(fit, rows))
  args <- list(type = "quantile", p = c(0.1, 0.5))
  plain <- predict(fit, rows, type = "quantile", p = c(0.1, 0.5))
  expect_plain(fit, rows, setNames(as.data.frame(plain), c("prediction_1", "prediction_2")), args)
  se <- predict(fit, rows, se.fit = TRUE)
  expect_plain(
    fit, rows, data.frame(fit = as.vector(se$fit), se.fit = as.vector(se$se.fit)),
    list(se.fit = TRUE)
  )
  strata <- survreg(Surv(time, status) ~ age + strata(sex), lung, model = TRUE)
  median <- list(type = "quantile", p = 0.5)
  expect_plain(strata, rows, predict(strata, rows, type = "quantile", p = 0.5), median)
  strata$model <- NULL
  expect_plain(strata, rows, predict(strata, rows))
  expect_error(sfr_predict_local(strata, rows, predict_args = median), "model = TRUE",
    class = "modelyard_model_rejected"
  )
  expect_error(
    sfr_predict_local(fit, rows, predict_args = list(type = "median")), "quantile",
    class = "modelyard_invalid_value"
  )
})

test_that("a Cox model of several states is refused, as R has no predict() for it", {
  rows <- transform(survival::lung, id = seq_along(time), state = factor(status))
  fit <- survival::coxph(survival::Surv(time, state) ~ age, rows, id = id)
  expect_error(check_predictable(fit, list()), "several states",
    class = "modelyard_model_rejected"
  )
})
