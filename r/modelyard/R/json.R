# JSON with numbers that come back as the very same doubles: jsonlite writes 15 digits at most.

# R values as JSON: named lists are objects, other lists arrays, a vector of one is a scalar
# unless it is wrapped in I().
to_json <- function(x) {
  if (is.null(x)) {
    return("null")
  }
  if (is.list(x)) {
    parts <- vapply(x, to_json, "")
    if (is.null(names(x))) {
      return(paste0("[", paste(parts, collapse = ","), "]"))
    }
    pairs <- if (length(x) > 0) paste0(json_strings(names(x)), ":", parts)
    return(paste0("{", paste(pairs, collapse = ","), "}"))
  }
  scalar <- length(x) == 1 && !inherits(x, "AsIs")
  parts <- json_values(x)
  if (scalar) parts else paste0("[", paste(parts, collapse = ","), "]")
}

# A list that is an object in JSON also when it is empty.
as_object <- function(x) {
  if (length(x) == 0) structure(list(), names = character()) else as.list(x)
}

# The values of a column, each as JSON text; missing ones are null.
json_values <- function(x) {
  if (inherits(x, "AsIs")) x <- unclass(x)
  if (inherits(x, "modelyard_doubles")) {
    text <- json_numbers(unclass(x))
    return(sub("^(-?[0-9]+)$", "\\1.0", text))
  }
  if (inherits(x, "Date")) x <- format_dates(x)
  if (inherits(x, "POSIXt")) x <- format_times(x)
  if (is.factor(x)) x <- as.character(x)
  text <- if (is.character(x)) {
    json_strings(x)
  } else if (is.logical(x)) {
    ifelse(x, "true", "false")
  } else if (is.integer(x)) {
    as.character(x)
  } else {
    json_numbers(as.double(x))
  }
  text[if (is.double(x)) is.na(x) & !is.nan(x) else is.na(x)] <- "null"
  text
}

# Arguments for predict(): a double stays one in the worker's R, where an integer may overflow.
keep_doubles <- function(args) {
  lapply(args, \(x) if (is.double(x)) structure(x, class = "modelyard_doubles") else x)
}

json_strings <- function(x) {
  x <- enc2utf8(as.character(x))
  plain <- !is.na(x) & !grepl("[\\\\\"\\x01-\\x1f]", x, perl = TRUE, useBytes = TRUE)
  text <- paste0("\"", x, "\"", recycle0 = TRUE)
  text[!plain] <- vapply(x[!plain], \(s) as.character(jsonlite::toJSON(s, auto_unbox = TRUE)), "")
  text
}

# The shortest of 15 and 17 digits that reads back as the same number. jsonlite reads as C does;
# R's own as.numeric() can be off in the last bit and would let a wrong text pass.
json_numbers <- function(x) {
  text <- sprintf("%.15g", x)
  finite <- is.finite(x)
  if (any(finite)) {
    back <- jsonlite::fromJSON(paste0("[", paste(text[finite], collapse = ","), "]"))
    longer <- which(finite)[as.double(back) != x[finite]]
    text[longer] <- sprintf("%.17g", x[longer])
  }
  # Beyond 2^53 a text without a point would be read as an integer, which a double may not hold.
  point <- finite & (abs(x) >= 2^53 | x == 0 & 1 / x < 0) & !grepl("[.e]", text)
  text[point] <- paste0(text[point], ".0")
  text[is.nan(x)] <- "\"NaN\""
  text[is.infinite(x)] <- ifelse(x[is.infinite(x)] > 0, "\"Inf\"", "\"-Inf\"")
  text
}

# A data frame as {"dataframe_split": {"index", "columns", "data"}}, the index from 0.
split_body <- function(frame) {
  columns <- wire_columns(frame)
  refuse_inexact(columns)
  columns <- lapply(columns, json_values)
  n <- nrow(frame)
  rows <- if (n > 0) paste0("[", do.call(paste, c(unname(columns), sep = ",")), "]")
  if (n > 0 && length(columns) == 0) rows <- rep("[]", n)
  paste0(
    "{\"dataframe_split\":{\"index\":[", paste(seq_len(n) - 1L, collapse = ","),
    "],\"columns\":[", paste(json_strings(names(columns)), collapse = ","),
    "],\"data\":[", paste(rows, collapse = ","), "]}}"
  )
}

# Days with a fraction, and times finer than a nanosecond, have no text: written, they would be
# other values.
refuse_inexact <- function(columns, call = caller_env()) {
  for (name in names(columns)) {
    x <- columns[[name]]
    value <- as.numeric(if (inherits(x, c("Date", "POSIXct"))) x)
    kept <- if (inherits(x, "Date")) floor(value) else from_nanoseconds(value)
    row <- which(is.finite(value) & kept != value)[1]
    if (is.na(row)) next
    what <- if (inherits(x, "Date")) "a day with a fraction" else "a time finer than a nanosecond"
    abort_text("invalid_value",
      paste0("Column ", name, ", row ", row, ": ", what, " cannot be sent as JSON."),
      call = call, details = row_details(name, row, what)
    )
  }
}
