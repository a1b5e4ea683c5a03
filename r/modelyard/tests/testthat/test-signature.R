test_that("columns are described in the reference's words", {
  frame <- data.frame(
    b = TRUE, i = 1L, d = 1, s = "x", day = Sys.Date(), at = as.POSIXct("2024-01-01", tz = "UTC"),
    label = 0
  )
  expect_identical(
    lapply(sfr_input_cols(frame, exclude = "LABEL"), as.vector),
    list(
      b = "boolean", i = "integer", d = "double", s = "string", day = "date", at = "timestamp"
    )
  )
})

test_that("a factor is a string that carries its levels", {
  described <- sfr_input_cols(data.frame(f = factor("b", levels = c("b", "a"), ordered = TRUE)))$f
  expect_identical(as.vector(described), "string")
  expect_identical(attr(described, "levels"), c("b", "a"))
  expect_true(attr(described, "ordered"))
  expect_identical(
    contract_columns(list(f = described))$f,
    list(name = "f", type = "factor", levels = list("b", "a"), ordered = TRUE)
  )
})

test_that("synonyms are known, and other words list what is", {
  columns <- contract_columns(list(a = "int64", b = "numeric", c = "character", d = "bool"))
  expect_identical(
    unname(vapply(columns, \(column) column$type, "")), c("integer", "double", "string", "boolean")
  )
  expect_snapshot(contract_columns(list(wt = "dbl"), "input_cols"), error = TRUE)
  expect_snapshot(contract_columns(list("double"), "input_cols"), error = TRUE)
})

test_that("predictions are described from a vector, too", {
  expect_identical(sfr_output_cols(c(1.5, 2)), list(prediction = "double"))
})

test_that("something that is no data frame is refused", {
  expect_error(sfr_input_cols(1:3), class = "modelyard_invalid_value")
})

test_that("times are described in the zone R shows them in, the session's when they have none", {
  at <- as.POSIXct("2024-07-01 22:00:00", tz = "Asia/Kolkata")
  expect_identical(attr(sfr_input_cols(data.frame(at = at))$at, "tz"), "Asia/Kolkata")
  withr::with_timezone("America/New_York", {
    here <- data.frame(at = as.POSIXct("2024-07-01 22:00:00"))
    expect_identical(attr(sfr_input_cols(here)$at, "tz"), "America/New_York")
  })
  declared <- with_levels_of(contract_columns(list(at = "timestamp")), data.frame(at = at))
  expect_identical(declared$at$tz, "Asia/Kolkata")
})

test_that("time differences are refused with what to do", {
  rows <- data.frame(wait = as.difftime(1:2, units = "mins"), x = 1)
  expect_error(sfr_input_cols(rows), "as.numeric", class = "modelyard_invalid_signature")
  expect_identical(sfr_input_cols(rows, exclude = "wait"), list(x = "double"))
})

test_that("columns that no contract holds are named", {
  rows <- mtcars[1:3, "wt", drop = FALSE]
  rows$pair <- cbind(1:3, 4:6)
  rows$single <- cbind(1:3)
  expect_error(sfr_input_cols(rows), "pair", class = "modelyard_invalid_signature")
  expect_identical(sfr_input_cols(rows[c("wt", "single")])$single, "integer")
  rows <- data.frame(f = addNA(factor(c("a", NA))))
  expect_error(sfr_input_cols(rows), "NA among the levels", class = "modelyard_invalid_signature")
})

test_that("times without a zone have the one the session has now", {
  times <- data.frame(at = as.POSIXct("2024-07-01 12:00:00"))
  attr(times$at, "tzone") <- NULL
  Sys.timezone() # kept by R from here on
  withr::local_envvar(TZ = "America/New_York")
  expect_identical(attr(sfr_input_cols(times)$at, "tz"), "America/New_York")
  withr::local_envvar(TZ = "Asia/Tokyo")
  expect_identical(attr(sfr_input_cols(times)$at, "tz"), "Asia/Tokyo")
})
