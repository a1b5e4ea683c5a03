# The contract, checked in R: the same codes and the same meaning as on the server.

# The rows in the order and exactly the types of `inputs`; columns beyond them are dropped.
check_inputs <- function(rows, inputs, strict = FALSE, call = caller_env()) {
  check_frame(rows, "new_data", call = call)
  wanted <- vapply(inputs, \(column) column$name, "")
  found <- match_columns(names(rows), wanted, strict, call)
  checked <- lapply(seq_along(inputs), function(i) {
    check_column(rows[[found[i]]], inputs[[i]], call)
  })
  names(checked) <- wanted
  structure(checked, class = "data.frame", row.names = .set_row_names(nrow(rows)))
}

# For each wanted column the position of the one that is meant: the same name, or else the only
# one that is the same but for case.
match_columns <- function(names, wanted, strict = FALSE, call = caller_env()) {
  found <- match(wanted, names)
  free <- setdiff(seq_along(names), found)
  claims <- table(tolower(wanted[is.na(found)]))
  for (i in which(is.na(found) & !strict)) {
    alike <- free[tolower(names[free]) == tolower(wanted[i])]
    if (length(alike) == 1 && claims[[tolower(wanted[i])]] == 1) {
      found[i] <- alike
      say(c(i = "Column {.field {names[alike]}} was used for {.field {wanted[i]}}."))
    }
  }
  missing <- wanted[is.na(found)]
  unused <- names[setdiff(seq_along(names), found)]
  if (length(missing) > 0) {
    abort_code("missing_column", c(
      "The rows do not fit the signature: missing column{?s} {.field {missing}}.",
      i = if (length(unused) > 0) "Columns not used: {.field {unused}}."
    ), call = call, details = row_details(missing, NA, "missing"))
  }
  if (strict && length(unused) > 0) {
    abort_code("unexpected_column",
      "The rows do not fit the signature, which has no column{?s} {.field {unused}}.",
      call = call, details = row_details(unused, NA, "not in the signature")
    )
  }
  found
}

check_column <- function(x, column, call, start = "The rows do not fit the signature") {
  # A column of nothing but NA is logical in R, whatever it was meant to be.
  if (is.atomic(x) && all(is_missing(x))) {
    value <- empty_column(column)[rep(NA_integer_, length(x))]
  } else {
    judge <- list(column = column, call = call, start = start)
    value <- switch(column$type,
      double = as_double_column(x, judge),
      integer = as_integer_column(x, judge),
      boolean = as_boolean_column(x, judge),
      date = as_date_column(x, judge),
      timestamp = as_timestamp_column(x, judge),
      as_text_column(x, judge)
    )
  }
  if (isFALSE(column$nullable)) {
    rows <- which(is_missing(value))
    refuse_rows(list(column = column, call = call, start = start), "null_not_allowed", rows,
      \(row) "missing value"
    )
  }
  value
}

# NA but not NaN, which is a number a double may hold.
is_missing <- function(x) if (is.double(x)) is.na(x) & !is.nan(x) else is.na(x)

as_double_column <- function(x, judge) {
  if (inherits(x, "integer64")) {
    return(wide_integers(x))
  }
  if (!is_plain_number(x)) {
    return(number_from_text(x, judge))
  }
  as.double(x)
}

as_integer_column <- function(x, judge) {
  if (inherits(x, "integer64")) x <- wide_integers(x)
  if (!is_plain_number(x)) {
    return(as.integer(number_from_text(x, judge)))
  }
  x <- as.vector(x)
  if (is.double(x)) {
    whole <- is.finite(x) & x == trunc(x)
    wrong <- which(!is_missing(x) & !(whole & abs(x) <= .Machine$integer.max))
    code <- if (length(wrong) > 0 && whole[wrong[1]]) "integer_out_of_range" else "type_mismatch"
    refuse_rows(judge, code, wrong, function(row) {
      shown <- format(x[row], digits = 15)
      if (whole[row]) {
        paste(shown, "is outside R's integers, -2147483647 to 2147483647")
      } else {
        paste(shown, "is not an integer")
      }
    })
  }
  as.integer(x)
}

as_boolean_column <- function(x, judge) {
  if (!is.logical(x)) {
    return(as.logical(number_from_text(x, judge)))
  }
  as.vector(x)
}

