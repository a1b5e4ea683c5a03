# What a formula tells of the raw columns a model needs, and where those can still be found.

# What predict() evaluates in the rows, the response left out: ns(x, df = k) has become
# ns(x, knots = c(...)), without k. A list of code.
predict_code <- function(terms) {
  if (is.null(terms)) {
    return(NULL)
  }
  terms <- stats::delete.response(terms)
  code <- attr(terms, "predvars")
  as.list(if (is.null(code)) attr(terms, "variables") else code)[-1]
}

# The names in pieces of code that are columns of the rows.
columns_of_code <- function(code, model) {
  found <- unique(as.character(unlist(lapply(code, variables))))
  if (length(found) > 0) setdiff(found, constants(model, found)) else found
}

# The variables of code; of x$part, only x is one.
variables <- function(code) {
  if (!is.call(code) || is_qualified(code)) {
    return(if (is.call(code)) character() else all.vars(code))
  }
  parts <- lapply(seq_along(code)[-1], function(i) code[[i]])
  if (is.name(code[[1]]) && as.character(code[[1]]) %in% c("$", "@")) parts <- parts[1]
  parts <- parts[!vapply(parts, identical, NA, quote(expr = ))] # nolint
  unique(as.character(unlist(lapply(parts, variables))))
}

# The functions that code calls, as they are written there: `ns`, or `splines::ns`.
functions_named <- function(code) {
  if (!is.call(code) || is_qualified(code)) {
    return(character())
  }
  own <- if (is.name(code[[1]])) as.character(code[[1]]) else deparse(code[[1]])[1]
  parts <- lapply(seq_along(code)[-1], function(i) code[[i]])
  parts <- parts[!vapply(parts, identical, NA, quote(expr = ))] # nolint
  unique(c(own, unlist(lapply(parts, functions_named))))
}

# Whether code is package::name.
is_qualified <- function(code) {
  is.call(code) && is.name(code[[1]]) && as.character(code[[1]]) %in% c("::", ":::")
}

# Packages of R itself that formulas use without naming them.
formula_packages <- function(terms) {
  known <- c(
    ns = "splines", bs = "splines", Surv = "survival", strata = "survival",
    pspline = "survival", ridge = "survival", cluster = "survival"
  )
  code <- predict_code(terms)
  unique(unname(known[intersect(unlist(lapply(code, functions_named)), names(known))]))
}

# The columns `wanted` as they were before the formula transformed them: from the model's own
# frame where it has them all, else from the data the call names, where that can still be found,
# else as far as their types are known.
raw_rows <- function(wanted, frame, model) {
  if (length(wanted) == 0) {
    return(NULL)
  }
  if (!is.null(frame) && all(wanted %in% names(frame))) {
    return(frame[wanted])
  }
  data <- training_data(wanted, model)
  if (!is.null(data) && all(wanted %in% names(data)) && gives_frame(data, frame, model)) {
    return(stats::na.omit(as.data.frame(data)[wanted]))
  }
  typed_columns(wanted, model)
}

# Whether data still gives the model's own frame: the session may have changed it since the fit, and
# other levels or another zone would make other numbers of the same rows.
gives_frame <- function(data, frame, model) {
  terms <- model_terms(model)
  rows <- match(row.names(frame), row.names(data))
  if (is.null(frame) || is.null(terms) || anyNA(rows)) {
    return(TRUE)
  }
  code <- as.list(attr(stats::delete.response(terms), "variables"))[-1]
  names(code) <- vapply(code, function(x) paste(deparse(x, 500L), collapse = " "), "")
  home <- model_home(model)
  for (name in intersect(names(code), names(frame))) {
    value <- tryCatch(eval(code[[name]], data, home), error = function(e) NULL)
    found <- if (is.matrix(value)) value[rows, ] else value[rows]
    if (!identical(as.vector(found), as.vector(frame[[name]]))) {
      return(FALSE)
    }
  }
  TRUE
}

# The data of the model's call, or the variables its formula found without any.
training_data <- function(wanted, model) {
  if (!is.null(model_call(model)[["data"]])) {
    return(named_data(model))
  }
  n <- model_rows(model)
  if (!is.null(n)) variables_of_home(wanted, model_home(model), n)
}

# The data frame that `data =` of the model's call names, or NULL.
named_data <- function(model) {
  code <- model_call(model)[["data"]]
  home <- model_home(model)
  if (is.null(code) || !is_plain_code(code)) {
    return(NULL)
  }
  names <- all.vars(code)
  if (!is.environment(home)) home <- globalenv()
  if (is.name(code)) {
    found <- get0(as.character(code), envir = home)
  } else {
    # Columns that subset() names are not to be found here; the data itself is the first name.
    found <- if (length(names) == 0 || exists(names[1], envir = home)) eval(code, home)
  }
  if (is.data.frame(found)) found
}

