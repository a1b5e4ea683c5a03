# Forecasts: as many steps ahead as there are rows.

steps <- data.frame(period = 1:12)
mean_of <- function(model, rows, ...) {
  as.numeric(forecast::forecast(model, h = nrow(rows), ...)$mean)
}

zoo$arima <- entry(
  fit = \() stats::arima(LakeHuron, order = c(2, 0, 0)),
  rows = steps, independent = FALSE,
  r = \(model, rows) as.numeric(predict(model, n.ahead = nrow(rows))$pred)
)
zoo$arima_regressors <- entry(
  fit = \() {
    stats::arima(LakeHuron, order = c(2, 0, 0), xreg = data.frame(year = time(LakeHuron) - 1920))
  },
  rows = data.frame(year = 53:64 + 0.5), independent = FALSE,
  r = \(model, rows) {
    as.numeric(predict(model, n.ahead = nrow(rows), newxreg = as.matrix(rows))$pred)
  }
)
zoo$auto_arima <- entry(
  fit = \() forecast::auto.arima(AirPassengers),
  rows = steps, pkgs = "forecast", independent = FALSE, service = TRUE, r = mean_of
)
zoo$auto_arima_regressors <- entry(
  fit = \() {
    seat <- datasets::Seatbelts
    forecast::auto.arima(log(seat[, "drivers"]), xreg = seat[, c("PetrolPrice", "law")])
  },
  rows = data.frame(PetrolPrice = 0.1 + (1:12) / 500, law = rep(c(0, 1), 6)), pkgs = "forecast",
  independent = FALSE,
  r = \(model, rows) {
    as.numeric(forecast::forecast(model, h = nrow(rows), xreg = as.matrix(rows))$mean)
  }
)
zoo$ets <- entry(
  fit = \() forecast::ets(USAccDeaths),
  rows = steps, pkgs = "forecast", independent = FALSE, r = mean_of
)
zoo$ets_intervals <- entry(
  fit = \() forecast::ets(UKgas),
  rows = steps, pkgs = "forecast", fn = "forecast", independent = FALSE,
  r = \(model, rows) {
    found <- forecast::forecast(model, h = nrow(rows), level = c(80, 95))
    data.frame(
      period = seq_len(nrow(rows)), point_forecast = as.numeric(found$mean),
      lower_80 = as.numeric(found$lower[, 1]), upper_80 = as.numeric(found$upper[, 1]),
      lower_95 = as.numeric(found$lower[, 2]), upper_95 = as.numeric(found$upper[, 2])
    )
  }
)
zoo$holtwinters <- entry(
  fit = \() stats::HoltWinters(co2),
  rows = steps, independent = FALSE,
  r = \(model, rows) as.numeric(predict(model, n.ahead = nrow(rows)))
)
zoo$structts <- entry(
  fit = \() stats::StructTS(log10(UKgas), type = "BSM"),
  rows = steps, independent = FALSE,
  r = \(model, rows) as.numeric(predict(model, n.ahead = nrow(rows))$pred)
)
zoo$stl <- entry(
  fit = \() stats::stl(nottem, "periodic"),
  rows = steps, pkgs = "forecast", independent = FALSE, r = mean_of
)
zoo$stlm <- entry(
  fit = \() forecast::stlm(nottem),
  rows = steps, pkgs = "forecast", independent = FALSE, r = mean_of
)
zoo$tbats <- entry(
  fit = \() forecast::tbats(USAccDeaths, use.parallel = FALSE),
  rows = steps, pkgs = "forecast", independent = FALSE, r = mean_of
)
zoo$bats <- entry(
  fit = \() {
    forecast::bats(LakeHuron, use.parallel = FALSE, use.box.cox = FALSE, use.trend = TRUE)
  },
  rows = steps, pkgs = "forecast", independent = FALSE, r = mean_of
)
zoo$nnetar <- entry(
  fit = \() forecast::nnetar(lynx, p = 2, size = 2, repeats = 5),
  rows = steps, pkgs = "forecast", independent = FALSE, r = mean_of
)
zoo$forecast_object <- entry(
  fit = \() forecast::thetaf(Nile, h = 1200),
  rows = steps, pkgs = "forecast", independent = FALSE,
  r = \(model, rows) as.numeric(model$mean)[seq_len(nrow(rows))]
)

visits <- data.frame(ds = as.Date("2021-01-01") + 0:729)
visits$heat <- round(15 + 10 * sin(2 * pi * (0:729) / 365.25), 1)
visits$y <- 100 + (0:729) / 20 + 8 * sin(2 * pi * (0:729) / 7) + visits$heat / 2 +
  (0:729 * 7919) %% 13 + 30 * (format(visits$ds, "%m-%d") == "12-25")
to_come <- data.frame(ds = as.Date("2023-12-31") - (0:23) * 15, heat = round(20 + 8 * cos(0:23), 1))
# R's own answer is in the order of the dates.
yhat_of <- function(model, rows) {
  replace(numeric(nrow(rows)), order(rows$ds), predict(model, rows)$yhat)
}

zoo$prophet <- entry(
  fit = \() {
    feasts <- data.frame(
      holiday = "christmas", ds = as.Date(c("2021-12-25", "2022-12-25", "2023-12-25")),
      lower_window = -1, upper_window = 1
    )
    prophet::prophet(visits[c("ds", "y")], holidays = feasts, uncertainty.samples = 50)
  },
  rows = to_come["ds"], pkgs = "prophet", r = yhat_of
)
zoo$prophet_regressor <- entry(
  fit = \() {
    model <- prophet::add_regressor(prophet::prophet(uncertainty.samples = 50), "heat")
    prophet::fit.prophet(model, visits)
  },
  rows = to_come, pkgs = "prophet", service = TRUE, r = yhat_of
)
