# What services answer in JSON, in every form in use, as a data frame.

# `n` is how many rows were asked for. Rows whose value is null keep their place.
read_answer <- function(text, n, call = caller_env()) {
  force(text)
  parsed <- tryCatch(
    jsonlite::fromJSON(text, simplifyVector = FALSE),
    error = function(e) {
      abort_text("internal", "The service's answer is not JSON.",
        hint = substr(text, 1, 200), call = call
      )
    }
  )
  answer_frame(parsed, n, call)
}

answer_frame <- function(parsed, n, call) {
  if (!is.list(parsed)) refuse_answer(call)
  names <- names(parsed)
  if ("dataframe_split" %in% names) parsed <- parsed$dataframe_split
  if ("predictions" %in% names) parsed <- parsed$predictions
  names <- names(parsed)
  if (all(c("columns", "data") %in% names)) {
    return(split_frame(parsed))
  }
  if ("data" %in% names) {
    return(indexed_frame(parsed$data, n))
  }
  if (is.null(names)) {
    return(if (is_indexed(parsed)) indexed_frame(parsed, n) else rows_frame(parsed))
  }
  columns <- lapply(parsed, as.list)
  if (length(unique(lengths(columns))) > 1) refuse_answer(call)
  columns_frame(columns)
}

refuse_answer <- function(call) {
  abort_text("internal", "The service's answer has a form that is not known.",
    hint = "Known are {\"data\": [[0, {...}], ...]}, records, columns and dataframe_split.",
    call = call
  )
}

is_indexed <- function(rows) {
  length(rows) > 0 && all(vapply(rows, \(r) is.list(r) && is.null(names(r)) && length(r) == 2, NA))
}

# {"data": [[i, {column: value}], ...]}: put in the order of i, where i are the positions.
indexed_frame <- function(data, n) {
  if (!is_indexed(data)) {
    return(rows_frame(data))
  }
  at <- vapply(data, \(row) if (is.numeric(row[[1]])) as.double(row[[1]]) else NA_real_, 0)
  rows <- lapply(data, \(row) row[[2]])
  if (length(rows) == n && setequal(at, seq_len(n) - 1)) rows <- rows[order(at)]
  rows_frame(rows)
}

# Records; a row may be null, or a bare value of the one column.
rows_frame <- function(rows) {
  rows <- lapply(rows, \(row) if (is.list(row) || is.null(row)) row else list(prediction = row))
  names <- as.character(unique(unlist(lapply(rows, names))))
  columns <- lapply(rlang::set_names(names), \(name) lapply(rows, \(row) row[[name]]))
  if (length(names) == 0 && length(rows) > 0) columns <- list(prediction = rows)
  columns_frame(columns)
}

split_frame <- function(parsed) {
  names <- as.character(unlist(parsed$columns))
  columns <- lapply(seq_along(names), \(j) lapply(parsed$data, \(row) row[[j]]))
  columns_frame(rlang::set_names(columns, names))
}

columns_frame <- function(columns) {
  n <- if (length(columns) == 0) 0L else length(columns[[1]])
  made <- lapply(columns, values_vector)
  structure(made,
    names = names(columns) %||% character(), class = "data.frame", row.names = .set_row_names(n)
  )
}

# A column's values, null as NA. Numbers are doubles; NaN and the infinities came as text.
values_vector <- function(values) {
  values <- unname(lapply(values, \(v) if (length(v) == 0) NA else v[[1]]))
  known <- values[!vapply(values, \(v) is.logical(v) && is.na(v), NA)]
  odd <- c("NaN", "Inf", "-Inf")
  if (length(known) == 0 || all(vapply(known, is.logical, NA))) {
    return(as.logical(unlist(values)))
  }
  numbers <- vapply(known, \(v) is.numeric(v) || v %in% odd, NA)
  if (all(numbers)) {
    return(vapply(values, as.double, 0))
  }
  vapply(values, as.character, "")
}

# The columns in the types of the service's own contract.
typed_answer <- function(frame, outputs) {
  for (column in outputs) {
    x <- frame[[column$name]]
    if (!is.null(x)) frame[[column$name]] <- typed_column(x, column)
  }
  frame
}

typed_column <- function(x, column) {
  switch(column$type,
    double = as.double(x),
    integer = as.integer(x),
    boolean = as.logical(x),
    date = as.Date(as.character(x), format = "%Y-%m-%d", optional = TRUE),
    timestamp = parse_times(as.character(x), column$tz %||% "UTC"),
    as.character(x)
  )
}