# A name, or a part of what is named, such as MASS::cats or df[1:100, ]: nothing else is run.
is_plain_code <- function(code) {
  plain <- c(
    "[", "[[", "$", ":", "(", "c", "-", "==", "!=", "<", ">", "<=", ">=", "&", "|", "!", "is.na",
    "na.omit", "subset", "head", "seq_len", "nrow", "which"
  )
  (is.name(code) || is.call(code)) && all(functions_named(code) %in% plain)
}

# A formula without `data =` finds its variables where it was written: vectors of n values.
variables_of_home <- function(names, home, n) {
  if (!is.environment(home)) {
    return(NULL)
  }
  found <- lapply(stats::setNames(names, names), get0, envir = home)
  rows <- vapply(found, function(x) is.atomic(x) && is.null(dim(x)) && length(x) == n, NA)
  if (all(rows)) structure(found, class = "data.frame", row.names = .set_row_names(n))
}

# Columns without rows, of the types the terms kept. A number stays one through arithmetic, so a
# column that the formula only calculates with is a number; of any other nothing is known.
typed_columns <- function(wanted, model) {
  classes <- attr(model_terms(model), "dataClasses")
  code <- predict_code(model_terms(model))
  columns <- lapply(stats::setNames(wanted, wanted), function(name) {
    if (name %in% names(classes)) {
      return(empty_of_class(classes[[name]], kept_levels(model)[[name]]))
    }
    uses <- Filter(function(part) name %in% variables(part), code)
    if (length(uses) > 0 && all(vapply(uses, is_arithmetic, NA))) double()
  })
  if (length(columns) == 0 || any(vapply(columns, is.null, NA))) {
    return(NULL)
  }
  structure(columns, class = "data.frame", row.names = integer())
}

empty_of_class <- function(class, levels) {
  switch(class,
    numeric = double(),
    logical = logical(),
    character = character(),
    factor = if (!is.null(levels)) factor(levels = levels),
    ordered = if (!is.null(levels)) factor(levels = levels, ordered = TRUE)
  )
}

is_arithmetic <- function(code) {
  known <- c(
    "+", "-", "*", "/", "^", "(", "I", "log", "log2", "log10", "log1p", "exp", "expm1", "sqrt",
    "abs", "poly", "ns", "bs", "scale", "offset", "sin", "cos", "tan", "c", "list"
  )
  all(functions_named(code) %in% known)
}

# Names in a formula that are no columns but values which travel with the environment it was
# written in, and R's own such as pi, or such as mean in ave(x, g, FUN = mean).
constants <- function(model, names) {
  home <- model_home(model)
  n <- model_rows(model)
  data <- named_data(model)
  open <- setdiff(names, c(names(model_frame(model)), names(data)))
  of_r <- functions_of_r(open, home)
  # Where the data has all the others, a name that it lacks is no column of it.
  if (is.null(data) || !all(setdiff(names, of_r) %in% names(data))) of_r <- character()
  Filter(function(name) {
    if (name %in% c("pi", "T", "F", "letters", "LETTERS", of_r)) {
      return(TRUE)
    }
    value <- captured_value(name, home)
    !is.null(value) && if (is.null(n)) length(value) == 1 else NROW(value) != n
  }, open)
}

functions_of_r <- function(names, home) {
  Filter(function(name) is.null(captured_value(name, home)) && is_of_r(name), names)
}

# Whether R would find, for a name, a function of R itself and nothing of the session's.
is_of_r <- function(name) {
  own <- get0(name, asNamespace("stats"), inherits = FALSE, ifnotfound = baseenv()[[name]])
  is.function(own) && identical(get0(name, globalenv()), own)
}

# How many rows a model was fitted on, or NULL.
model_rows <- function(model) {
  if (!is.null(model_frame(model))) {
    return(nrow(model_frame(model)))
  }
  kept <- part(model, "residuals")
  if (!is.null(kept)) NROW(kept)
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

model_home <- function(model) {
  terms <- model_terms(model)
  if (is.null(terms) && !isS4(model) && is.list(model)) {
    return(environment(model_call(model)[["formula"]]))
  }
  attr(terms, ".Environment")
}

# A part of a model by name. Some classes have a [[ of their own.
part <- function(model, name) if (!isS4(model) && is.list(model)) unclass(model)[[name]]

model_terms <- function(model) {
  if (isS4(model)) {
    return(attr(model_frame(model), "terms"))
  }
  terms <- part(model, "terms")
  if (inherits(terms, "terms")) terms
}

model_frame <- function(model) {
  if (isS4(model)) {
    return(if ("frame" %in% names(attributes(model))) attr(model, "frame"))
  }
  frame <- part(model, "model")
  if (is.data.frame(frame)) frame
}

kept_levels <- function(model) part(model, "xlevels")

model_call <- function(model) {
  if (isS4(model)) {
    return(if ("call" %in% names(attributes(model))) attr(model, "call"))
  }
  part(model, "call")
}
