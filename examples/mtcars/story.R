# A model from training to a served prediction, in R: connect, open a registry, fit, log two
# versions, attach metrics, promote, deploy, score. `make demo` runs it on an account of its own.

library(snowflakeR)
source("examples/mtcars/narrate.R")
invisible(suppressMessages(loadNamespace("forecast")))

step("Connect, and open a registry", {
  conn <- sfr_connect()
  conn <- sfr_load_notebook_config(conn)

  reg <- sfr_model_registry(conn, database = "ML_DB", schema = "MODELS")
})

step("A table of the account to score later", {
  sfr_write_table(conn, "car_data", mtcars, overwrite = TRUE)
  sfr_list_tables(conn)
  head(sfr_read_table(conn, "car_data"), 3)
})

step("Train, and predict locally", {
  model <- lm(mpg ~ wt + hp + cyl, data = mtcars)

  test_data <- data.frame(
    wt  = c(2.5, 3.0),
    hp  = c(110, 150),
    cyl = c(4, 6)
  )

  preds <- sfr_predict_local(model, test_data)
})
beside("sfr_predict_local()", preds$prediction, predict(model, test_data))

step("Log it: V1, checked in a fresh R process before it counts", {
  mv <- sfr_log_model(
    reg,
    model       = model,
    model_name  = "MTCARS_MPG",
    input_cols  = list(wt = "double", hp = "double", cyl = "integer"),
    output_cols = list(prediction = "double"),
    comment     = "LM predicting MPG"
  )
})
scored <- sfr_predict(reg, "MTCARS_MPG", test_data)
beside("sfr_predict(), V1", scored$prediction, predict(model, test_data))

arima_fit <- forecast::Arima(AirPassengers, order = c(1, 1, 1), seasonal = c(0, 1, 1))

step("Log a forecast: no predict function needed", {
  mv <- sfr_log_model(
    reg,
    model        = arima_fit,
    model_name   = "SALES_FORECAST",
    predict_pkgs = c("forecast"),
    conda_deps   = c("r-forecast"),
    input_cols   = list(period = "integer"),
    output_cols  = list(point_forecast = "double")
  )
})
periods <- data.frame(period = 1:6)
scored <- sfr_predict(reg, "SALES_FORECAST", periods)
beside("sfr_predict(), forecast", scored$point_forecast, forecast::forecast(arima_fit, h = 6)$mean)

arima_model <- arima_fit

step("Log it again with a predict function of your own", {
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
})
scored <- sfr_predict(reg, "SALES_FORECAST", periods, version_name = "V2")
own <- my_forecast(arima_model, periods)
beside("point_forecast", scored$point_forecast, own$point_forecast, show = 2L)
beside("lower_95", scored$lower_95, own$lower_95, show = 2L)
beside("upper_95", scored$upper_95, own$upper_95, show = 2L)

step("Say how good it is", {
  sfr_set_model_metric(reg, "MTCARS_MPG", "V1", "rmse", 2.45)
  sfr_set_model_metric(reg, "MTCARS_MPG", "V1", "r_squared", 0.87)
  sfr_show_model_metrics(reg, "MTCARS_MPG", "V1")

  sfr_show_models(reg)
  sfr_show_model_versions(reg, "MTCARS_MPG")
})

step("Retrain: V2 has one more column, and becomes the default", {
  model_v2 <- lm(mpg ~ wt + hp + cyl + disp, data = mtcars)

  mv2 <- sfr_log_model(
    reg,
    model        = model_v2,
    model_name   = "MTCARS_MPG",
    version_name = "V2",
    input_cols   = list(wt = "double", hp = "double", cyl = "integer", disp = "double"),
    output_cols  = list(prediction = "double"),
    comment      = "V2: added displacement"
  )

  sfr_set_default_model_version(reg, "MTCARS_MPG", "V2")
})

step("Aliases: callers name a purpose, not a number", {
  sfr_set_model_alias(reg, "MTCARS_MPG", "V2", "production")
  sfr_set_model_alias(reg, "MTCARS_MPG", "V1", "staging")

  sfr_unset_model_alias(reg, "MTCARS_MPG", "production")
})
scored <- sfr_predict(reg, "MTCARS_MPG", test_data, version_name = "staging")
beside("@staging", scored$prediction, predict(model, test_data))

