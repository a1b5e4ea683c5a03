# Forecasts: Arima, ets and the other classes of stats and forecast. They have a horizon, not rows:
# as many steps as the input has rows, and their mean.

score.ARIMA <- function(model, rows, args = list()) {
  forecast_object(model, rows, args)$mean
}
score.forecast_ARIMA <- score.ARIMA
score.ets <- score.ARIMA
score.tbats <- score.ARIMA
score.bats <- score.ARIMA
score.stlm <- score.ARIMA
score.stl <- score.ARIMA
score.nnetar <- score.ARIMA
score.forecast <- score.ARIMA

score.StructTS <- function(model, rows, args = list()) {
  warn_period(model, rows)
  steps <- list(n.ahead = nrow(rows))
  mean_and_error(clean_call(quote(predict), steps, args, model, rows), args)
}

score.Arima <- function(model, rows, args = list()) {
  warn_period(model, rows)
  steps <- list(n.ahead = nrow(rows))
  wanted <- regressors(model)
  if (length(wanted) > 0) {
    steps$newxreg <- quote(as.matrix(rows))
    rows <- rows[wanted]
    # predict() evaluates the call's xreg anew, only to count its columns.
    model$call$xreg <- matrix(0, 1, length(wanted))
  }
  mean_and_error(clean_call(quote(predict), steps, args, model, rows), args)
}

# predict() of a series gives its errors unless it is told not to; here they are asked for.
mean_and_error <- function(answer, args) {
  if (!isTRUE(args$se.fit)) {
    return(if (is.list(answer)) answer$pred else answer)
  }
  data.frame(fit = as.numeric(answer$pred), se.fit = as.numeric(answer$se))
}

score.HoltWinters <- function(model, rows, args = list()) {
  warn_period(model, rows)
  steps <- list(n.ahead = nrow(rows))
  answer <- clean_call(quote(predict), steps, args, model, rows)
  if (is.matrix(answer) && ncol(answer) == 1) answer[, "fit"] else answer
}

# Whoever sends the periods 13 to 24 gets the steps 1 to 12, as there is no other answer to rows.
warn_period <- function(model, rows) {
  period <- if (!"period" %in% regressors(model)) rows$period
  is_whole <- is.numeric(period) && !anyNA(period) && all(period == trunc(period))
  if (is_whole && any(period != seq_along(period))) {
    warning("The values of period are not read: the rows are the steps 1 to ", nrow(rows),
      " after the end of the series.",
      call. = FALSE
    )
  }
}

# ar() keeps the name of its series and not its values, which predict() then looks for.
refusal.ar <- function(model) {
  paste(
    "An ar() model keeps only the name of its series, so a fresh R cannot go on from its last",
    "values. Log arima(x, order = c(p, 0, 0)), or give a predict_body that holds the series."
  )
}

# prophet takes its rows as `df`, reads a time as the clock of its own zone shows it, and answers in
# the order of those: where clocks go back, not the order of the instants. Its intervals are drawn
# at random and are no part of `yhat`: none are drawn.
score.prophet <- function(model, rows, args = list()) {
  if (is.character(rows$ds) || is.factor(rows$ds)) {
    fault("model_error", paste(
      "The column ds has to be of dates or timestamps: of text, prophet would choose one format",
      "for all rows of a request, and leave out the time of day where one of them has none."
    ))
  }
  model$uncertainty.samples <- 0
  found <- clean_call(quote(predict), list(df = quote(rows)), args, model, rows)
  answer <- numeric(nrow(rows))
  clock <- as.POSIXlt(rows$ds)
  answer[order(clock$year, clock$yday, clock$hour, clock$min, clock$sec)] <- found$yhat
  answer
}

# Beside ds: the bounds of logistic growth, what seasonalities depend on, and regressors.
predictors.prophet <- function(model, args = list()) {
  conditions <- unlist(lapply(model$seasonalities, function(one) one$condition.name))
  unique(c(
    "ds", if (model$growth == "logistic") "cap", if (model$logistic.floor) "floor",
    unname(conditions), names(model$extra_regressors)
  ))
}

