read_numbers <- function(text) jsonlite::fromJSON(paste0("[", paste(text, collapse = ","), "]"))

test_that("every number comes back as the same double", {
  set.seed(42)
  x <- c(
    0.1, 1 / 3, .Machine$double.eps, .Machine$double.xmax, 5e-324, 2^53 + 2, -1e22,
    rnorm(2000) * 10^sample(-300:300, 2000, replace = TRUE)
  )
  expect_identical(as.double(read_numbers(json_numbers(x))), x)
})

test_that("numbers that JSON lacks are text, and NA is null", {
  expect_identical(
    json_values(c(NaN, Inf, -Inf, NA, -0, 5)),
    c("\"NaN\"", "\"Inf\"", "\"-Inf\"", "null", "-0.0", "5")
  )
})

test_that("integers beyond 2^53 keep a point, so that they are read as doubles", {
  expect_match(json_numbers(c(2^53, 2^60)), "[.e]")
})

test_that("a frame is written as dataframe_split", {
  frame <- data.frame(
    x = c(0.1, NA), s = c("say \"x\"", NA), f = factor(c("u", "v")), b = c(TRUE, NA),
    d = as.Date("2024-01-01") + 0:1
  )
  expect_snapshot(cat(split_body(frame)))
  expect_snapshot(cat(split_body(frame[0, ])))
})

test_that("names and empty objects survive", {
  expect_identical(to_json(list(a = NULL, b = list(), c = as_object(NULL), d = I("x"))), paste0(
    "{\"a\":null,\"b\":[],\"c\":{},\"d\":[\"x\"]}"
  ))
})

test_that("days and times that no text can hold are refused, not cut", {
  day <- data.frame(at = as.Date("2024-01-01") + c(0, 0.5))
  fine <- data.frame(at = as.POSIXct(0.123456789123, origin = "1970-01-01", tz = "UTC"))
  expect_error(split_body(day), "row 2", class = "modelyard_invalid_value")
  expect_error(split_body(fine), class = "modelyard_invalid_value")
  odd <- as.POSIXct(c(NA, 1711324800.123456), origin = "1970-01-01")
  expect_no_error(split_body(data.frame(at = odd)))
})

test_that("a double among the arguments for predict() stays one", {
  args <- keep_doubles(list(k = 100000, level = c(80, 95.5), m = 2L, type = "probs", n = 1e20))
  expect_identical(
    to_json(args),
    "{\"k\":100000.0,\"level\":[80.0,95.5],\"m\":2,\"type\":\"probs\",\"n\":1e+20}"
  )
})
