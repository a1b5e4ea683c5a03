# The R code that predicts. It runs, byte for byte the same, in the author's session
# (sfr_predict_local) and in every worker, so that both give the same numbers.
# Only base R and pkg::name calls: in a worker nothing else is on the search path.

# Predictions of `model` for the data frame `rows`, as list(frame, warnings).
# `predict` is list(fn, packages, args, body): how the author said to predict.
predict_frame <- function(model, rows, predict) {
  attach_packages(predict$packages)
  warnings <- character()
  answer <- withCallingHandlers(
    tryCatch(
      call_predict(model, rows, predict),
      modelyard_error = function(e) stop(e),
      error = function(e) fault("model_error", conditionMessage(e), parent = e)
    ),
    warning = function(w) {
      warnings <<- c(warnings, conditionMessage(w))
      tryInvokeRestart("muffleWarning")
    }
  )
  list(frame = as_frame(answer), warnings = if (length(warnings) > 1) unique(warnings) else warnings)
}

# The call itself, chosen by what the author said and then by the model's class.
call_predict <- function(model, rows, predict) {
  if (!is.null(predict$body)) {
    return(predict$body(model, rows))
  }
  fn <- if (is.null(predict$fn)) "predict" else predict$fn
  switch(fn,
    predict = score(model, rows, predict$args),
    forecast = forecast_frame(model, rows, predict$args),
    clean_call(named_function(fn), list(quote(rows)), predict$args, model, rows)
  )
}

# How a class is asked for predictions. A class that takes its rows under another name than
# `newdata`, or that knows no rows at all, has its own method; nothing is tried and caught.
score <- function(model, rows, args = list()) UseMethod("score")

score.default <- function(model, rows, args = list()) {
  answer <- clean_call(quote(stats::predict), list(newdata = quote(rows)), args, model, rows)
  # multinom and polr drop the matrix of one row to a vector named by class.
  dropped <- nrow(rows) == 1 && is.atomic(answer) && is.null(dim(answer)) && length(answer) > 1
  if (dropped && !is.null(names(answer))) t(answer) else answer
}

score.workflow <- function(model, rows, args = list()) {
  clean_call(quote(stats::predict), list(new_data = quote(rows)), args, model, rows)
}
score.model_fit <- score.workflow

# Forecasts have a horizon, not rows: as many steps as the input has rows, and their mean.
score.ARIMA <- function(model, rows, args = list()) {
  forecast_object(model, rows, args)$mean
}
score.forecast_ARIMA <- score.ARIMA
score.ets <- score.ARIMA
score.tbats <- score.ARIMA
score.bats <- score.ARIMA
score.stlm <- score.ARIMA
score.nnetar <- score.ARIMA
score.StructTS <- score.ARIMA
score.forecast <- score.ARIMA

score.Arima <- function(model, rows, args = list()) {
  steps <- list(n.ahead = nrow(rows))
  if (length(regressors(model)) > 0) {
    steps$newxreg <- quote(as.matrix(rows))
    rows <- rows[regressors(model)]
  }
  clean_call(quote(stats::predict), steps, args, model, rows)$pred
}

score.HoltWinters <- function(model, rows, args = list()) {
  steps <- list(n.ahead = nrow(rows))
  answer <- clean_call(quote(stats::predict), steps, args, model, rows)
  if (is.matrix(answer)) answer[, "fit"] else answer
}

# What predict_fn = "forecast" answers: one row a step, with the 80 and 95 per cent intervals.
forecast_frame <- function(model, rows, args = list()) {
  found <- forecast_object(model, rows, c(args, list(level = c(80, 95))))
  h <- seq_len(nrow(rows))
  data.frame(
    period = h,
    point_forecast = as.numeric(found$mean)[h],
    lower_80 = as.numeric(found$lower[, 1])[h],
    upper_80 = as.numeric(found$upper[, 1])[h],
    lower_95 = as.numeric(found$lower[, 2])[h],
    upper_95 = as.numeric(found$upper[, 2])[h]
  )
}

