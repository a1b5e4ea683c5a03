my_forecast <- function(model, input) {
  pred <- forecast::forecast(model, h = nrow(input))
  data.frame(
    point_forecast = as.numeric(pred$mean),
    lower_95       = as.numeric(pred$lower[, 2]),
    upper_95       = as.numeric(pred$upper[, 2])
  )
}

mv <- sfr_log_model(
  reg,
  model        = arima_model,
  model_name   = "SALES_FORECAST",
  predict_pkgs = c("forecast"),
  predict_body = sfr_predict_body(my_forecast),
  input_cols   = list(period = "integer"),
  output_cols  = list(
    point_forecast = "double",
    lower_95       = "double",
    upper_95       = "double"
  )
)
