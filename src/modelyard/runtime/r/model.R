# What is to be known of a model, a generic each, dispatched on its class: S3 or S4, never tried
# and caught. The defaults read what most of R's models have: terms, a call, a model frame and
# xlevels. A family of classes has its own methods in model-<family>.R; the packages of a class
# are the one thing to say for a class whose predict() is not in stats.
#
#   score(model, rows, args)         its answer for rows, as predict() gives it
#   predictors(model, args)          names of the raw columns predict() reads
#   training_frame(model, args)      those columns as it was trained on them, or NULL
#   known_levels(model, args)        what it knows of its categorical columns, see category()
#   required_pkgs(model)             packages to attach before it can predict
#   model_task(model)                regression, binary, multiclass, forecast, survival, cluster,
#                                    transform, or "" when its class does not tell
#   predict_types(model)             the words for `type` that its predict() takes, or NULL
#   rowwise(model)                   FALSE where an answer depends on the other rows of a request
#
# `args` are the author's further arguments of predict(), which may change the answer: a level of
# grouping, a type that needs the response.

score <- function(model, rows, args = list()) UseMethod("score")
predictors <- function(model, args = list()) UseMethod("predictors")
training_frame <- function(model, args = list()) UseMethod("training_frame")
known_levels <- function(model, args = list()) UseMethod("known_levels")
required_pkgs <- function(model) UseMethod("required_pkgs")
model_task <- function(model) UseMethod("model_task")
predict_types <- function(model) UseMethod("predict_types")
rowwise <- function(model) UseMethod("rowwise")

score.default <- function(model, rows, args = list()) {
  answer <- clean_call(quote(stats::predict), list(newdata = quote(rows)), args, model, rows)
  # multinom and polr drop the matrix of one row to a vector named by class.
  dropped <- nrow(rows) == 1 && is.atomic(answer) && is.null(dim(answer)) && length(answer) > 1
  if (dropped && !is.null(names(answer))) t(answer) else answer
}

predictors.default <- function(model, args = list()) {
  terms <- model_terms(model)
  if (is.null(terms)) {
    return(character())
  }
  terms <- stats::delete.response(terms)
  # What predict() evaluates: ns(x, df = k) has become ns(x, knots = c(...)), without k.
  code <- attr(terms, "predvars")
  found <- variables(if (is.null(code)) attr(terms, "variables") else code)
  # predict() looks for the variables of `offset =` in the rows too.
  found <- union(found, variables(model_call(model)[["offset"]]))
  setdiff(found, constants(model, found))
}

training_frame.default <- function(model, args = list()) {
  raw_rows(predictors(model, args), model_frame(model), model)
}

known_levels.default <- function(model, args = list()) {
  found <- categories(training_frame(model, args))
  kept <- if (isS4(model) || !is.list(model)) NULL else model[["xlevels"]]
  classes <- attr(model_terms(model), "dataClasses")
  for (name in names(kept)) {
    if (!is.character(kept[[name]])) next
    trained <- if (name %in% names(classes)) classes[[name]] else "factor"
    type <- if (trained == "character") "string" else "factor"
    found[[name]] <- category(kept[[name]], type, trained == "ordered")
  }
  found
}

required_pkgs.default <- function(model) {
  # The class of an S4 object names its package.
  own <- if (isS4(model)) setdiff(attr(class(model), "package"), ".GlobalEnv")
  unique(c(own, formula_packages(model_terms(model))))
}

model_task.default <- function(model) ""

predict_types.default <- function(model) {
  for (class in class(model)) {
    method <- utils::getS3method("predict", class, optional = TRUE)
    if (is.null(method)) next
    words <- formals(method)$type
    plain <- is.call(words) && identical(words[[1]], quote(c)) &&
      all(vapply(as.list(words)[-1], is.character, NA))
    return(if (plain) as.character(words)[-1])
  }
  NULL
}

rowwise.default <- function(model) TRUE

# One categorical column: `type` is factor, or string where the model was trained on text. Without
# levels any text is the model's own matter, and no contract restricts it.
category <- function(levels, type = "factor", ordered = FALSE) {
  list(type = type, levels = if (!is.null(levels)) enc2utf8(levels), ordered = ordered)
}

