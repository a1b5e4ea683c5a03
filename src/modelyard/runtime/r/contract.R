# The R code that predicts. It runs, byte for byte the same, in the author's session
# (sfr_predict_local) and in every worker, so that both give the same numbers.
# Only base R and pkg::name calls: in a worker nothing else is on the search path.

# Predictions of `model` for the data frame `rows`, as list(frame, warnings).
# `predict` is list(fn, packages, args, body): how the author said to predict, made ready for the
# model. The packages are attached already, and the caller says what an error means.
predict_frame <- function(model, rows, predict) {
  # With a name here the answer would have two owners, and be copied to lose its names.
  found <- watched(as_frame(call_predict(model, rows, predict)))
  list(frame = found$value, warnings = found$warnings)
}

# What `code` gives and what it warned of, as list(value, warnings). `failed` is told of an error,
# which it may leave, and of the warnings before it: one set of handlers costs less than two.
watched <- function(code, failed = function(e, warnings) NULL) {
  warnings <- character()
  value <- withCallingHandlers(
    code,
    warning = function(w) {
      warnings <<- c(warnings, text_of_condition(w))
      tryInvokeRestart("muffleWarning")
    },
    error = function(e) failed(e, warnings)
  )
  list(value = value, warnings = if (length(warnings) > 1) unique(warnings) else warnings)
}

# What a condition says, which code of an author's may have made of anything.
text_of_condition <- function(x) {
  text <- as.character(unlist(conditionMessage(x)))
  # Bytes that are no text stay as they are: enc2utf8() would write them out.
  marked <- Encoding(text) == "latin1"
  text[marked] <- enc2utf8(text[marked])
  paste(text, collapse = "\n")
}

# The call itself, chosen by what the author said and then by the model's class.
call_predict <- function(model, rows, predict) {
  if (!is.null(predict$body)) {
    return(predict$body(model, rows))
  }
  fn <- if (is.null(predict$fn)) "predict" else predict$fn
  switch(fn,
    predict = score(model, with_matrices(rows, predict$matrices), predict$args),
    forecast = forecast_frame(model, rows, predict$args),
    clean_call(named_function(fn), list(quote(rows)), predict$args, model, rows)
  )
}

# How to predict, as it is the same for all rows of a model: its arguments as R had them, which came
# as JSON, where null stands for NA; and `matrices`, the columns that scale() had made a matrix of,
# since a formula that was fitted on one takes nothing else.
made_ready <- function(predict, model) {
  predict$args[vapply(predict$args, is.null, NA)] <- NA
  if (asked_plainly(predict)) predict$args <- full_words(model, predict$args)
  classes <- attr(model_terms(model), "dataClasses")
  predict$matrices <- names(classes)[classes == "nmatrix.1"]
  predict
}

with_matrices <- function(rows, names) {
  if (length(names) > 0) {
    for (name in intersect(names, names(rows))) rows[[name]] <- matrix(rows[[name]])
  }
  rows
}

# Whether the class's own predict() answers, and no function of the author's.
asked_plainly <- function(predict) is.null(predict$body) && identical(predict$fn, "predict")

# fn(model, ...) evaluated where only base R, `model` and `rows` are to be found, and those
# functions of stats that some predict() looks for where it is called from.
clean_call <- function(fn, given, args, model, rows) {
  env <- new.env(hash = FALSE, parent = looked_for)
  env$model <- model
  env$rows <- rows
  # What is given without a name, the rows of a function of the author's, is always given.
  if (length(args) > 0 && !is.null(names(given))) given <- given[!names(given) %in% names(args)]
  eval(as.call(c(list(fn, quote(model)), given, args)), env)
}

looked_for <- new.env(parent = baseenv())
for (name in c(
  "predict", "model.frame", "model.matrix", "terms", "na.omit", "na.pass", "as.formula"
)) {
  assign(name, get(name, asNamespace("stats")), looked_for)
}
lockEnvironment(looked_for, bindings = TRUE)
rm(name)

named_function <- function(fn) {
  parts <- strsplit(fn, ":::?")[[1]]
  found <- if (length(parts) == 2) {
    attach_packages(parts[1])
    get0(parts[2], envir = asNamespace(parts[1]), mode = "function")
  } else {
    get0(fn, envir = globalenv(), mode = "function")
  }
  if (is.null(found)) {
    fault("model_error", paste0(
      "No function ", fn, "() was found. A function of your own travels as predict_body."
    ))
  }
  found
}

attach_packages <- function(packages) {
  if (length(packages) == 0) {
    return(invisible())
  }
  new <- setdiff(packages, sub("^package:", "", search()))
  if (length(new) > 0) {
    check_packages(new)
    load_packages(new, function(name) library(name, character.only = TRUE))
  }
}

