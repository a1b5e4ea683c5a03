# The other side of the contract: what a model gives.

# Predictions with the names and types `outputs` declares, or an abort.
check_outputs <- function(frame, outputs, n, rows = "same", call = caller_env()) {
  check_row_count(frame, n, rows, call)
  frame <- name_outputs(frame, outputs, call)
  checked <- lapply(outputs, \(column) check_output(frame[[column$name]], column, call))
  names(checked) <- names(frame)
  structure(checked, class = "data.frame", row.names = .set_row_names(nrow(frame)))
}

check_row_count <- function(frame, n, rows, call = caller_env()) {
  if (rows == "same" && nrow(frame) != n) {
    given <- nrow(frame)
    abort_code("contract_violation_output", c(
      "The model answered {given} row{?s} for {n} row{?s}.",
      i = "A model that answers with rows of its own is logged with {.code rows = \"free\"}."
    ), call = call)
  }
  frame
}

check_output <- function(x, column, call) {
  start <- "The model's answer does not fit the signature"
  if (column$type == "factor") column$type <- "string"
  # Callers may write NA as text; a model that answers text for a number is wrong.
  number <- column$type %in% c("double", "integer", "boolean")
  tryCatch(
    {
      if (number && is.character(x) && !all(is.na(x))) {
        refuse_type(x, list(column = column, call = call, start = start))
      }
      check_column(x, column, call, start)
    },
    modelyard_error = function(e) {
      abort_text("contract_violation_output", e$message, details = e$details, call = call)
    }
  )
}

# One column takes the one declared name. Several are found by their own names, or by position
# when none of the names is declared: half of them right would be a mix-up.
name_outputs <- function(frame, outputs, call = caller_env()) {
  wanted <- vapply(outputs, \(column) column$name, "")
  given <- names(frame)
  if (length(wanted) == length(given)) {
    at <- match(tolower(wanted), tolower(given))
    if (length(wanted) == 1 || all(is.na(at))) {
      return(rlang::set_names(frame, wanted))
    }
    if (!anyNA(at) && !anyDuplicated(at)) {
      return(rlang::set_names(frame[at], wanted))
    }
  }
  abort_code("contract_violation_output", c(
    "The model answered the columns {.field {given}}; its signature has {.field {wanted}}.",
    i = "Answer the declared columns by name, or as many others in their order."
  ), call = call)
}
