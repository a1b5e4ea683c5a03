# Data frames between this session and the server; wire.R has their bytes.

frame_type <- "application/x-rds"

# The bytes of a data frame.
write_frame <- function(frame) {
  columns <- wire_columns(frame)
  frame_bytes(as_plain_frame(columns, names(columns), nrow(frame)))
}

# The data frame of an answer in this form.
read_frame <- function(resp, call = caller_env()) {
  if (!identical(httr2::resp_content_type(resp), frame_type)) {
    type <- httr2::resp_content_type(resp)
    text <- paste0("The server answered with ", type, ", not with rows.")
    abort_text("internal", text, call = call)
  }
  frame_of_bytes(httr2::resp_body_raw(resp))
}

# The columns that can travel, plain. Others are left out: if the model needs one, the server
# says that it is missing, and the note says why.
wire_columns <- function(frame) {
  columns <- lapply(as.list(frame), wire_vector)
  names(columns) <- enc2utf8(names(frame))
  left <- names(columns)[vapply(columns, is.null, NA)]
  if (length(left) > 0) {
    say(c(i = paste(
      "Left out the column{?s} {.field {left}}: columns that travel are numbers, text, logicals,",
      "factors, dates and times."
    )))
  }
  compact(columns)
}

# A column as a plain vector, or NULL when it is of a kind that no column type holds.
wire_vector <- function(x) {
  x <- without_wrapping(x)
  if (is.factor(x)) {
    return(factor_column(as.integer(x), enc2utf8(levels(x)), is.ordered(x)))
  }
  if (inherits(x, "Date")) {
    return(structure(as.numeric(x), class = "Date"))
  }
  if (inherits(x, "POSIXct")) {
    return(time_column(as.numeric(x), attr(x, "tzone")))
  }
  if (inherits(x, "integer64")) {
    return(wide_integers(x))
  }
  if (!is.object(x) && length(dim(x)) < 2) {
    switch(typeof(x),
      character = enc2utf8(as.vector(x)),
      logical = ,
      integer = ,
      double = as.vector(x)
    )
  }
}

# I(x) is x, and a column of n x 1 (scale(), a one-column matrix) is a column.
without_wrapping <- function(x) {
  if (inherits(x, "AsIs")) x <- structure(x, class = setdiff(class(x), "AsIs"))
  if (inherits(x, "POSIXlt")) x <- as.POSIXct(x)
  if (length(dim(x)) == 2 && ncol(x) == 1 && !is.data.frame(x)) dim(x) <- NULL
  x
}

factor_column <- function(codes, levels, ordered) {
  structure(codes, levels = levels, class = c(if (ordered) "ordered", "factor"))
}

time_column <- function(seconds, zone) {
  structure(seconds, class = c("POSIXct", "POSIXt"), tzone = zone[1] %||% "")
}

# 64-bit integers as doubles, where a double holds them exactly.
wide_integers <- function(x) {
  rlang::check_installed("bit64", "to read 64-bit integers.")
  # Compared as they are: the double of 2^53 + 1 is 2^53.
  wide <- which(abs(x) > bit64::as.integer64(2^53))
  if (length(wide) > 0) {
    abort_code("precision_loss", c(
      "A 64-bit integer in row {wide[1]} is beyond 2^53, more than R's numbers hold exactly.",
      i = "Send it as text."
    ))
  }
  bit64::as.double.integer64(x)
}

# A frame without rows: a column for each of `columns`.
empty_frame <- function(columns) {
  made <- lapply(columns, empty_column)
  names(made) <- vapply(columns, \(column) column$name, "")
  structure(made, names = names(made) %||% character(), class = "data.frame", row.names = integer())
}

empty_column <- function(column) {
  switch(column$type,
    double = numeric(),
    integer = integer(),
    boolean = logical(),
    date = structure(numeric(), class = "Date"),
    timestamp = time_column(numeric(), column$tz %||% "UTC"),
    factor = factor_column(integer(), as.character(unlist(column$levels)), isTRUE(column$ordered)),
    character()
  )
}

# A data frame of records (lists with the same names), one column per name of `as`, whose
# values say the type.
records <- function(rows, as) {
  made <- lapply(rlang::set_names(names(as)), function(name) {
    vapply(rows, \(row) record_value(row[[name]], as[[name]]), as[[name]])
  })
  data.frame(made, check.names = FALSE, stringsAsFactors = FALSE)
}

record_value <- function(value, as) {
  if (is.null(value)) {
    return(as[NA_integer_])
  }
  if (is.character(as) && is.list(value)) {
    return(to_json(value))
  }
  methods::as(value, class(as))
}