as_text_column <- function(x, judge) {
  levels <- if (is.factor(x)) levels(x)
  if (is.factor(x)) x <- as.character(x)
  if (!is.character(x)) refuse_type(x, judge)
  x <- enc2utf8(as.vector(x))
  refuse_rows(judge, "invalid_value", which(!is.na(x) & !validUTF8(x)), \(row) {
    "text that is not UTF-8"
  })
  is_factor <- judge$column$type == "factor"
  known <- judge$column$levels
  if (is.null(known)) {
    return(if (is_factor) factor(x, levels = levels %||% unique(x[!is.na(x)])) else x)
  }
  known <- as.character(unlist(known))
  codes <- match(x, known)
  if (identical(judge$column$unknown, "as_na")) x[is.na(codes)] <- NA_character_
  wrong <- which(is.na(codes) & !is.na(x))
  refuse_rows(judge, "unknown_level", wrong, \(row) {
    reason <- paste0("'", x[row], "' is not a level the model knows")
    if (row == wrong[1]) paste0(reason, known_levels_text(known)) else reason
  })
  if (is_factor) factor_column(codes, known, isTRUE(judge$column$ordered)) else x
}

as_date_column <- function(x, judge) {
  if (inherits(x, "Date")) {
    return(structure(as.numeric(x), class = "Date"))
  }
  x <- date_text(x, judge)
  value <- as.Date(x, format = "%Y-%m-%d", optional = TRUE)
  wrong <- which(!is.na(x) & (is.na(value) | !grepl("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", x)))
  refuse_rows(judge, "invalid_value", wrong, \(row) {
    paste0("'", x[row], "' is not a date such as 2024-05-31")
  })
  value
}

as_timestamp_column <- function(x, judge) {
  zone <- judge$column$tz %||% "UTC"
  if (inherits(x, "POSIXt")) {
    return(time_column(as.numeric(as.POSIXct(x)), zone))
  }
  x <- date_text(x, judge)
  value <- parse_times(x, zone)
  refuse_rows(judge, "invalid_value", which(!is.na(x) & is.na(value)), \(row) {
    paste0("'", x[row], "' is not a time such as 2024-05-31T12:00:00Z")
  })
  value
}

date_text <- function(x, judge) {
  if (is.factor(x)) x <- as.character(x)
  if (!is.character(x)) refuse_type(x, judge)
  as.vector(x)
}

# What is said of the levels there are, once a column.
known_levels_text <- function(known, most = 10L) {
  told <- paste0("'", utils::head(known, most), "'", recycle0 = TRUE)
  if (length(known) > 0) {
    paste0(": ", paste(told, collapse = ", "), if (length(known) > most) ", \u2026")
  }
}

is_plain_number <- function(x) {
  is.numeric(x) && !is.factor(x) && !inherits(x, c("Date", "POSIXt", "difftime"))
}

# Numbers and logicals may come as text only where every cell says NA.
number_from_text <- function(x, judge) {
  text <- if (is.factor(x)) as.character(x) else x
  if (!is.character(text)) refuse_type(x, judge)
  refuse_rows(judge, "type_mismatch", which(!is.na(text) & text != "NA"), \(row) {
    paste0("text '", text[row], "' given, ", judge$column$type, " expected")
  })
  rep(NA_real_, length(text))
}

refuse_type <- function(x, judge) {
  column <- judge$column
  reason <- paste0(kind_word(x), " given, ", column$type, " expected")
  abort_text("type_mismatch",
    paste0(judge$start, ": column ", column$name, ": ", reason, "."),
    call = judge$call, details = row_details(column$name, NA, reason)
  )
}

kind_word <- function(x) {
  if (is.factor(x)) {
    return("factor")
  }
  if (is.object(x)) {
    return(class(x)[1])
  }
  switch(typeof(x),
    logical = "boolean",
    character = "text",
    typeof(x)
  )
}

# Abort when there are rows that break a rule; `why` says it of one row.
refuse_rows <- function(judge, code, rows, why) {
  if (length(rows) == 0) {
    return(invisible())
  }
  shown <- utils::head(rows, 20)
  reasons <- vapply(shown, why, "")
  others <- length(rows) - 1L
  more <- if (others > 0) sprintf(" (%d more problem%s)", others, if (others > 1) "s" else "")
  text <- paste0(
    judge$start, ": column ", judge$column$name, ", row ", rows[1], ": ", reasons[1], more, "."
  )
  abort_text(code, text,
    call = judge$call, details = row_details(judge$column$name, shown, reasons)
  )
}

row_details <- function(column, row, reason) {
  data.frame(column = column, row = as.integer(row), reason = reason)
}
