#' Print in a notebook
#'
#' `rprint()` prints as R does, `rview()` the first rows of a data frame, `rglimpse()` its columns
#' and `rcat()` text, each wide enough for a notebook's cell.
#'
#' @param x An object; for `rview()` a data frame or something with a `head()`.
#' @param width Characters in a line.
#' @param n How many rows.
#' @param ... For `rprint()` further arguments of [print()]; for `rcat()` what to write.
#' @returns `x`, invisibly; `rcat()` `NULL`.
#' @export
#' @examples
#' rprint(1:3)
#' rview(mtcars, n = 2)
#' rglimpse(mtcars[1:3])
#' rcat("rows:", nrow(mtcars))
rprint <- function(x, width = 200L, ...) {
  before <- options(width = width)
  on.exit(options(before))
  print(x, ...)
  invisible(x)
}

#' @rdname rprint
#' @export
rview <- function(x, n = 10L, width = 200L) {
  rprint(utils::head(x, n), width = width)
  if (is.data.frame(x) && nrow(x) > n) cat("... ", nrow(x), " rows in all\n", sep = "")
  invisible(x)
}

#' @rdname rprint
#' @export
rglimpse <- function(x) {
  utils::str(x, give.attr = FALSE, vec.len = 3)
  invisible(x)
}

#' @rdname rprint
#' @export
rcat <- function(...) {
  cat(...)
  cat("\n")
  invisible(NULL)
}
