# What a formula tells of the raw columns a model needs.

# What predict() evaluates in the rows, the response left out: ns(x, df = k) has become
# ns(x, knots = c(...)), without k. A list of code.
predict_code <- function(terms) {
  if (!is.null(terms)) {
    without_response(terms, if (is.null(attr(terms, "predvars"))) "variables" else "predvars")
  }
}

# The variables of terms without the response, as a list of code. stats::delete.response() fails on
# terms with specials that it does not know, as those of rqss.
without_response <- function(terms, which) {
  code <- as.list(attr(terms, which))[-1]
  response <- attr(terms, "response")
  if (length(response) == 1 && response > 0) code[-response] else code
}

# The names in pieces of code that are columns of the rows.
columns_of_code <- function(code, model) {
  found <- unique(as.character(unlist(lapply(code, variables))))
  if (length(found) > 0) setdiff(found, constants(model, found, code)) else found
}

# The variables of code; of x$part, only x is one, and of a function what is no argument of it.
variables <- function(code) {
  if (!is.call(code) || is_qualified(code)) {
    return(if (is.call(code)) character() else all.vars(code))
  }
  if (identical(code[[1]], quote(`function`))) {
    return(setdiff(variables(code[[3]]), names(code[[2]])))
  }
  parts <- arguments_of(code)
  if (is.name(code[[1]]) && as.character(code[[1]]) %in% c("$", "@")) parts <- parts[1]
  unique(as.character(unlist(lapply(parts, variables))))
}

# The arguments of a call, with their names, without those left empty as in x[1, ].
arguments_of <- function(code) {
  parts <- lapply(seq_along(code)[-1], function(i) code[[i]])
  names(parts) <- names(code)[-1]
  parts[!vapply(parts, identical, NA, quote(expr = ))] # nolint
}

# The functions that code calls, as they are written there: `ns`, or `splines::ns`.
functions_named <- function(code) {
  if (!is.call(code) || is_qualified(code)) {
    return(character())
  }
  own <- if (is.name(code[[1]])) as.character(code[[1]]) else deparse(code[[1]])[1]
  unique(c(own, unlist(lapply(arguments_of(code), functions_named), use.names = FALSE)))
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

calculations <- c(
  "+", "-", "*", "/", "^", "(", "I", "log", "log2", "log10", "log1p", "exp", "expm1", "sqrt",
  "abs", "offset", "sin", "cos", "tan"
)

comparisons <- c("<", ">", "<=", ">=", "==", "!=", "%in%")

is_arithmetic <- function(code) {
  all(functions_named(code) %in% c(calculations, "poly", "ns", "bs", "scale", "c", "list"))
}

# Names in a formula that are no columns but values which travel with the environment it was
# written in, and R's own such as pi, or such as mean in ave(x, g, FUN = mean).
constants <- function(model, names, code) {
  home <- model_home(model)
  frame <- model_frame(model)
  classes <- attr(model_terms(model), "dataClasses")
  open <- setdiff(names, c(names(frame), names(classes)))
  if (length(open) == 0) {
    return(open)
  }
  data <- proven_data(model)
  open <- setdiff(open, names(data))
  of_r <- names_of_r(open, home)
  # Where the data makes the values of the frame, a name that it lacks is no column of it.
  if (is.null(data) || is.null(frame) || !all(setdiff(names, of_r) %in% names(data))) {
    open <- setdiff(open, surely_columns(code, of_r))
  }
  Filter(function(name) {
    name %in% of_r || is_constant(captured_value(name, home), model, data)
  }, open)
}

# Whether a captured value is none for each row of the fit, before rows were left out of it.
is_constant <- function(value, model, data) {
  n <- model_rows(model)
  sizes <- c(n, n + length(part(model, "na.action")), nrow(data))
  if (is.null(value) || length(sizes) == 0) {
    return(length(value) == 1)
  }
  is_part <- !is.null(model_call(model)[["subset"]])
  if (is_part) NROW(value) < min(sizes) else !NROW(value) %in% sizes
}

values_of_r <- c("pi", "T", "F", "letters", "LETTERS", "month.abb", "month.name")

# Of names that R itself has, those that are columns all the same. What alone makes a variable of
# the formula, such as log(T) or pmin(time, pi), has a value for each row; of R's own nobody
# calculates with any but pi, or compares a function.
surely_columns <- function(code, of_r) {
  found <- lapply(code, function(part) {
    names <- variables(part)
    functions <- setdiff(names, values_of_r)
    alone <- if (length(functions) == 1) functions else if (length(functions) == 0) names
    if (length(names) > 1) alone <- setdiff(alone, "pi")
    compared <- setdiff(operands(part, comparisons), values_of_r)
    taken <- setdiff(operands(part, c(calculations, "!", "&", "|", "poly", "ns", "bs")), "pi")
    c(if (all(names %in% of_r)) alone, taken, compared)
  })
  intersect(unlist(found), of_r)
}

# The names that stand in code right beside an operator, or as an argument without a name, of
# `functions`.
operands <- function(code, functions) {
  if (!is.call(code) || is_qualified(code)) {
    return(character())
  }
  parts <- arguments_of(code)
  own <- is.name(code[[1]]) && as.character(code[[1]]) %in% functions
  plain <- if (is.null(names(parts))) parts else parts[!nzchar(names(parts))]
  beside <- if (own) vapply(Filter(is.name, plain), as.character, "")
  unique(as.character(c(beside, unlist(lapply(parts, operands, functions)))))
}

# Names in a formula that are R's own, such as pi in sin(2 * pi * x), or values of the function that
# fitted the model, unless a column is called like them: no data is to be found that would tell.
doubtful_names <- function(model) {
  code <- predict_code(model_terms(model))
  names <- as.character(unique(unlist(lapply(code, variables))))
  found <- if (length(names) > 0) constants(model, names, code)
  if (length(found) == 0 || !is.null(proven_data(model))) {
    return(character())
  }
  call <- model_call(model)
  # Without data a formula is about what is there where it was written.
  if (!is.null(call) && is.null(call[["data"]])) names_of_r(found, model_home(model)) else found
}

names_of_r <- function(names, home) {
  Filter(function(name) {
    is.null(captured_value(name, home)) && is_of_r(name)
  }, names)
}

# Whether R would find, for a name, a value or a function of R itself and nothing of the session's.
is_of_r <- function(name) {
  own <- get0(name, asNamespace("stats"), inherits = FALSE, ifnotfound = baseenv()[[name]])
  (name %in% values_of_r || is.function(own)) && identical(get0(name, globalenv()), own)
}

# How many rows a model was fitted on, or NULL.
model_rows <- function(model) {
  if (!is.null(model_frame(model))) {
    return(nrow(model_frame(model)))
  }
  kept <- part(model, "residuals")
  if (!is.null(kept)) {
    return(NROW(kept))
  }
  # A slimmed lm has its degrees of freedom.
  free <- c(part(model, "df.residual"), part(model, "rank"))
  if (length(free) == 2) sum(free)
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
    formula <- model_call(model)[["formula"]]
    # Of NULL it would be this function's own.
    return(if (!is.null(formula)) environment(formula))
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
  if (is.null(terms)) terms <- part(model, "Terms") # gbm
  if (inherits(terms, "terms")) terms
}

model_frame <- function(model) {
  if (isS4(model)) {
    return(if ("frame" %in% names(attributes(model))) attr(model, "frame"))
  }
  frame <- part(model, "model")
  if (is.data.frame(frame)) frame
}

model_call <- function(model) {
  if (isS4(model)) {
    return(if ("call" %in% names(attributes(model))) attr(model, "call"))
  }
  part(model, "call")
}