step("Deploy V2: a service with an address of its own", {
  sfr_deploy_model(
    reg,
    model_name   = "MTCARS_MPG",
    version_name = "V2",
    service_name = "mpg_service",
    compute_pool = "ML_POOL",
    image_repo   = "ML_DB.MODELS.ML_IMAGES"
  )
})

refused("Score three columns while the default version needs four", {
  new_cars <- sfr_query(conn, "SELECT wt, hp, cyl FROM car_data LIMIT 100")
  scores   <- sfr_predict(reg, "MTCARS_MPG", new_cars)
}, names = c("V2", "disp", "version_name"))

step("The first way out: name the version that takes three", {
  scores <- sfr_predict(reg, "MTCARS_MPG", new_cars, version_name = "V1")
})
beside("sfr_predict(), V1", scores$prediction, predict(model, new_cars))

step("The second way out: ask for the fourth column", {
  new_cars <- sfr_query(conn, "SELECT wt, hp, cyl, disp FROM car_data LIMIT 100")
  scores   <- sfr_predict(reg, "MTCARS_MPG", new_cars)
})
beside("sfr_predict(), V2", scores$prediction, predict(model_v2, new_cars))

step("Through the deployed service", {
  scores <- sfr_predict(reg, "MTCARS_MPG", new_cars, service_name = "mpg_service")
})
beside("service_name =", scores$prediction, predict(model_v2, new_cars))

step("By REST, as any program would", {
  endpoint <- sfr_service_endpoint(conn, "mpg_service", database = "ML_DB", schema = "MODELS")
  answers  <- sfr_predict_rest(endpoint, new_cars, conn = conn)
})
beside("sfr_predict_rest()", answers$prediction, predict(model_v2, new_cars))

step("How fast is it?", {
  speed <- sfr_benchmark_rest(endpoint, new_cars, n = 20L, conn = conn, verbose = FALSE)
})
note(sprintf(
  "%d requests of %d rows: median %.1f ms, fastest %.1f ms, slowest %.1f ms",
  speed$n, nrow(new_cars), 1e3 * speed$median_sec, 1e3 * speed$min_sec, 1e3 * speed$max_sec
))

step("A second service comes and goes", {
  sfr_deploy_model(reg, "MTCARS_MPG", "V1", service_name = "mpg_trial")
  sfr_show_services(reg, "MTCARS_MPG")

  sfr_undeploy_model(reg, "MTCARS_MPG", "V1", "mpg_trial")
  sfr_show_services(reg, "MTCARS_MPG")
})

step("A token that may call this one service and nothing else", {
  pat <- sfr_create_pat(conn, "demo_caller", role = "caller", service = "ML_DB.MODELS.mpg_service")
})

first <- new_cars[1, ]
body <- jsonlite::toJSON(list(dataframe_records = first), digits = NA)
line <- curl_line(endpoint$url, pat$token, body)
cat("\n", line, "\n", sep = "")
answer <- run_curl(line)
if (!is.null(answer)) {
  beside("curl", answer, predict(model_v2, first))
}

took <- as.numeric(difftime(Sys.time(), telling$began, units = "secs"))
cat("\n", cli::rule(), "\n", sep = "")
cat(sprintf(
  "Done in %.0f s: %d comparisons, every number the one R gives.\n", took, telling$checks
))
cat("
The server and the service mpg_service are still running:
  service   ", endpoint$url, "
  account   ", Sys.getenv("MODELYARD_HOME"), "

What next:
  the curl line above works from any terminal of this machine
  R:        start R in this folder, then library(snowflakeR); conn <- sfr_connect()
            (with MODELYARD_HOME=.demo it is this account, without it your own)
  shell:    MODELYARD_HOME=.demo .venv/bin/modelyard --database ML_DB --schema MODELS models
  stop:     make demo-stop
  read:     docs/guide/first-model.md, README.md
", sep = "")
