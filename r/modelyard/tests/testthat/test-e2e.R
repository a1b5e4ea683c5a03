# The seed's story against a real server, named by MODELYARD_E2E_URL and MODELYARD_E2E_TOKEN.

cars <- data.frame(wt = c(2.5, 3), hp = c(110, 150), cyl = c(4, 6))
seed_model <- function() lm(mpg ~ wt + hp + cyl, data = mtcars)

log_seed <- function(reg, model = seed_model(), ...) {
  quietly(sfr_log_model(reg,
    model = model, model_name = "MTCARS_MPG",
    input_cols = list(wt = "double", hp = "double", cyl = "integer"),
    output_cols = list(prediction = "double"), comment = "LM predicting MPG", ...
  ))
}

test_that("the seed's story runs, and every number is R's own", {
  reg <- real_registry()
  model <- seed_model()
  model_v2 <- lm(mpg ~ wt + hp + cyl + disp, data = mtcars)
  expect_identical(log_seed(reg, model)$version_name, "V1")
  sfr_set_model_metric(reg, "MTCARS_MPG", "V1", "rmse", 2.45)
  expect_identical(sfr_show_model_metrics(reg, "MTCARS_MPG", "V1"), list(rmse = 2.45))
  mv2 <- quietly(sfr_log_model(reg,
    model = model_v2, model_name = "MTCARS_MPG", version_name = "V2",
    input_cols = list(wt = "double", hp = "double", cyl = "integer", disp = "double"),
    output_cols = list(prediction = "double")
  ))
  expect_identical(mv2$version_name, "V2")
  quietly(sfr_set_default_model_version(reg, "MTCARS_MPG", "V2"))
  expect_identical(sfr_models(reg)$default_version, "V2")
  expect_identical(sfr_show_model_versions(reg, "MTCARS_MPG")$name, c("V1", "V2"))

  quietly({
    sfr_write_table(reg$conn, "car_data", mtcars)
    sfr_set_model_alias(reg, "MTCARS_MPG", "V2", "production")
    sfr_set_model_alias(reg, "MTCARS_MPG", "V1", "staging")
  })
  new_cars <- sfr_query(reg$conn, "SELECT wt, hp, cyl FROM car_data LIMIT 100")
  expect_identical(nrow(new_cars), 32L)
  error <- expect_error(sfr_predict(reg, "MTCARS_MPG", new_cars), class = "modelyard_missing_column")
  expect_match(conditionMessage(error), "disp")
  scores <- sfr_predict(reg, "MTCARS_MPG", new_cars, version_name = "V1")
  expect_identical(scores, cbind(new_cars, prediction = unname(predict(model, new_cars))))
  expect_identical(
    sfr_predict(reg, "MTCARS_MPG@staging", new_cars[3, ])$prediction,
    unname(predict(model, new_cars[3, ]))
  )
  quietly(sfr_unset_model_alias(reg, "MTCARS_MPG", "production"))
  expect_identical(sfr_show_model_aliases(reg, "MTCARS_MPG")$alias, "staging")
})

test_that("a deployed service gives the same numbers in the account and over REST", {
  reg <- real_registry()
  model <- seed_model()
  log_seed(reg, model)
  done <- quietly(sfr_deploy_model(reg, "MTCARS_MPG", "V1", "mpg_service", "POOL", "IMAGES"))
  expect_true(done$success)
  withr::defer(quietly(sfr_undeploy_model(reg, "MTCARS_MPG", "V1", "mpg_service")))
  expect_identical(sfr_show_services(reg)$name, "mpg_service")
  expect_identical(sfr_get_service_status(reg, "mpg_service")$status, "READY")
  own <- unname(predict(model, cars))
  expect_identical(
    sfr_predict(reg, "MTCARS_MPG", cars, service_name = "mpg_service")$prediction, own
  )
  endpoint <- sfr_service_endpoint(reg, "mpg_service")
  expect_identical(sfr_predict_rest(endpoint, cars), data.frame(prediction = own))
  expect_identical(sfr_predict_rest(endpoint, cars[0, ]), data.frame(prediction = numeric()))
  pat <- sfr_create_pat(reg, "app", service = "mpg_service", days = 1, networks = "127.0.0.0/8")
  quietly(new <- sfr_rotate_pat(reg, "app"))
  for (token in list(pat$token, new$token)) {
    expect_identical(sfr_predict_rest(endpoint$url, cars, token = token)$prediction, own)
  }
  elsewhere <- sfr_create_pat(reg, "away", service = "mpg_service", networks = "192.0.2.0/24")
  expect_error(
    sfr_predict_rest(endpoint$url, cars, token = elsewhere$token), class = "modelyard_forbidden"
  )
  # A service may remember a good token for a moment: revoke one that it has not seen.
  other <- sfr_create_pat(reg, "other app", service = "mpg_service", days = 1)
  quietly({
    sfr_revoke_pat(reg, "app")
    sfr_revoke_pat(reg, elsewhere$id)
    sfr_revoke_pat(reg, other$id)
  })
  shown <- sfr_show_pats(reg)
  expect_false(any(is.na(shown$revoked_at[shown$id %in% c(pat$id, new$id, other$id)])))
  expect_error(
    sfr_predict_rest(endpoint$url, cars, token = other$token), class = "modelyard_unauthenticated"
  )
  expect_error(
    sfr_predict_rest(endpoint, transform(cars, cyl = 4.5)), class = "modelyard_type_mismatch"
  )
  expect_type(sfr_get_service_logs(reg, "mpg_service"), "character")
})