# The categories of a list of columns, such as a data frame: its factors.
categories <- function(columns) {
  factors <- Filter(is.factor, as.list(columns))
  lapply(factors, function(x) category(levels(x), "factor", is.ordered(x)))
}

# Raw training rows of a model, at most `n` of them spread evenly, or NULL when it kept none.
sample_frame <- function(model, n = 32L, args = list()) {
  frame <- training_frame(model, args)
  if (is.null(frame) || NROW(frame) == 0 || NCOL(frame) == 0) {
    return(NULL)
  }
  picked <- unique(round(seq(1, nrow(frame), length.out = min(n, nrow(frame)))))
  frame <- as.data.frame(frame)[picked, , drop = FALSE]
  attr(frame, "terms") <- NULL
  row.names(frame) <- NULL
  frame
}

# The columns `wanted` as they were before the formula transformed them: from the model's own
# frame where it has them all, else from the data the call names, where that can still be found.
raw_rows <- function(wanted, frame, model) {
  if (length(wanted) == 0) {
    return(NULL)
  }
  if (!is.null(frame) && all(wanted %in% names(frame))) {
    return(frame[wanted])
  }
  data <- named_data(model)
  if (!is.null(data) && all(wanted %in% names(data))) {
    return(stats::na.omit(as.data.frame(data)[wanted]))
  }
  NULL
}

# The data frame that `data =` of the model's call names, or NULL.
named_data <- function(model) {
  data <- model_call(model)[["data"]]
  home <- attr(model_terms(model), ".Environment")
  found <- if (is.name(data) && is.environment(home)) {
    get0(as.character(data), envir = home, ifnotfound = NULL)
  }
  if (is.data.frame(found)) found
}

# Names in a formula that are no columns but values which travel with the environment it was
# written in, and R's own such as pi.
constants <- function(model, names) {
  frame <- model_frame(model)
  data <- named_data(model)
  names <- setdiff(names, c(names(frame), names(data)))
  home <- attr(model_terms(model), ".Environment")
  Filter(function(name) {
    if (name %in% c("pi", "T", "F", "letters", "LETTERS")) {
      return(TRUE)
    }
    value <- captured_value(name, home)
    !is.null(value) && (is.null(frame) || NROW(value) != nrow(frame))
  }, names)
}

# A value of the environments a formula keeps, below the global one and packages.
captured_value <- function(name, home) {
  while (is.environment(home) && !nzchar(environmentName(home))) {
    if (exists(name, envir = home, inherits = FALSE)) {
      return(get(name, envir = home, inherits = FALSE))
    }
    home <- parent.env(home)
  }
  NULL
}

# The variables of code; of x$part, only x is one.
variables <- function(code) {
  if (!is.call(code)) {
    return(all.vars(code))
  }
  parts <- lapply(seq_along(code)[-1], function(i) code[[i]])
  if (is.name(code[[1]]) && as.character(code[[1]]) %in% c("$", "@")) parts <- parts[1]
  parts <- parts[!vapply(parts, identical, NA, quote(expr = ))] # nolint
  unique(as.character(unlist(lapply(parts, variables))))
}

# Packages of functions that formulas name without their package.
formula_packages <- function(terms) {
  known <- c(
    ns = "splines", bs = "splines", Surv = "survival", strata = "survival",
    pspline = "survival", ridge = "survival", cluster = "survival"
  )
  found <- if (!is.null(terms)) intersect(all.names(terms), names(known))
  unique(unname(known[found]))
}

model_terms <- function(model) {
  if (isS4(model)) {
    return(attr(model_frame(model), "terms"))
  }
  if (is.list(model) && inherits(model[["terms"]], "terms")) model[["terms"]]
}

model_frame <- function(model) {
  if (isS4(model)) {
    return(if ("frame" %in% names(attributes(model))) attr(model, "frame"))
  }
  if (is.list(model) && is.data.frame(model[["model"]])) model[["model"]]
}

model_call <- function(model) {
  if (isS4(model)) {
    return(if ("call" %in% names(attributes(model))) attr(model, "call"))
  }
  if (is.list(model)) model[["call"]]
}
