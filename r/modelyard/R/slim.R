# A model without what its predict() does not read. Nothing is taken on trust: the slimmed model has
# to give the very bits of the whole one for the sample rows, or the whole one is logged.

# The parts of `model` that `args` of predict() leave unread are taken out; the default takes none.
slim <- function(model, args) UseMethod("slim")

#' @export
slim.default <- function(model, args) model

#' @export
slim.lm <- function(model, args) {
  if (spread_asked(args)) {
    # Intervals and errors are computed from the decomposition and the residuals.
    return(without(model, c("effects", "fitted.values", "model", "x", "y")))
  }
  model$qr[c("qr", "qraux")] <- NULL
  model$call <- short_call(model$call)
  without(model, c(
    "residuals", "effects", "fitted.values", "model", "weights", "x", "y", "na.action", "offset"
  ))
}

#' @export
slim.glm <- function(model, args) {
  small <- if (spread_asked(args)) {
    without(model, c("effects", "fitted.values", "model", "x", "y", "data"))
  } else {
    without(slim.lm(model, args), c("linear.predictors", "prior.weights", "data", "control", "R"))
  }
  with_response(small, model)
}

# predict() does not read the response; whether it was one of two tells classes from proportions.
with_response <- function(small, model) {
  if (any(model$family$family %in% c("binomial", "quasibinomial"))) {
    small$y <- if (model_task(model) == "binary") c(0, 1) else 0.5
  }
  small
}

#' @export
slim.gam <- function(model, args) {
  whole <- model
  if (is.data.frame(model$model)) {
    # predict() asks the training frame, not its rows, for the offset and the levels.
    model$model <- structure(model$model[0, , drop = FALSE], terms = attr(model$model, "terms"))
  }
  small <- without(model, c(
    "residuals", "fitted.values", "linear.predictors", "weights", "prior.weights", "y", "hat",
    "working.weights", "z", "data", "R", "offset", "call"
  ))
  with_response(small, whole)
}

#' @export
slim.rpart <- function(model, args) {
  without(model, c("where", "y", "x", "model", "cptable", "variable.importance", "call"))
}

#' @export
slim.ranger <- function(model, args) {
  if (identical(args$type, "se")) {
    return(model)
  }
  without(model, c(
    "predictions", "inbag.counts", "variable.importance", "confusion.matrix", "call"
  ))
}

#' @export
slim.randomForest <- function(model, args) {
  model$call <- short_call(model$call)
  without(model, c(
    "predicted", "votes", "oob.times", "err.rate", "mse", "rsq", "confusion", "proximity",
    "localImportance", "inbag", "test"
  ))
}

#' @export
slim.coxph <- function(model, args) {
  if (spread_asked(args)) {
    return(model)
  }
  without(model, c("residuals", "linear.predictors", "model", "x"))
}

without <- function(model, parts) {
  model[intersect(parts, names(model))] <- NULL
  model
}

# Of a call, predict() reads the function and the offset; an inline data frame goes.
short_call <- function(call) call[seq_along(call) == 1L | names(call) %in% "offset"]

spread_asked <- function(args) {
  asked <- !is.null(args$interval) && !identical(args$interval, "none")
  asked || isTRUE(args$se.fit) || any(args$type %in% c("terms", "expected"))
}

# The environments that formulas kept, except those saved by their name only, become `home`.
with_home <- function(x, home) {
  kept <- attr(x, ".Environment", exact = TRUE)
  named <- !is.environment(kept) || nzchar(environmentName(kept))
  if (!named) attr(x, ".Environment") <- home # nolint
  plain <- c("names", "class", "dim", "dimnames", "row.names", "levels", "tsp", ".Environment")
  for (name in setdiff(names(attributes(x)), plain)) {
    attr(x, name) <- with_home(attr(x, name, exact = TRUE), home)
  }
  if (typeof(x) != "list") {
    return(x)
  }
  class <- oldClass(x)
  x <- unclass(x)
  for (i in seq_along(x)) if (!is.null(x[[i]])) x[[i]] <- with_home(x[[i]], home)
  oldClass(x) <- class
  x
}

# The model to store: the slimmest that predicts the samples bit for bit, else `model` itself.
slimmed <- function(model, spec, samples, call = caller_env()) {
  if (isS4(model)) {
    say(c(i = "The whole model is logged: parts of an S4 object cannot be left out."))
    return(model)
  }
  if (is.null(samples$predictions)) {
    say(c(i = "The whole model is logged: without sample rows a slimmed one cannot be checked."))
    return(model)
  }
  before <- saved_bytes(model, call)
  parts <- if (asked_plainly(spec)) slim(model, spec$args) else model
  for (small in list(list(parts, TRUE), list(parts, FALSE), list(model, TRUE))) {
    # Tried where the session's own variables are out of sight, as a worker has none of them.
    apart <- new.env(parent = parent.env(globalenv()))
    tried <- if (small[[2]]) with_home(small[[1]], apart) else small[[1]]
    if (!same_predictions(tried, spec, samples)) next
    small <- if (small[[2]]) with_home(small[[1]], globalenv()) else small[[1]]
    after <- saved_bytes(small, call)
    if (after >= before) break
    say(c(i = "Slimmed the model from {in_bytes(before)} to {in_bytes(after)}."))
    return(small)
  }
  say(c(i = "The whole model is logged: nothing of it can go without changing its predictions."))
  model
}

same_predictions <- function(model, spec, samples) {
  found <- tryCatch(predict_frame(model, samples$rows, spec)$frame, error = function(e) NULL)
  identical(found, samples$predictions, num.eq = FALSE)
}

saved_bytes <- function(model, call) {
  path <- save_object(model, call)
  on.exit(unlink(path))
  file.size(path)
}

in_bytes <- function(n) format(structure(n, class = "object_size"), units = "auto", standard = "SI")