test_that("every type of column makes the round trip of a table", {
  reg <- real_registry()
  frame <- data.frame(
    d = c(1 / 3, NA, -0), i = c(1L, NA, 3L), s = c("é", NA, ""), b = c(TRUE, NA, FALSE),
    day = as.Date("2024-05-31") + 0:2
  )
  quietly(sfr_write_table(reg$conn, "types", frame))
  expect_identical(sfr_read_table(reg$conn, "types"), frame)
  expect_identical(sfr_list_tables(reg$conn), "types")
  expect_true(sfr_table_exists(reg$conn, "TYPES"))
  expect_identical(sfr_list_fields(reg$conn, "types")$name, names(frame))
  long <- data.frame(s = rep(c("é", NA, ""), 1000))
  quietly(sfr_write_table(reg$conn, "long", long))
  expect_identical(sfr_read_table(reg$conn, "long"), long)
  expect_identical(nrow(sfr_read_table(reg$conn, "long", limit = 7)), 7L)
  expect_error(
    quietly(sfr_write_table(reg$conn, "types", frame)), class = "modelyard_already_exists"
  )
})

test_that("factors, text, dates and logicals give R's own numbers everywhere", {
  reg <- real_registry()
  frame <- transform(mtcars,
    gear = factor(gear, levels = c(5, 3, 4)), am = am == 1, vs = c("v", "s")[vs + 1],
    day = as.Date("2024-01-01") + seq_along(mpg)
  )
  model <- glm(mpg ~ wt + gear + am + vs + day, data = frame)
  quietly(sfr_log_model(reg, model, "MIXED", sample_input = frame[1:8, ]))
  rows <- frame[c(5, 2, 30), c("vs", "day", "am", "gear", "wt")]
  own <- unname(predict(model, rows))
  expect_identical(sfr_predict(reg, "MIXED", rows)$prediction, own)
  as_text <- transform(rows, gear = as.character(gear), day = format(day))
  expect_identical(sfr_predict(reg, "MIXED", as_text)$prediction, own)
  expect_error(
    sfr_predict(reg, "MIXED", transform(rows, gear = "6")), class = "modelyard_unknown_level"
  )
  suppressMessages(expect_message(
    upper <- sfr_predict(reg, "MIXED", stats::setNames(rows, toupper(names(rows)))), "WT"
  ))
  expect_identical(upper$prediction, own)
  expect_error(
    sfr_predict(reg, "MIXED", cbind(rows, x = 1), strict_input_validation = TRUE),
    class = "modelyard_unexpected_column"
  )
  expect_identical(sfr_predict(reg, "MIXED", cbind(x = 1:3, rows))$x, 1:3)
  expect_identical(nrow(sfr_predict(reg, "MIXED", rows[0, ])), 0L)
})

test_that("a body of one's own is served as it is", {
  reg <- real_registry()
  body <- sfr_predict_body(function(model, input) {
    fit <- predict(model, input)
    data.frame(point = fit, note = paste("input", "{{MODEL}}"))
  })
  quietly(sfr_log_model(reg, seed_model(), "BODY", predict_body = body))
  answer <- sfr_predict(reg, "BODY", cars)
  expect_identical(answer$point, unname(predict(seed_model(), cars)))
  expect_identical(answer$note, rep("input {{MODEL}}", 2))
})

test_that("forecasts are logged without a body", {
  reg <- real_registry()
  skip_if_not_installed("forecast")
  fit <- forecast::ets(AirPassengers)
  quietly(sfr_log_model(reg, fit, "SALES_FORECAST",
    predict_pkgs = "forecast", conda_deps = "r-forecast",
    input_cols = list(period = "integer"), output_cols = list(point_forecast = "double")
  ))
  answer <- sfr_predict(reg, "SALES_FORECAST", data.frame(period = 1:3))
  expect_identical(answer$point_forecast, as.numeric(forecast::forecast(fit, h = 3)$mean))
})

test_that("versions are exported, imported, described and deleted", {
  reg <- real_registry()
  log_seed(reg)
  target <- file.path(withr::local_tempdir(), "v1")
  quietly({
    sfr_export_model(reg, "MTCARS_MPG", "V1", target)
    copy <- sfr_import_model(reg, target, "COPY")
  })
  expect_identical(copy$version_name, "V1")
  expect_identical(
    sfr_predict(reg, "COPY", cars)$prediction, unname(predict(seed_model(), cars))
  )
  expect_identical(sfr_model_description(reg, "COPY", "V1", desc = "a copy"), "a copy")
  expect_error(sfr_delete_model_version(reg, "COPY", "V1"), class = "modelyard_in_use")
  quietly(expect_true(sfr_delete_model(reg, "COPY")))
  expect_error(sfr_get_model(reg, "COPY"), class = "modelyard_not_found")
})

test_that("what is wrong with a request is told with its class", {
  reg <- real_registry()
  log_seed(reg)
  expect_error(log_seed(reg, version_name = "V1"), class = "modelyard_already_exists")
  expect_error(sfr_predict(reg, "NOTHING", cars), class = "modelyard_not_found")
  expect_error(sfr_predict(reg, "MTCARS_MPG/V9", cars), class = "modelyard_not_found")
  expect_error(sfr_set_model_alias(reg, "MTCARS_MPG", "V1", "V2"), class = "modelyard_invalid_name")
  expect_error(sfr_query(reg$conn, "SELECT * FROM nowhere"), class = "modelyard_not_found")
  body <- sfr_predict_body(function(model, input) not_a_function_anywhere(input))
  expect_warning(
    mv <- quietly(sfr_log_model(reg, seed_model(), "BROKEN", predict_body = body,
      output_cols = list(prediction = "double")
    )),
    "could not be scored"
  )
  expect_identical(mv$about$checks$verified, "load")
  expect_error(
    sfr_connect(url = Sys.getenv("MODELYARD_E2E_URL"), token = "wrong"),
    class = "modelyard_unauthenticated"
  )
})
