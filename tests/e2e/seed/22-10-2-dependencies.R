mv <- sfr_log_model(
  reg,
  model        = arima_fit,
  model_name   = "SALES_FORECAST",
  predict_pkgs = c("forecast"),
  conda_deps   = c("r-forecast"),
  input_cols   = ...,
  output_cols  = ...
)
