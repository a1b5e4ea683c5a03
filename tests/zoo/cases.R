# The cases of every model: what is given, and what of the right types it stands for (`typed`), or
# the code it is refused with. A case that needs a kind of column the model has not is left out.

kind_of <- function(x) {
  if (is.factor(x)) {
    return("factor")
  }
  if (inherits(x, "Date")) {
    return("date")
  }
  if (inherits(x, "POSIXct")) {
    return("timestamp")
  }
  switch(typeof(x),
    logical = "boolean",
    character = "string",
    typeof(x)
  )
}

cases_of <- function(rows, new_text) {
  base <- rows[1:6, , drop = FALSE]
  kinds <- vapply(rows, kind_of, "")
  first <- function(kind) names(rows)[match(kind, kinds)]
  number <- c(first("double"), first("integer"))
  number <- number[!is.na(number)][1]
  cases <- list()
  add <- function(name, given, typed = given, code = NULL) {
    row.names(given) <- NULL
    if (!is.null(typed)) row.names(typed) <- NULL
    cases[[name]] <<- list(given = given, typed = typed, code = code)
  }
  # The case for a column, or nothing where there is no such column.
  with_column <- function(name, column, given, typed = given, code = NULL) {
    if (is.na(column)) {
      return(invisible())
    }
    replaced <- function(value) {
      frame <- base
      frame[[column]] <- value(base[[column]])
      frame
    }
    add(name, replaced(given), if (is.null(code)) replaced(typed), code)
  }
  same <- function(x) x

  add("plain", base)
  add("one_row", base[2, , drop = FALSE])
  add("no_rows", base[0, , drop = FALSE])
  add("shuffled", base[c(4, 1, 6, 3, 2, 5), , drop = FALSE])
  add("thousand_rows", rows[(seq_len(1000) * 7) %% nrow(rows) + 1, , drop = FALSE])

  for (kind in c("double", "integer", "boolean", "factor", "string", "date", "timestamp")) {
    with_column(paste0("na_", kind), first(kind), \(x) replace(x, 1, NA))
  }
  with_column("nan", first("double"), \(x) replace(x, 1, NaN))
  with_column("nan_beside_na", first("double"), \(x) replace(x, 1:2, c(NaN, NA)))
  with_column("infinite", first("double"), \(x) replace(x, 1:2, c(Inf, -Inf)))
  with_column("negative_zero", first("double"), \(x) replace(x, 1:3, c(-0.0, 0.0, 5e-324)))

  with_column("integer_as_double", first("integer"), as.double, same)
  with_column("integer_not_whole", first("integer"), \(x) replace(as.double(x), 2, 4.5),
    code = "type_mismatch"
  )
  with_column("integer_too_large", first("integer"), \(x) replace(as.double(x), 2, 3e9),
    code = "integer_out_of_range"
  )
  with_column("integer_is_r_na", first("integer"), \(x) replace(as.double(x), 2, -2147483648),
    code = "integer_out_of_range"
  )
  with_column("double_as_integer", first("double"), \(x) as.integer(round(x)), round)
  with_column("number_as_text", number, as.character, code = "type_mismatch")
  with_column("boolean_as_number", number, \(x) rep(c(TRUE, FALSE), 3), code = "type_mismatch")
  with_column("number_as_boolean", first("boolean"), as.numeric, code = "type_mismatch")
  with_column("text_na", number, \(x) rep("NA", 6), \(x) x[rep(NA_integer_, 6)])

  with_column("factor_as_text", first("factor"), as.character, same)
  with_column(
    "factor_other_levels", first("factor"),
    \(x) factor(as.character(x), levels = rev(levels(x))), same
  )
  with_column(
    "factor_dropped_levels", first("factor"),
    \(x) factor(as.character(x[c(1, 1, 1, 1, 1, 1)])), \(x) x[c(1, 1, 1, 1, 1, 1)]
  )
  with_column("unknown_level", first("factor"), \(x) replace(as.character(x), 2, "zz new"),
    code = "unknown_level"
  )
  with_column("unknown_text", first("string"), \(x) replace(x, 2, "zz new"),
    code = if (new_text == "refused") "unknown_level"
  )
  with_column("date_as_number", first("date"), as.numeric, code = "type_mismatch")
  with_column("time_as_number", first("timestamp"), as.numeric, code = "type_mismatch")

  add("missing_column", base[-1], NULL, "missing_column")
  add("duplicate_column", structure(cbind(base, base[1]), names = c(names(base), names(base)[1])),
    NULL, "duplicate_column"
  )
  add("extra_column", cbind(base, zz_extra = 1:6), base)
  if (ncol(base) > 1) add("other_order", base[rev(names(base))], base)
  add("other_case", stats::setNames(base, chartr(
    paste(c(letters, LETTERS), collapse = ""), paste(c(LETTERS, letters), collapse = ""),
    names(base)
  )), base)
  cases
}
