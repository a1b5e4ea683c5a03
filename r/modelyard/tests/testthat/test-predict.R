cars <- data.frame(id = c("b", "a"), wt = c(2.5, 3), hp = c(110, 150))
scores <- data.frame(prediction = c(1 / 3, NA))

test_that("the answer is the inputs and then the outputs, in order", {
  asked <- fake_server(list("POST /api/v1/models/MTCARS_MPG/predict" = frame_answer(scores)))
  expect_identical(sfr_predict(fake_registry(), "MTCARS_MPG", cars), cbind(cars, scores))
  request <- asked$requests[[1]]
  expect_identical(unserialize(request$body), cars)
  expect_identical(request$query, list(database = "ML_DB", schema = "MODELS"))
})

test_that("versions and aliases are named in any form", {
  asked <- fake_server(list("POST /api/v1/models/M/predict" = frame_answer(scores)))
  reg <- fake_registry()
  sfr_predict(reg, "M", cars, version_name = "V2")
  sfr_predict(reg, "M/V2", cars)
  sfr_predict(reg, "M@production", cars, strict_input_validation = TRUE)
  versions <- vapply(asked$requests, \(request) request$query$version, "")
  expect_identical(versions, c("V2", "V2", "@production"))
  expect_identical(asked$requests[[3]]$query$strict, "true")
  expect_error(sfr_predict(reg, "M/V2", cars, version_name = "V1"), class = "modelyard_invalid_name")
})

test_that("notes are messages, and R's warnings warnings", {
  fake_server(list("POST /api/v1/models/M/predict" = frame_answer(scores, list(
    `x-modelyard-notes` = "[\"Column WT was used for {wt}.\"]",
    `x-modelyard-warnings` = "[\"prediction from a rank-deficient fit\"]"
  ))))
  expect_warning(
    expect_message(sfr_predict(fake_registry(), "M", cars), "for {wt}.", fixed = TRUE),
    "rank-deficient"
  )
})

test_that("no rows give a typed answer without rows", {
  fake_server(list("POST /api/v1/models/M/predict" = frame_answer(scores[0, , drop = FALSE])))
  expect_identical(
    sfr_predict(fake_registry(), "M", cars[0, ]), cbind(cars, prediction = 1)[0, ]
  )
})

test_that("answers with rows of their own come alone", {
  own <- data.frame(period = 1:3, mean = 1)
  fake_server(list("POST /api/v1/models/M/predict" = frame_answer(own)))
  expect_identical(sfr_predict(fake_registry(), "M", cars), own)
})

test_that("a name that is taken is kept, and the prediction gets another", {
  fake_server(list("POST /api/v1/models/M/predict" = frame_answer(scores)))
  rows <- data.frame(prediction = c(9, 9))
  expect_message(answer <- sfr_predict(fake_registry(), "M", rows), "prediction.1")
  expect_named(answer, c("prediction", "prediction.1"))
  expect_identical(answer$prediction, c(9, 9))
})

test_that("a service is asked at its own address", {
  service <- list(
    name = "svc", model = "M", version = "V2", alias = "production", status = "READY",
    url = "http://127.0.0.1:9001"
  )
  asked <- fake_server(list(
    "GET /api/v1/services/svc" = service, "POST /predict" = frame_answer(scores)
  ))
  reg <- fake_registry()
  expect_identical(sfr_predict(reg, "M", cars, service_name = "svc"), cbind(cars, scores))
  expect_identical(sfr_predict(reg, "m@production", cars, service_name = "svc")$id, cars$id)
  expect_error(sfr_predict(reg, "M/V1", cars, service_name = "svc"), class = "modelyard_conflict")
  expect_error(sfr_predict(reg, "N", cars, service_name = "svc"), class = "modelyard_conflict")
})

test_that("a frame in the model's place is explained", {
  expect_error(sfr_predict(fake_registry(), cars), class = "modelyard_invalid_value")
  expect_error(sfr_predict(fake_registry(), "M", 1:3), class = "modelyard_invalid_value")
})

test_that("timings are of as many calls as asked for", {
  asked <- fake_server(list("POST /api/v1/models/M/predict" = frame_answer(scores)))
  found <- quietly(sfr_benchmark_inference(fake_registry(), "M", cars, n = 3))
  expect_length(asked$requests, 3)
  expect_length(found$timings, 3)
  expect_identical(found$n, 3L)
  expect_identical(found$last_result, cbind(cars, scores))
  expect_error(sfr_benchmark_inference(fake_registry(), "M", cars, n = 0), class = "modelyard_error")
  expect_error(
    sfr_benchmark_inference(fake_registry(), "M", cars, verbose = "no"), "verbose",
    class = "modelyard_invalid_value"
  )
})
