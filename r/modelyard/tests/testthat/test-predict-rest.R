cars <- data.frame(wt = c(2.5, 1 / 3), hp = c(110, NA))
contract <- list(signature = list(outputs = list(
  list(name = "prediction", type = "double"), list(name = "day", type = "date")
)))
url <- "http://127.0.0.1:9001"

test_that("rows go as dataframe_split and come back in the contract's types", {
  the$signatures <- list()
  asked <- fake_server(list(
    "POST /predict" = json_answer(
      "{\"data\":[[0,{\"prediction\":21,\"day\":\"2024-05-31\"}],[1,{\"prediction\":null,\"day\":null}]]}",
      headers = list(`x-modelyard-version` = "V2")
    ),
    "GET /" = contract
  ))
  expected <- data.frame(prediction = c(21, NA), day = as.Date(c("2024-05-31", NA)))
  expect_identical(sfr_predict_rest(url, cars, token = "t"), expected)
  expect_identical(sfr_predict_rest(paste0(url, "/predict"), cars, token = "t"), expected)
  expect_length(asked$requests, 3)
  request <- asked$requests[[1]]
  expect_identical(request$headers$Authorization, "Snowflake Token=\"t\"")
  sent <- jsonlite::fromJSON(request$body, simplifyVector = FALSE)$dataframe_split
  expect_identical(sent$index, list(0L, 1L))
  expect_identical(sent$data[[2]], list(1 / 3, NULL))
})

test_that("no rows give an empty answer of the contract's types", {
  the$signatures <- list()
  fake_server(list(
    "POST /predict" = json_answer("{\"data\":[]}", headers = list(`x-modelyard-version` = "V2")),
    "GET /" = contract
  ))
  expect_identical(
    sfr_predict_rest(url, cars[0, ], token = "t"),
    data.frame(prediction = numeric(), day = structure(numeric(), class = "Date"))
  )
})

test_that("an address that does not describe itself still answers", {
  the$signatures <- list()
  model <- paste0(url, "/models/ML_DB.MODELS.MPG@production")
  fake_server(list("POST /models/ML_DB.MODELS.MPG@production/predict" = json_answer(
    "{\"data\":[[0,{\"prediction\":21}],[1,{\"prediction\":22}]]}",
    headers = list(`x-modelyard-version` = "V2")
  )))
  expect_identical(sfr_predict_rest(model, cars, token = "t"), data.frame(prediction = c(21, 22)))
})

test_that("a method's underscores are dashes in the address", {
  asked <- fake_server(list("POST /predict-proba" = json_answer("[{\"p\":1},{\"p\":2}]")))
  expect_identical(
    sfr_predict_rest(url, cars, token = "t", method = "predict_proba"), data.frame(p = c(1, 2))
  )
})

test_that("a page instead of rows is a failed sign-in", {
  page <- httr2::response(headers = list(`content-type` = "text/html"), body = charToRaw("<html>"))
  fake_server(list("POST /predict" = page))
  expect_snapshot(sfr_predict_rest(url, cars, token = "t"), error = TRUE)
  expect_error(sfr_predict_rest(url, cars, token = "t"), class = "modelyard_unauthenticated")
})

test_that("the service's own error reaches the caller", {
  fake_server(list("POST /predict" = error_answer(422, "missing_column", "missing column disp")))
  expect_error(
    sfr_predict_rest(url, cars, token = "t"), "missing column disp",
    class = "modelyard_missing_column"
  )
})

test_that("a token is found in its order", {
  home <- withr::local_tempdir()
  withr::local_envvar(
    MODELYARD_HOME = home, MODELYARD_TOKEN = NA, SNOWFLAKE_PAT = NA, SNOWFLAKE_TOKEN = NA
  )
  expect_error(sfr_pat(), class = "modelyard_unauthenticated")
  writeLines('{"url":"http://127.0.0.1:1","token":"local"}', file.path(home, "server.json"))
  expect_identical(sfr_pat(), "local")
  expect_error(find_token(NULL, NULL, local = FALSE), class = "modelyard_unauthenticated")
  withr::local_envvar(SNOWFLAKE_TOKEN = "st")
  expect_identical(sfr_pat(), "st")
  withr::local_envvar(SNOWFLAKE_PAT = "pat")
  expect_identical(sfr_pat(), "pat")
  expect_identical(sfr_pat(conn = fake_connection("own")), "own")
  expect_identical(sfr_pat("given", fake_connection("own")), "given")
  expect_invisible(sfr_pat())
})

test_that("an endpoint brings its connection's token", {
  withr::local_envvar(SNOWFLAKE_PAT = "stale")
  asked <- fake_server(list(
    "GET /api/v1/services/svc" = list(
      name = "svc", fqn = "ML_DB.MODELS.svc", status = "READY", url = url
    ),
    "POST /predict" = json_answer("[{\"p\":1},{\"p\":2}]")
  ))
  endpoint <- sfr_service_endpoint(fake_connection("own"), "svc")
  expect_snapshot(print(endpoint))
  sfr_predict_rest(endpoint, cars)
  expect_identical(asked$requests[[2]]$headers$Authorization, "Snowflake Token=\"own\"")
  found <- quietly(sfr_benchmark_rest(endpoint, cars, n = 2))
  expect_identical(found$method, "rest")
})

test_that("a service that is not ready has no endpoint", {
  fake_server(list("GET /api/v1/services/svc" = list(name = "svc", status = "STARTING")))
  expect_error(sfr_service_endpoint(fake_connection(), "svc"), class = "modelyard_unavailable")
})
