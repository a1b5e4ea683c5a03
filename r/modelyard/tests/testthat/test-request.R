test_that("each call carries the token and asks under /api/v1", {
  asked <- fake_server(list("GET /api/v1/account" = about_account))
  expect_true(quietly(sfr_status(fake_connection("mdy_secret"))))
  request <- asked$requests[[1]]
  expect_identical(request$path, "/api/v1/account")
  expect_identical(request$headers$Authorization, "Bearer mdy_secret")
})

test_that("an error envelope becomes a classed condition with the server's own words", {
  fake_server(list("GET /api/v1/account" = error_answer(
    404, "not_found", "No {stop('evaluated')} here.", "Try {that}.",
    list(list(column = "hp", row = 3L, reason = "missing value"))
  )))
  error <- expect_error(sfr_status(fake_connection()), class = "modelyard_not_found")
  expect_s3_class(error, "modelyard_error")
  expect_match(conditionMessage(error), "No {stop('evaluated')} here.", fixed = TRUE)
  expect_identical(error$hint, "Try {that}.")
  expect_identical(error$details, data.frame(column = "hp", row = 3L, reason = "missing value"))
  expect_identical(error$request_id, "r-1")
  expect_identical(error$status, 404L)
})

test_that("details are shown, but not all of many", {
  details <- lapply(1:9, \(i) list(column = "hp", row = i, reason = "missing value"))
  fake_server(list("GET /api/v1/account" = error_answer(
    422, "null_not_allowed", "The rows do not fit.", NULL, details
  )))
  expect_snapshot(sfr_status(fake_connection()), error = TRUE)
})

test_that("answers without an envelope still have a class", {
  answer <- httr2::response(status_code = 503, headers = list(`content-type` = "text/html"),
    body = charToRaw("<html><body>Down for lunch</body></html>")
  )
  fake_server(list("GET /api/v1/account" = answer))
  error <- expect_error(sfr_status(fake_connection()), class = "modelyard_unavailable")
  expect_match(conditionMessage(error), "Down for lunch")
})

test_that("no answer at all is unavailable, and draws no random numbers", {
  session <- new_session(list(url = "http://127.0.0.1:9", token = "t", home = NULL))
  conn <- new_connection(session, about_account)
  set.seed(1)
  before <- .Random.seed
  error <- expect_error(sfr_status(conn), class = "modelyard_unavailable")
  expect_true(error$refused)
  expect_identical(.Random.seed, before)
})

test_that("names with odd characters stay one part of the path", {
  asked <- fake_server(list("GET /api/v1/tables/a/b?c d/fields" = list(fields = list())))
  expect_identical(nrow(sfr_list_fields(fake_connection(), "a/b?c d")), 0L)
  # The path was one part, encoded; the mock shows it decoded.
  expect_length(asked$requests, 1)
})

test_that("the problems listed and those left are as many as the message counts", {
  details <- data.frame(column = "hp", row = 1:20, reason = "missing value")
  found <- detail_bullets(details, "No: column hp, row 1: missing value (1,499 more problems).")
  expect_identical(found[[1]], "column hp, row 2: missing value")
  expect_identical(found[[6]], "... and 1,494 more.")
  expect_null(detail_bullets(details[1, ], "No: column hp, row 1: missing value."))
})

test_that("missing columns are named once", {
  details <- data.frame(column = c("wt", "hp"), row = NA, reason = "missing")
  expect_null(detail_bullets(details, "No: missing 2 columns wt, hp."))
})
