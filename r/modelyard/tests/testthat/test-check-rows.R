check <- function(rows, ..., strict = FALSE) {
  check_inputs(rows, contract_columns(list(...)), strict)
}
codes_of <- function(code) tryCatch(code, modelyard_error = \(e) sub("modelyard_", "", class(e)[1]))

test_that("rows come out in the contract's order and types", {
  rows <- check(data.frame(extra = 1, b = 2L, a = 3), a = "integer", b = "double")
  expect_identical(rows, data.frame(a = 3L, b = 2))
})

test_that("what does not fit is refused with a code, a column and a row", {
  expect_identical(codes_of(check(data.frame(a = 1), b = "double")), "missing_column")
  expect_identical(codes_of(check(data.frame(a = 4.5), a = "integer")), "type_mismatch")
  expect_identical(codes_of(check(data.frame(a = Inf), a = "integer")), "type_mismatch")
  expect_identical(codes_of(check(data.frame(a = -2^31), a = "integer")), "integer_out_of_range")
  expect_identical(codes_of(check(data.frame(a = "1"), a = "double")), "type_mismatch")
  expect_identical(codes_of(check(data.frame(a = TRUE), a = "integer")), "type_mismatch")
  expect_identical(codes_of(check(data.frame(a = 1), a = "boolean")), "type_mismatch")
  expect_identical(codes_of(check(data.frame(a = factor("1")), a = "double")), "type_mismatch")
  expect_identical(codes_of(check(data.frame(a = 1), a = "string")), "type_mismatch")
  expect_identical(codes_of(check(data.frame(a = "x"), a = "date")), "invalid_value")
  expect_identical(codes_of(check(data.frame(a = "x"), a = "timestamp")), "invalid_value")
  error <- expect_error(check(data.frame(a = c(1, 2.5)), a = "integer"), class = "modelyard_error")
  expect_identical(error$details, data.frame(column = "a", row = 2L, reason = "2.5 is not an integer"))
})

test_that("levels are rebuilt, and others refused", {
  f <- structure("factor", levels = c("b", "a"), ordered = TRUE)
  rows <- check(data.frame(f = c("a", NA)), f = f)
  expect_identical(rows$f, factor(c("a", NA), levels = c("b", "a"), ordered = TRUE))
  expect_identical(codes_of(check(data.frame(f = factor("z")), f = f)), "unknown_level")
  expect_identical(
    codes_of(check(data.frame(f = "z"), f = structure("string", levels = "a"))), "unknown_level"
  )
})

test_that("the text NA in a number is missing, other text is not", {
  expect_identical(check(data.frame(a = c("NA", NA)), a = "double")$a, c(NA_real_, NA))
  expect_identical(check(data.frame(a = c(NA, NA)), a = "string")$a, c(NA_character_, NA))
  expect_identical(codes_of(check(data.frame(a = c("NA", "n/a")), a = "double")), "type_mismatch")
})

test_that("missing values follow nullable, and NaN is not missing", {
  column <- list(list(name = "a", type = "double", nullable = FALSE))
  expect_identical(codes_of(check_inputs(data.frame(a = c(1, NA)), column)), "null_not_allowed")
  expect_identical(check_inputs(data.frame(a = NaN), column)$a, NaN)
})

test_that("a name is matched without case when only one is meant", {
  expect_message(rows <- check(data.frame(HP = 1), hp = "double"), "HP was used for hp")
  expect_identical(rows, data.frame(hp = 1))
  expect_identical(
    codes_of(check(data.frame(HP = 1, Hp = 2), hp = "double")), "missing_column"
  )
  expect_identical(codes_of(check(data.frame(HP = 1), hp = "double", strict = TRUE)), "missing_column")
  expect_identical(
    codes_of(check(data.frame(a = 1, b = 2), a = "double", strict = TRUE)), "unexpected_column"
  )
})

test_that("a column that is there twice is refused", {
  rows <- structure(list(1, 2), names = c("a", "a"), class = "data.frame", row.names = 1L)
  expect_identical(codes_of(check(rows, a = "double")), "duplicate_column")
})

test_that("braces in a name are only text", {
  expect_error(
    check(data.frame(a = 1), "{stop('run')}" = "double"), "{stop('run')}",
    fixed = TRUE, class = "modelyard_missing_column"
  )
})

test_that("messages read well", {
  expect_snapshot(check(data.frame(a = 1, b = 2), x = "double", y = "double"), error = TRUE)
  expect_snapshot(check(data.frame(a = c(1, 2.5, NA, 3e9)), a = "integer"), error = TRUE)
})

test_that("an unknown level is told with the levels there are, once and at most ten", {
  refused <- function(...) {
    columns <- contract_columns(list(f = structure("factor", levels = c(...))))
    expect_error(check_inputs(data.frame(f = c("x", "y")), columns), class = "modelyard_unknown_level")
  }
  error <- refused("a", "b")
  expect_identical(error$details$reason, c(
    "'x' is not a level the model knows: 'a', 'b'", "'y' is not a level the model knows"
  ))
  expect_match(refused(letters[1:12])$details$reason[1], "'j', \u2026$")
})

test_that("answers are named and checked", {
  outputs <- function(...) contract_columns(list(...))
  expect_identical(
    check_outputs(data.frame(prediction = 1), outputs(mpg = "double"), 1), data.frame(mpg = 1)
  )
  expect_identical(
    check_outputs(data.frame(b = 1, a = 2), outputs(a = "double", b = "double"), 1),
    data.frame(a = 2, b = 1)
  )
  expect_identical(
    check_outputs(data.frame(x = 1, y = 2), outputs(a = "double", b = "double"), 1),
    data.frame(a = 1, b = 2)
  )
  wrong <- "contract_violation_output"
  expect_identical(
    codes_of(check_outputs(data.frame(a = 1, y = 2), outputs(a = "double", b = "double"), 1)), wrong
  )
  expect_identical(codes_of(check_outputs(data.frame(p = 1:3), outputs(p = "double"), 2)), wrong)
  expect_identical(codes_of(check_outputs(data.frame(p = "a"), outputs(p = "double"), 1)), wrong)
  expect_identical(
    nrow(check_outputs(data.frame(p = 1:3), outputs(p = "double"), 2, rows = "free")), 3L
  )
})

test_that("a value outside the levels is missing where the author says so", {
  columns <- contract_columns(list(f = structure("factor", levels = c("a", "b"))))
  columns <- with_unknown(columns, c(f = "as_na"))
  rows <- check_inputs(data.frame(f = c("b", "zz", NA)), columns)
  expect_identical(rows$f, factor(c("b", NA, NA), levels = c("a", "b")))
  expect_error(with_unknown(columns, c(g = "as_na")), class = "modelyard_invalid_value")
})