# The history has its regressors on a scale of the model's own, and dates as midnights of GMT.
training_frame.prophet <- function(model, args = list()) {
  if (is.null(model$history)) {
    return(NULL)
  }
  frame <- as.data.frame(model$history)[predictors(model)]
  for (name in names(model$extra_regressors)) {
    scale <- model$extra_regressors[[name]]
    frame[[name]] <- frame[[name]] * scale$std + scale$mu
  }
  if (all(as.numeric(frame$ds) %% 86400 == 0)) frame$ds <- as.Date(frame$ds)
  frame
}

# What predict_fn = "forecast" answers: one row a step, with the 80 and 95 per cent intervals.
forecast_frame <- function(model, rows, args = list()) {
  if (!is.null(args$level)) {
    fault("invalid_value", paste(
      "A forecast has the intervals of 80 and 95 per cent, as its columns say. For those of",
      "another level give a predict_body that calls forecast()."
    ))
  }
  found <- forecast_object(model, rows, c(args, list(level = c(80, 95))))
  h <- seq_len(nrow(rows))
  # Some, such as nnetar without PI = TRUE, have no intervals.
  has <- !is.null(found$lower)
  at <- match(c(80, 95), if (has) as.numeric(found$level) else c(80, 95))
  if (anyNA(at)) {
    fault("model_rejected", paste0(
      "The forecast has the intervals of ", paste(format(found$level), collapse = ", "),
      " per cent, and its columns are those of 80 and 95. Make it with level = c(80, 95), or give ",
      "a predict_body that answers other ones."
    ))
  }
  bound <- function(side, j) {
    if (has) as.numeric(found[[side]][, at[j]])[h] else rep(NA_real_, length(h))
  }
  data.frame(
    period = h,
    point_forecast = as.numeric(found$mean)[h],
    lower_80 = bound("lower", 1),
    upper_80 = bound("upper", 1),
    lower_95 = bound("lower", 2),
    upper_95 = bound("upper", 2)
  )
}

# The object of forecast() for as many steps as there are rows.
forecast_object <- function(model, rows, args) UseMethod("forecast_object")

# A forecast already made has the steps it has.
forecast_object.forecast <- function(model, rows, args) {
  warn_period(model, rows)
  if (nrow(rows) > length(model$mean)) {
    fault("model_error", paste0(
      "The forecast has ", length(model$mean), " steps, and ", nrow(rows), " were asked for."
    ))
  }
  steps <- seq_len(nrow(rows))
  model$mean <- model$mean[steps]
  for (side in intersect(c("lower", "upper"), names(model))) {
    model[[side]] <- as.matrix(model[[side]])[steps, , drop = FALSE]
  }
  model
}

# lm and tslm answer for the rows: trend and season are columns of theirs, too.
forecast_object.lm <- function(model, rows, args) {
  attach_packages("forecast")
  clean_call(quote(forecast::forecast), list(newdata = quote(rows)), args, model, rows)
}

forecast_object.default <- function(model, rows, args) {
  warn_period(model, rows)
  attach_packages("forecast")
  # arima() keeps the name of its series, of which forecast() asks where it ends: as the residuals.
  if (identical(class(model), "Arima") && is.null(model$x)) model$x <- model$residuals
  steps <- list(h = nrow(rows))
  if (length(regressors(model)) > 0) {
    steps$xreg <- quote(as.matrix(rows))
    rows <- rows[regressors(model)]
  }
  clean_call(quote(forecast::forecast), steps, args, model, rows)
}

