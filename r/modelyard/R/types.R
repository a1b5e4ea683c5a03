# Words for the types of columns, and columns as the server reads them.

type_words <- c(
  double = "double", float = "double", float64 = "double", numeric = "double",
  integer = "integer", int = "integer", int64 = "integer",
  string = "string", character = "string",
  boolean = "boolean", bool = "boolean", logical = "boolean",
  factor = "factor", date = "date", timestamp = "timestamp"
)

# A side of a contract, list(wt = "double", ...), as a list of columns: name, type and what
# sfr_input_cols() found out beside it. NULL stays NULL.
contract_columns <- function(cols, arg = caller_arg(cols), call = caller_env()) {
  if (is.null(cols)) {
    return(NULL)
  }
  if (!(is.list(cols) || is.character(cols)) || length(cols) == 0 || !rlang::is_named(cols)) {
    abort_code("invalid_signature", c(
      "{.arg {arg}} must name its columns with their types.",
      i = "For example {.code list(wt = \"double\", cyl = \"integer\")}."
    ), call = call)
  }
  twice <- unique(names(cols)[duplicated(names(cols))])
  if (length(twice) > 0) {
    abort_code("invalid_signature", "{.arg {arg}} has {.field {twice}} more than once.",
      call = call
    )
  }
  made <- lapply(names(cols), \(name) contract_column(name, cols[[name]], arg, call))
  rlang::set_names(made, names(cols))
}

contract_column <- function(name, word, arg, call) {
  known <- is.character(word) && length(word) == 1 && tolower(word) %in% names(type_words)
  if (!known) {
    shown <- if (is.character(word) && length(word) == 1) word else class(word)[1]
    abort_code("invalid_signature", c(
      "{.arg {arg}} gives the column {.field {name}} the unknown type {.val {shown}}.",
      i = "Types are {.or {.val {names(type_words)}}}."
    ), call = call)
  }
  column <- list(name = enc2utf8(name), type = type_words[[tolower(word)]])
  levels <- attr(word, "levels")
  if (!is.null(levels) && column$type %in% c("string", "factor")) {
    # sfr_input_cols() says "string" of a factor, and carries its levels: the model gets a factor.
    column$type <- "factor"
    column$levels <- as.list(enc2utf8(levels))
    if (isTRUE(attr(word, "ordered"))) column$ordered <- TRUE
  }
  if (column$type == "timestamp") column$tz <- attr(word, "tz")
  column
}

# A side of a contract as it is sent: an array of columns, not an object of them.
wire_contract <- function(columns) {
  if (!is.null(columns)) unname(columns)
}

# What a model knows of its categorical columns. Where its class's own predict() answers, its levels
# are right whatever the author's rows have: some classes read a factor by the order of its levels.
with_known_levels <- function(columns, known, plainly) {
  lapply(columns, function(column) {
    found <- known[[column$name]]
    if (is.null(found) || !column$type %in% c("string", "factor")) {
      return(column)
    }
    if (is.null(found$levels)) {
      return(without_levels(column))
    }
    if (plainly || is.null(column$levels)) with_levels(column, found) else column
  })
}

# Any text is the model's own matter, whatever levels the samples have.
without_levels <- function(column) {
  column[c("levels", "ordered")] <- NULL
  column$type <- "string"
  column
}

with_levels <- function(column, found) {
  column$levels <- as.list(found$levels)
  if (isTRUE(found$ordered)) column$ordered <- TRUE
  if (identical(found$type, "factor")) column$type <- "factor"
  column
}

# What the author says a value outside the levels is.
with_unknown <- function(columns, unknown, call = caller_env()) {
  names <- vapply(columns %||% list(), `[[`, "", "name")
  ok <- is.null(unknown) || (rlang::is_named(unknown) && all(names(unknown) %in% names) &&
    all(vapply(unknown, \(x) identical(x, "as_na") || identical(x, "refuse"), NA)))
  if (!ok) {
    abort_code("invalid_value", c(
      "{.arg unknown_levels} must be \"as_na\" or \"refuse\" by input column.",
      i = "For example {.code c(region = \"as_na\")}."
    ), call = call)
  }
  if (is.null(unknown)) {
    return(columns)
  }
  lapply(columns, function(column) {
    if (column$name %in% names(unknown)) column$unknown <- unknown[[column$name]]
    column
  })
}

# The levels, order and time zones of rows, for columns of a contract that lack them.
with_levels_of <- function(columns, rows) {
  if (is.null(rows)) {
    return(columns)
  }
  lapply(columns, function(column) {
    x <- rows[[column$name]]
    if (inherits(x, "POSIXt") && column$type == "timestamp") column$tz <- zone_of(x)
    if (is.factor(x) && column$type %in% c("string", "factor")) {
      column$type <- "factor"
      column$levels <- as.list(enc2utf8(levels(x)))
      if (is.ordered(x)) column$ordered <- TRUE
    }
    column
  })
}
