# Checks at the door. Each returns its argument, or aborts naming it.

# An argument that has to be given: R would name the check that first looked at it.
check_given <- function(x, arg = caller_arg(x), call = caller_env()) {
  if (missing(x)) abort_code("invalid_value", "{.arg {arg}} must be given.", call = call)
}

check_string <- function(x, arg = caller_arg(x), call = caller_env(), null = FALSE) {
  check_given(x, arg, call)
  if (null && is.null(x)) {
    return(NULL)
  }
  if (!is.character(x) || length(x) != 1 || is.na(x) || !nzchar(x)) {
    abort_code("invalid_value", "{.arg {arg}} must be one string, not {.obj_type_friendly {x}}.",
      call = call
    )
  }
  # Names given to a value (c(x = "V1")) would travel as JSON objects.
  enc2utf8(unname(as.character(x)))
}

check_flag <- function(x, arg = caller_arg(x), call = caller_env(), null = FALSE) {
  if (null && is.null(x)) {
    return(NULL)
  }
  if (!is.logical(x) || length(x) != 1 || is.na(x)) {
    abort_code("invalid_value", "{.arg {arg}} must be TRUE or FALSE.", call = call)
  }
  unname(x)
}

check_count <- function(x, arg = caller_arg(x), call = caller_env(), null = FALSE) {
  if (null && is.null(x)) {
    return(NULL)
  }
  if (!isTRUE(is.numeric(x) && x >= 0 && x == round(x))) {
    abort_code("invalid_value", "{.arg {arg}} must be one whole number that is not negative.",
      call = call
    )
  }
  as.numeric(x)
}

check_number <- function(x, arg = caller_arg(x), call = caller_env()) {
  if (!isTRUE(is.numeric(x) && is.finite(x) && x >= 0)) {
    abort_code("invalid_value", "{.arg {arg}} must be one number that is not negative.",
      call = call
    )
  }
  as.numeric(x)
}

check_frame <- function(x, arg = caller_arg(x), call = caller_env()) {
  check_given(x, arg, call)
  if (!is.data.frame(x)) {
    abort_code(
      "invalid_value",
      "{.arg {arg}} must be a data frame, not {.obj_type_friendly {x}}.",
      call = call
    )
  }
  twice <- unique(names(x)[duplicated(names(x))])
  if (length(twice) > 0) {
    abort_code("duplicate_column", c(
      "{.arg {arg}} has the column{?s} {.field {twice}} more than once.",
      i = "Rename or drop all but one."
    ), call = call)
  }
  if (any(is.na(names(x)) | !nzchar(names(x)))) {
    abort_code("malformed_request", "{.arg {arg}} has a column without a name.", call = call)
  }
  x
}

check_texts <- function(x, arg = caller_arg(x), call = caller_env()) {
  if (!is.null(x) && (!is.character(x) || anyNA(x))) {
    abort_code("invalid_value", "{.arg {arg}} must be strings, not {.obj_type_friendly {x}}.",
      call = call
    )
  }
  unname(as.character(x))
}

check_choice <- function(x, choices, arg = caller_arg(x), call = caller_env()) {
  if (!is.character(x) || length(x) != 1 || !x %in% choices) {
    abort_code("invalid_value", "{.arg {arg}} must be {.or {.val {choices}}}.", call = call)
  }
  x
}

check_connection <- function(conn, call = caller_env()) {
  if (!inherits(conn, "sfr_connection")) {
    abort_code("invalid_value", c(
      "{.arg conn} must be a {.cls sfr_connection}, not {.obj_type_friendly {conn}}.",
      i = "Make one with {.fn sfr_connect}."
    ), call = call)
  }
  conn
}

# Where a verb works: its connection, database and schema, from a registry or a connection.
context <- function(reg, call = caller_env()) {
  check_given(reg, call = call)
  if (inherits(reg, "sfr_model_registry")) {
    conn <- reg$conn
    return(list(
      conn = conn, database = reg$database %||% conn$database, schema = reg$schema %||% conn$schema
    ))
  }
  if (inherits(reg, "sfr_connection")) {
    return(list(conn = reg, database = reg$database, schema = reg$schema))
  }
  abort_code("invalid_value", c(
    paste0(
      "{.arg reg} must be a {.cls sfr_model_registry} or a {.cls sfr_connection}, ",
      "not {.obj_type_friendly {reg}}."
    ),
    i = "Open a registry with {.fn sfr_model_registry}."
  ), call = call)
}

# The model and, if any, the version that `MODEL`, `MODEL/V2` or `MODEL@alias` and a version name
# beside it mean. The server checks the parts. A verb hands its version_name on as it got it, so
# that it may be missing where the model's name says the version.
model_ref <- function(model_name, version_name = NULL, needed = FALSE, call = caller_env()) {
  if (missing(version_name)) version_name <- NULL
  model_name <- check_string(model_name, call = call)
  version_name <- check_string(version_name, null = TRUE, call = call)
  if (needed && is.null(version_name) && !grepl("[/@]", model_name)) {
    abort_code("invalid_value", c(
      "No version of {.val {model_name}} is named.",
      i = "Give {.arg version_name}."
    ), call = call)
  }
  inside <- regmatches(model_name, regexpr("[/@].*$", model_name))
  if (length(inside) == 0) {
    return(list(model = model_name, version = version_name))
  }
  if (!is.null(version_name)) {
    abort_code("invalid_name", c(
      "{.val {model_name}} already says which version, and so does {.val {version_name}}.",
      i = "Give the version once."
    ), call = call)
  }
  list(model = sub("[/@].*$", "", model_name), version = sub("^/", "", inside))
}

# The reference's alias helpers call their first argument conn, the book's text calls it reg:
# the same call again, with reg under the name conn.
with_conn <- function(call, env) {
  names(call)[names(call) == "reg"] <- "conn"
  eval(call, env)
}
