test_that("series give their errors and intervals when they are asked for", {
  steps <- data.frame(period = 1:4)
  asked <- function(model, ...) as.matrix(sfr_predict_local(model, steps, predict_args = list(...)))
  cycle <- HoltWinters(co2)
  found <- asked(cycle, prediction.interval = TRUE)
  expect_identical(colnames(found), c("fit", "upr", "lwr"))
  expect_identical(
    as.numeric(found), as.numeric(predict(cycle, 4, prediction.interval = TRUE))
  )
  for (model in list(arima(lh, order = c(1, 0, 0)), StructTS(log10(UKgas), type = "BSM"))) {
    plain <- predict(model, n.ahead = 4)
    expect_identical(as.numeric(asked(model)), as.numeric(plain$pred))
    expect_identical(as.numeric(asked(model, se.fit = TRUE)), as.numeric(c(plain$pred, plain$se)))
    expect_identical(as.numeric(asked(model, se.fit = FALSE)), as.numeric(plain$pred))
  }
})

test_that("the steps of a forecast are its rows, and other periods are warned of", {
  cycle <- HoltWinters(co2)
  expect_no_warning(sfr_predict_local(cycle, data.frame(period = 1:3)))
  expect_warning(
    found <- sfr_predict_local(cycle, data.frame(period = c(13, 14))), "steps 1 to 2"
  )
  expect_identical(found$prediction, as.numeric(predict(cycle, 2)))
})

test_that("arima() is forecast without its series, of which it keeps the name", {
  skip_if_not_installed("forecast")
  home <- new.env()
  home$gaps <- replace(lh, c(3, 48), NA)
  for (series in list(quote(lh), quote(gaps))) {
    model <- eval(bquote(arima(.(series), order = c(1, 0, 0))), home)
    plain <- evalq(forecast::forecast(model, h = 4), list2env(list(model = model), parent = home))
    found <- sfr_predict_local(model, data.frame(period = 1:4), predict_fn = "forecast")
    bounds <- cbind(plain$lower[, 1], plain$upper[, 1], plain$lower[, 2], plain$upper[, 2])
    expect_identical(as.numeric(as.matrix(found[-1])), as.numeric(c(plain$mean, bounds)))
  }
  expect_error(
    sfr_predict_local(model, data.frame(period = 1:4),
      predict_fn = "forecast", predict_args = list(level = 60)
    ), "80 and 95",
    class = "modelyard_invalid_value"
  )
})

test_that("forecasts already made have the steps they have", {
  skip_if_not_installed("forecast")
  made <- forecast::forecast(forecast::ets(lh), h = 5)
  expect_identical(training_frame(made), data.frame(period = 1:5))
})

test_that("the intervals of a forecast are those its columns are named for", {
  skip_if_not_installed("forecast")
  ahead <- data.frame(period = 1:2)
  columns <- c("lower_80", "upper_80", "lower_95", "upper_95")
  asked <- function(model, ...) {
    sfr_predict_local(model, ahead, predict_fn = "forecast", predict_args = list(...))
  }
  usual <- asked(forecast::snaive(AirPassengers, 6))
  for (level in list(c(95, 80), c(50, 80, 95))) {
    turned <- forecast::snaive(AirPassengers, 6, level = level)
    expect_identical(asked(turned)[columns], usual[columns])
  }
  for (level in list(c(90, 99), 95)) {
    expect_error(asked(forecast::snaive(AirPassengers, 6, level = level)), "80 and 95",
      class = "modelyard_model_rejected"
    )
  }
  expect_error(asked(forecast::ets(AirPassengers), fan = TRUE), "80 and 95",
    class = "modelyard_model_rejected"
  )
})

test_that("tslm forecasts the rows it is given", {
  skip_if_not_installed("forecast")
  heat <- sin(1:144)
  fit <- forecast::tslm(AirPassengers ~ trend + season + heat)
  rows <- data.frame(trend = c(200, 201), season = factor(8:9, 1:12), heat = c(0.5, -0.5))
  found <- sfr_predict_local(fit, rows, predict_fn = "forecast")
  plain <- forecast::forecast(fit, newdata = rows, level = c(80, 95))
  expect_identical(found$point_forecast, as.numeric(plain$mean))
  expect_identical(found$upper_95, as.numeric(plain$upper[, 2]))
})
