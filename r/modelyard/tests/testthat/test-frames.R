wire <- function(frame) read_frame(frame_answer(frame))

test_that("a frame comes back as it was sent", {
  frame <- data.frame(
    d = c(1.5, NA, NaN, Inf, -0), i = c(1L, NA, -3L, 4L, 5L), s = c("a", NA, "", "é", "日本"),
    b = c(TRUE, NA, FALSE, TRUE, TRUE), f = factor(c("u", "v", NA, "u", "v"), levels = c("v", "u")),
    day = as.Date("2024-05-31") + 0:4,
    at = as.POSIXct(c(0.5, NA, 1e9, 2e9, 3e9), origin = "1970-01-01", tz = "Europe/Paris")
  )
  frame$o <- factor(c("lo", "hi", "lo", "hi", "lo"), levels = c("lo", "hi"), ordered = TRUE)
  expect_identical(wire(frame), frame)
  expect_identical(1 / wire(frame)$d[5], -Inf)
})

test_that("long text travels as one block of bytes", {
  frame <- data.frame(s = rep(c("é", NA, "", "plain"), 500))
  packed <- unserialize(write_frame(frame))$s
  expect_s3_class(packed, "modelyard_strings")
  expect_type(unclass(packed), "raw")
  expect_identical(wire(frame), frame)
})

test_that("frames without rows or columns travel", {
  expect_identical(wire(data.frame(a = numeric(), s = character())), data.frame(a = numeric(), s = character()))
  expect_identical(dim(wire(data.frame()[1:3, ])), c(3L, 0L))
})

test_that("columns of other kinds are left out with a word", {
  frame <- data.frame(a = 1:2)
  frame$l <- list(1, 2)
  frame$t <- as.difftime(1:2, units = "mins")
  expect_message(sent <- wire(frame), "Left out the columns l and t")
  expect_named(sent, "a")
})

test_that("a one-column matrix is a column", {
  frame <- data.frame(a = 1:3)
  frame$z <- scale(frame$a)
  expect_identical(wire(frame)$z, c(-1, 0, 1))
})

test_that("an answer that is no frame is an error of its own", {
  expect_error(read_frame(json_answer(list(a = 1))), class = "modelyard_internal")
})

test_that("a 64-bit integer that no double holds is refused, the next above 2^53 too", {
  skip_if_not_installed("bit64")
  wide <- \(text) data.frame(a = bit64::as.integer64(text))
  expect_identical(wire(wide(c("9007199254740992", NA, "-5")))$a, c(2^53, NA, -5))
  for (text in c("9007199254740993", "-9007199254740993", "9223372036854775807")) {
    expect_error(wire(wide(text)), class = "modelyard_precision_loss")
  }
})