forecast_object <- function(model, rows, args) {
  if (inherits(model, "forecast")) {
    # A forecast already made has the steps it has.
    if (nrow(rows) > length(model$mean)) {
      fault("model_error", paste0(
        "The forecast has ", length(model$mean), " steps, and ", nrow(rows), " were asked for."
      ))
    }
    steps <- seq_len(nrow(rows))
    model$mean <- model$mean[steps]
    model$lower <- model$lower[steps, , drop = FALSE]
    model$upper <- model$upper[steps, , drop = FALSE]
    return(model)
  }
  attach_packages("forecast")
  steps <- list(h = nrow(rows))
  if (length(regressors(model)) > 0) {
    steps$xreg <- quote(as.matrix(rows))
    rows <- rows[regressors(model)]
  }
  clean_call(quote(forecast::forecast), steps, args, model, rows)
}

regressors <- function(model) {
  # drift is the model's own regressor: forecast() makes it up for the steps asked for.
  if (inherits(model, "Arima")) setdiff(colnames(model$xreg), "drift") else character()
}

# fn(model, ...) evaluated where only base R, `model` and `rows` are to be found.
clean_call <- function(fn, given, args, model, rows) {
  env <- new.env(parent = baseenv())
  env$model <- model
  env$rows <- rows
  if (length(args) > 0) given <- given[!names(given) %in% names(args)]
  eval(as.call(c(list(fn, quote(model)), given, args)), env)
}

named_function <- function(fn) {
  parts <- strsplit(fn, "::", fixed = TRUE)[[1]]
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
  missing <- new[!vapply(new, requireNamespace, NA, quietly = TRUE)]
  if (length(missing) > 0) {
    fault("missing_package", paste0(
      "The model needs ", paste(missing, collapse = ", "), ", which is not installed here."
    ))
  }
  for (package in new) {
    suppressWarnings(suppressPackageStartupMessages(library(package, character.only = TRUE)))
  }
}

# The answer as a plain data frame: one column is `prediction` unless it has a name of its own.
as_frame <- function(answer) {
  if (is.data.frame(answer)) {
    columns <- lapply(as.list(answer), plain_vector)
    names(columns) <- names(answer)
  } else if (is.matrix(answer) && is.atomic(answer)) {
    columns <- lapply(seq_len(ncol(answer)), function(j) plain_vector(answer[, j]))
    names(columns) <- column_names(answer)
  } else {
    columns <- list(prediction = plain_vector(answer))
  }
  sizes <- unique(lengths(columns, use.names = FALSE))
  if (length(sizes) > 1) {
    fault("contract_violation_output", "The columns of the answer have different lengths.")
  }
  n <- if (length(sizes) == 0) 0L else sizes
  structure(columns, class = "data.frame", row.names = .set_row_names(n))
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
  if (!is.atomic(x) || is.null(x) || is.complex(x) || is.raw(x) || NCOL(x) > 1) {
    fault("contract_violation_output", paste0(
      "predict() gave ", class(x)[1], " where a plain column was expected. ",
      "Write a predict_body that returns a data.frame."
    ))
  }
  if (inherits(x, "Date")) {
    return(structure(as.numeric(x), class = "Date"))
  }
  if (inherits(x, "POSIXct")) {
    zone <- attr(x, "tzone")
    return(structure(as.numeric(x), class = c("POSIXct", "POSIXt"), tzone = zone))
  }
  attributes(x) <- NULL
  if (is.character(x)) enc2utf8(x) else x
}

# Raw training rows of a model, at most `n` of them spread evenly, or NULL when it kept none.
sample_frame <- function(model, n = 32L) {
  if (is_forecast(model)) {
    return(data.frame(period = seq_len(min(n, 12L))))
  }
  frame <- training_frame(model)
  if (is.null(frame) || NROW(frame) == 0 || NCOL(frame) == 0) {
    return(NULL)
  }
  picked <- unique(round(seq(1, nrow(frame), length.out = min(n, nrow(frame)))))
  frame <- as.data.frame(frame)[picked, , drop = FALSE]
  attr(frame, "terms") <- NULL
  row.names(frame) <- NULL
  frame
}