# The answer as a plain data frame: one column is `prediction` unless it has a name of its own.
as_frame <- function(answer) {
  if (is.numeric(answer) && !is.object(answer) && is.null(dim(answer))) {
    # The usual answer, first of all without its names: R makes those only when asked for them.
    attributes(answer) <- NULL
    frame <- list(prediction = answer)
    attr(frame, "row.names") <- .set_row_names(length(answer))
    class(frame) <- "data.frame"
    return(frame)
  }
  if (is.list(answer) && !is.data.frame(answer)) answer <- fit_columns(answer)
  if (length(dim(answer)) > 2) answer <- flat_array(answer)
  if (is.data.frame(answer)) {
    names <- names(answer)
    columns <- lapply(as.list(answer), plain_vector)
    names(columns) <- enc2utf8(names)
  } else if (is.matrix(answer) && is.atomic(answer)) {
    names <- column_names(answer)
    # Row names would be made for every column, and cost more than the numbers.
    if (!is.object(answer)) dimnames(answer) <- NULL
    columns <- lapply(seq_len(ncol(answer)), function(j) plain_vector(answer[, j]))
    names(columns) <- enc2utf8(names)
  } else {
    columns <- list(prediction = plain_vector(answer))
  }
  sizes <- unique(lengths(columns, use.names = FALSE))
  if (length(sizes) > 1) {
    fault("contract_violation_output", "The columns of the answer have different lengths.")
  }
  n <- if (length(sizes) == 0) 0L else sizes
  structure(columns, row.names = .set_row_names(n), class = "data.frame")
}

# What predict() gives with standard errors, a list of `fit` and others, as columns of those names.
fit_columns <- function(answer) {
  parts <- answer[intersect(c("fit", "se.fit", "lwr", "upr"), names(answer))]
  if (is.null(parts$fit)) {
    return(answer)
  }
  if (length(parts) == 1) {
    return(parts$fit)
  }
  intervals <- is.matrix(parts$fit) && identical(colnames(parts$fit), c("fit", "lwr", "upr"))
  columns <- lapply(names(parts), function(name) {
    part <- parts[[name]]
    if (!is.matrix(part) || ncol(part) == 1) {
      return(stats::setNames(list(as.vector(part)), name))
    }
    inner <- column_names(part)
    found <- lapply(seq_len(ncol(part)), function(j) part[, j])
    stats::setNames(found, if (name == "fit" && intervals) inner else paste0(name, ".", inner))
  })
  list2DF(unlist(columns, recursive = FALSE))
}

# An array of rows x columns x more as a matrix; a dimension of one is left out.
flat_array <- function(answer) {
  size <- dim(answer)
  labels <- dimnames(answer)
  others <- Filter(function(k) size[k] > 1, seq_along(size)[-1])
  names <- lapply(others, function(k) {
    if (is.null(labels[[k]])) as.character(seq_len(size[k])) else labels[[k]]
  })
  columns <- if (length(names) > 0) do.call(paste, c(expand.grid(names), sep = "."))
  matrix(answer, size[1], dimnames = list(NULL, columns))
}

column_names <- function(answer) {
  if (ncol(answer) == 1) {
    return("prediction")
  }
  if (is.null(colnames(answer))) paste0("prediction_", seq_len(ncol(answer))) else colnames(answer)
}

# A column without names, dimensions or other baggage; dates keep their class, factors become text.
plain_vector <- function(x) {
  if (is.factor(x)) {
    return(as.character(x))
  }
  wide <- !is.null(dim(x)) && NCOL(x) > 1
  if (!is.atomic(x) || is.null(x) || is.complex(x) || is.raw(x) || wide) {
    fault("contract_violation_output", paste0(
      "predict() gave ", class(x)[1], " where a plain column was expected. ",
      "Write a predict_body that returns a data.frame."
    ))
  }
  if (is.object(x) && inherits(x, c("integer64", "difftime"))) {
    fault("contract_violation_output", paste0(
      "predict() gave ", class(x)[1], ", which no type of a contract holds. Give a number of a known ",
      "unit, or text."
    ))
  }
  if (is.object(x) && inherits(x, "Date")) {
    return(structure(as.numeric(x), class = "Date"))
  }
  if (is.object(x) && inherits(x, "POSIXct")) {
    zone <- attr(x, "tzone")
    return(structure(as.numeric(x), class = c("POSIXct", "POSIXt"), tzone = zone))
  }
  attributes(x) <- NULL
  if (is.character(x)) enc2utf8(x) else x
}

# Stop with a condition of class modelyard_<code> and modelyard_error.
# `hint` says what to do, `details` what is wrong one by one.
fault <- function(code, message, parent = NULL, hint = NULL, details = NULL, ...) {
  stop(structure(
    class = c(paste0("modelyard_", code), "modelyard_error", "rlang_error", "error", "condition"),
    list(
      message = message, call = NULL, parent = parent, trace = NULL, hint = hint,
      details = details, ...
    )
  ))
}
