# What every model of the zoo is held to: predictions are plain predict()'s, bit for bit, a row
# alone gives what it gives among others, and the raw predictors are known. `plain` is written by
# hand: a vector, or a data frame of the columns to be served.
expect_plain <- function(fit, rows, plain, args = list(), needs = names(rows)) {
  if (!is.data.frame(plain)) plain <- data.frame(prediction = as.vector(unname(plain)))
  row.names(plain) <- NULL
  plain[] <- lapply(plain, as.vector)
  given <- rows[sample(ncol(rows))]
  found <- suppressWarnings(sfr_predict_local(fit, given, predict_args = args))
  testthat::expect_identical(names(found), names(plain))
  testthat::expect_true(identical(found, plain, num.eq = FALSE))
  alone <- lapply(seq_len(nrow(rows)), function(i) {
    suppressWarnings(sfr_predict_local(fit, rows[i, , drop = FALSE], predict_args = args))
  })
  testthat::expect_true(identical(do.call(rbind, alone), plain, num.eq = FALSE))
  testthat::expect_setequal(predictors(fit, args), needs)
}

some <- function(rows, columns, n = 6) {
  rows <- as.data.frame(rows)[columns]
  rows <- rows[round(seq(1, nrow(rows), length.out = n)), , drop = FALSE]
  row.names(rows) <- NULL
  rows
}