is_forecast <- function(model) {
  inherits(model, c(
    "Arima", "ARIMA", "ets", "tbats", "bats", "stlm", "nnetar", "StructTS", "forecast",
    "HoltWinters"
  ))
}

training_frame <- function(model) {
  if (isS4(model)) {
    return(if ("frame" %in% methods::slotNames(model)) raw_columns(model@frame, model) else NULL)
  }
  if (!is.list(model)) {
    return(NULL)
  }
  raw_columns(if (is.data.frame(model$model)) model$model else NULL, model)
}

# The predictors as they were before the formula transformed them: from the model's own frame
# where it has them all, else from the data the call names, where that can still be found.
raw_columns <- function(frame, model) {
  terms <- model_terms(model)
  if (is.null(terms)) {
    return(NULL)
  }
  wanted <- variables(stats::delete.response(terms))
  call <- if (isS4(model)) methods::slot(model, "call") else model$call
  # predict() looks for the variables of `offset =` in the rows; the frame has only its values.
  offset <- all.vars(call$offset)
  whole <- !is.null(frame) && all(wanted %in% names(frame))
  if (whole && all(offset %in% wanted)) {
    return(frame[wanted])
  }
  kept <- if (whole) frame[wanted]
  wanted <- union(wanted, offset)
  data <- call$data
  home <- environment(stats::formula(terms))
  if (is.name(data) && !is.null(home)) {
    found <- get0(as.character(data), envir = home, ifnotfound = NULL)
    if (is.data.frame(found) && all(wanted %in% names(found))) {
      return(stats::na.omit(found[wanted]))
    }
  }
  kept
}

# The columns a model's formula names, or none when it has no formula.
predictors <- function(model) {
  terms <- model_terms(model)
  if (is.null(terms)) character() else variables(stats::delete.response(terms))
}

# The variables of a formula; of x$part, only x is one.
variables <- function(code) {
  if (!is.call(code)) {
    return(all.vars(code))
  }
  parts <- lapply(seq_along(code)[-1], function(i) code[[i]])
  if (is.name(code[[1]]) && as.character(code[[1]]) %in% c("$", "@")) parts <- parts[1]
  parts <- parts[!vapply(parts, identical, NA, quote(expr = ))]
  unique(as.character(unlist(lapply(parts, variables))))
}

model_terms <- function(model) {
  if (!isS4(model) && !is.list(model)) {
    return(NULL)
  }
  if (isS4(model)) {
    frame <- if ("frame" %in% methods::slotNames(model)) model@frame else NULL
    return(attr(frame, "terms"))
  }
  if (inherits(model$terms, "terms")) model$terms else NULL
}

# What the model knows of its categorical columns: name -> list(type, levels, ordered).
# `type` is factor, or string where the model was trained on text.
factor_levels <- function(model) {
  levels <- if (isS4(model) || !is.list(model)) NULL else known_levels(model)
  levels <- levels[vapply(levels, is.character, NA)]
  classes <- if (isS4(model)) NULL else attr(model_terms(model), "dataClasses")
  described <- lapply(names(levels), function(name) {
    trained <- if (name %in% names(classes)) classes[[name]] else "factor"
    list(
      type = if (trained == "character") "string" else "factor",
      levels = enc2utf8(levels[[name]]),
      ordered = trained == "ordered"
    )
  })
  names(described) <- names(levels)
  described
}

known_levels <- function(model) {
  found <- if (!is.null(model$xlevels)) model$xlevels else model$forest$xlevels
  if (is.null(found)) list() else as.list(found)
}

# Stop with a condition of class modelyard_<code> and modelyard_error.
fault <- function(code, message, parent = NULL) {
  stop(structure(
    class = c(paste0("modelyard_", code), "modelyard_error", "rlang_error", "error", "condition"),
    list(message = message, call = NULL, parent = parent, trace = NULL)
  ))
}
