test_that("times are read with offsets, zones and fractions", {
  seconds <- function(x, zone = "UTC") as.numeric(parse_times(x, zone))
  expect_identical(seconds("1970-01-01T01:00:00+01:00"), 0)
  expect_identical(seconds("1970-01-01 01:00", "Europe/Paris"), 0)
  expect_identical(seconds("1970-01-01T00:00:00.25Z"), 0.25)
  expect_identical(seconds(c(NA, "yesterday", "2024-13-01")), c(NA_real_, NA, NA))
})

test_that("times are written with their fraction", {
  at <- as.POSIXct(c(0, 1.75, NA, -0.5), origin = "1970-01-01", tz = "Europe/Paris")
  expect_identical(format_times(at), c(
    "1970-01-01T00:00:00Z", "1970-01-01T00:00:01.75Z", NA, "1969-12-31T23:59:59.5Z"
  ))
})

test_that("years have four digits", {
  expect_identical(json_values(as.Date(c("0987-06-05", NA, "2024-01-31"))), c(
    "\"0987-06-05\"", "null", "\"2024-01-31\""
  ))
  expect_identical(format_times(as.POSIXct("0033-04-03 15:00:00", tz = "UTC")), "0033-04-03T15:00:00Z")
})
