#' Describe the columns of a data frame as a contract
#'
#' `sfr_input_cols()` gives the types of the columns a model takes, `sfr_output_cols()` those of
#' its predictions, in the form [sfr_log_model()] and [sfr_predict_local()] take.
#'
#' The types are `"double"`, `"integer"`, `"string"` and `"boolean"`, with `"date"` for Date and
#' `"timestamp"` for POSIXct. A factor is a `"string"` that carries its levels (and whether they
#' are ordered) as attributes, so that the model gets the very factor it was trained on.
#'
#' @param data A data frame: the predictors, or the predictions. `sfr_output_cols()` also takes a
#'   vector, whose column is called `prediction`.
#' @param exclude Names of columns to leave out, such as the label; upper and lower case are the
#'   same.
#' @returns A named list: a type for each column.
#' @export
#' @examples
#' sfr_input_cols(mtcars[c("mpg", "wt", "hp")], exclude = "mpg")
#' sfr_output_cols(c(21.5, 18.2))
sfr_input_cols <- function(data, exclude = character(0)) {
  describe_columns(data, exclude)
}

#' @rdname sfr_input_cols
#' @export
sfr_output_cols <- function(data, exclude = character(0)) {
  if (!is.data.frame(data)) data <- as_frame(data)
  describe_columns(data, exclude)
}

describe_columns <- function(data, exclude, call = caller_env()) {
  check_frame(data, "data", call = call)
  exclude <- check_texts(exclude, call = call)
  kept <- data[!tolower(names(data)) %in% tolower(exclude)]
  spans <- names(kept)[vapply(kept, inherits, NA, "difftime")]
  if (length(spans) > 0) {
    abort_code("invalid_signature", c(
      "{.arg data} has time differences in {.field {spans}}, which no type of a contract holds.",
      i = "Make them numbers first, as {.code as.numeric(x, units = \"hours\")} does."
    ), call = call)
  }
  wide <- names(kept)[vapply(kept, \(x) length(dim(x)) > 1 && ncol(x) > 1, NA)]
  if (length(wide) > 0) {
    abort_code("invalid_signature", c(
      "{.arg data} has several columns in each of {.field {wide}}, and a contract's are plain.",
      i = "Make each of them a column of its own, and name it in the formula."
    ), call = call)
  }
  blank <- names(kept)[vapply(kept, \(x) is.factor(x) && anyNA(levels(x)), NA)]
  if (length(blank) > 0) {
    abort_code("invalid_signature", c(
      "{.arg data} has NA among the levels of {.field {blank}}, which no contract holds.",
      i = "Give that level a name of its own."
    ), call = call)
  }
  lapply(as.list(kept), describe_column)
}

describe_column <- function(x) {
  if (is.factor(x)) {
    described <- structure("string", levels = enc2utf8(levels(x)))
    if (is.ordered(x)) attr(described, "ordered") <- TRUE
    return(described)
  }
  if (inherits(x, "Date")) {
    return("date")
  }
  if (inherits(x, "POSIXt")) {
    zone <- zone_of(x)
    return(if (zone == "UTC") "timestamp" else structure("timestamp", tz = zone))
  }
  switch(typeof(x),
    logical = "boolean",
    integer = "integer",
    double = "double",
    "string"
  )
}

# The zone in which R shows these times. Times without one of their own are shown in the session's,
# which no worker has.
zone_of <- function(x) {
  zone <- c(attr(x, "tzone"), "")[1]
  # Sys.timezone() goes on with what it has once found.
  if (!nzchar(zone)) zone <- Sys.getenv("TZ")
  if (!nzchar(zone)) zone <- Sys.timezone()
  if (is.na(zone) || zone == "Etc/UTC") "UTC" else zone
}