# Columns the model takes beside the steps. arima() keeps their names with its coefficients, after
# those of the series and the intercept.
regressors <- function(model) {
  if (inherits(model, c("ARIMA", "nnetar"))) {
    # drift is the model's own regressor: forecast() makes it up for the steps asked for.
    return(setdiff(as.character(colnames(model$xreg)), "drift"))
  }
  if (!inherits(model, "Arima") || is.null(model$call$xreg)) {
    return(character())
  }
  setdiff(names(model$coef)[seq_along(model$coef) > sum(model$arma[1:4])], "intercept")
}

# Without regressors the one sample column counts the steps; it is no predictor.
training_frame.ARIMA <- function(model, args = list()) {
  wanted <- regressors(model)
  if (length(wanted) == 0) {
    return(data.frame(period = 1:12))
  }
  if (is.matrix(model$xreg)) as.data.frame(model$xreg[, wanted, drop = FALSE])
}
training_frame.forecast_ARIMA <- training_frame.ARIMA
training_frame.Arima <- training_frame.ARIMA
training_frame.ets <- training_frame.ARIMA
training_frame.tbats <- training_frame.ARIMA
training_frame.bats <- training_frame.ARIMA
training_frame.stlm <- training_frame.ARIMA
training_frame.stl <- training_frame.ARIMA
training_frame.nnetar <- training_frame.ARIMA
training_frame.StructTS <- training_frame.ARIMA
training_frame.forecast <- function(model, args = list()) {
  data.frame(period = seq_len(min(12, length(model$mean))))
}
training_frame.HoltWinters <- training_frame.ARIMA

predictors.ARIMA <- function(model, args = list()) regressors(model)
predictors.forecast_ARIMA <- predictors.ARIMA
predictors.Arima <- predictors.ARIMA
predictors.ets <- predictors.ARIMA
predictors.tbats <- predictors.ARIMA
predictors.bats <- predictors.ARIMA
predictors.stlm <- predictors.ARIMA
predictors.stl <- predictors.ARIMA
predictors.nnetar <- predictors.ARIMA
predictors.StructTS <- predictors.ARIMA
predictors.forecast <- predictors.ARIMA
predictors.HoltWinters <- predictors.ARIMA

required_pkgs.ARIMA <- function(model) "forecast"
required_pkgs.forecast_ARIMA <- required_pkgs.ARIMA
required_pkgs.ets <- required_pkgs.ARIMA
required_pkgs.tbats <- required_pkgs.ARIMA
required_pkgs.bats <- required_pkgs.ARIMA
required_pkgs.stlm <- required_pkgs.ARIMA
required_pkgs.stl <- required_pkgs.ARIMA
required_pkgs.nnetar <- required_pkgs.ARIMA
required_pkgs.forecast <- required_pkgs.ARIMA
required_pkgs.prophet <- function(model) "prophet"

model_task.ARIMA <- function(model) "forecast"
model_task.forecast_ARIMA <- model_task.ARIMA
model_task.Arima <- model_task.ARIMA
model_task.ets <- model_task.ARIMA
model_task.tbats <- model_task.ARIMA
model_task.bats <- model_task.ARIMA
model_task.stlm <- model_task.ARIMA
model_task.stl <- model_task.ARIMA
model_task.nnetar <- model_task.ARIMA
model_task.StructTS <- model_task.ARIMA
model_task.forecast <- model_task.ARIMA
model_task.HoltWinters <- model_task.ARIMA
model_task.prophet <- model_task.ARIMA

rowwise.ARIMA <- function(model, args = list()) FALSE
rowwise.forecast_ARIMA <- rowwise.ARIMA
rowwise.Arima <- rowwise.ARIMA
rowwise.ets <- rowwise.ARIMA
rowwise.tbats <- rowwise.ARIMA
rowwise.bats <- rowwise.ARIMA
rowwise.stlm <- rowwise.ARIMA
rowwise.stl <- rowwise.ARIMA
rowwise.nnetar <- rowwise.ARIMA
rowwise.StructTS <- rowwise.ARIMA
rowwise.forecast <- rowwise.ARIMA
rowwise.HoltWinters <- rowwise.ARIMA
