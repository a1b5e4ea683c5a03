# Where the raw rows that a model was fitted on can still be found, and whether they are those.

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
  if (!is.null(data) && all(wanted %in% names(data)) && still_trains(data, frame, model)) {
    return(stats::na.omit(as.data.frame(data)[wanted]))
  }
  typed_columns(wanted, model)
}

# Whether data is what the model was fitted on, as far as it tells: the session may have changed it
# since, and other types, levels or another zone would make other numbers of the same rows.
still_trains <- function(data, frame, model) {
  if (!is.null(kept_data(model))) {
    return(TRUE)
  }
  made <- made_variables(data, model)
  if (!has_kept_types(made, model)) {
    return(FALSE)
  }
  if (is.null(frame)) !reads_codes(made, data, model) else gives_frame(made, row.names(data), frame)
}

# Whether the formula makes numbers of factors or times, of whose levels and zones nothing is kept.
reads_codes <- function(made, data, model) {
  of_codes <- Filter(function(part) {
    sources <- if (is.call(part)) as.list(data)[intersect(variables(part), names(data))]
    any(vapply(sources, function(x) is.factor(x) || inherits(x, "POSIXt"), NA))
  }, named_variables(model))
  any(vapply(made[names(of_codes)], function(x) is.atomic(x) && !is.factor(x), NA))
}

# The code of the formula's variables, without the response, by the names that R gives them.
named_variables <- function(model) {
  code <- without_response(model_terms(model), "variables")
  stats::setNames(code, vapply(code, function(x) paste(deparse(x, 500L), collapse = " "), ""))
}

# These variables as data makes them now.
made_variables <- function(data, model) {
  code <- named_variables(model)
  plain <- intersect(names(kept_levels(model)), names(data))
  code[plain] <- lapply(plain, as.name)
  home <- model_home(model)
  lapply(code, function(x) tryCatch(eval(x, data, home), error = function(e) NULL))
}

# Whether variables are of the classes the terms kept and have the levels the model kept. A fit may
# leave out levels without rows; of text it keeps the levels it made.
has_kept_types <- function(made, model) {
  made <- Filter(Negate(is.null), made)
  classes <- attr(model_terms(model), "dataClasses")
  same <- vapply(intersect(names(made), names(classes)), function(name) {
    identical(stats::.MFclass(made[[name]]), classes[[name]])
  }, NA)
  if (!all(same)) {
    return(FALSE)
  }
  kept <- kept_levels(model)
  for (name in intersect(names(made), names(kept))) {
    x <- made[[name]]
    if (!is.character(x) && !identical(intersect(levels(x), kept[[name]]), kept[[name]])) {
      return(FALSE)
    }
  }
  TRUE
}

# Whether variables have the values of the model's own frame in the rows that it is of.
gives_frame <- function(made, names_of_rows, frame) {
  rows <- match(row.names(frame), names_of_rows)
  if (anyNA(rows)) {
    return(FALSE)
  }
  for (name in intersect(names(made), names(frame))) {
    value <- made[[name]]
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

# The data of the call, as far as it shows that the model was fitted on it.
proven_data <- function(model) {
  data <- named_data(model)
  if (!is.null(data) && still_trains(data, model_frame(model), model)) data
}

# The data frame that a model has in its call, as from do.call(), or that a glm keeps.
kept_data <- function(model) {
  found <- list(model_call(model)[["data"]], if (inherits(model, "glm")) model$data)
  found <- Filter(is.data.frame, found)
  if (length(found) > 0) found[[1]]
}

# The data frame that `data =` of the model's call names, or NULL.
named_data <- function(model) {
  kept <- kept_data(model)
  if (!is.null(kept)) {
    return(kept)
  }
  code <- model_call(model)[["data"]]
  home <- model_home(model)
  if (is.null(code) || !is_plain_code(code)) {
    return(NULL)
  }
  if (!is.environment(home)) home <- globalenv()
  # What is gone may be something else by that name: df is a function of R.
  found <- tryCatch(eval(code, home), error = function(e) NULL)
  if (is.data.frame(found)) found
}

# A name, or what is made of one by functions of R that give the same each time and cost little,
# such as MASS::cats, df[1:100, ] or transform(df, y = log(x)): nothing else is run.
is_plain_code <- function(code) {
  plain <- c(
    "[", "[[", "$", ":", "(", "c", "-", "+", "*", "/", "^", "%%", "%in%", "==", "!=", "<", ">",
    "<=", ">=", "&", "|", "!", "is.na", "na.omit", "subset", "transform", "droplevels", "head",
    "tail", "seq_len", "nrow", "which", "complete.cases", "as.data.frame", "data.frame", "factor",
    "as.factor", "as.numeric", "as.integer", "as.character", "ifelse", "log", "exp", "sqrt"
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
  columns <- lapply(stats::setNames(wanted, wanted), column_of_terms, model)
  if (length(columns) == 0 || any(vapply(columns, is.null, NA))) {
    return(NULL)
  }
  structure(columns, class = "data.frame", row.names = integer())
}

column_of_terms <- function(name, model) {
  classes <- attr(model_terms(model), "dataClasses")
  if (name %in% names(classes)) {
    return(empty_of_class(classes[[name]], kept_levels(model)[[name]]))
  }
  code <- predict_code(model_terms(model))
  uses <- Filter(function(part) name %in% variables(part), code)
  if (length(uses) > 0 && all(vapply(uses, is_arithmetic, NA))) double()
}

empty_of_class <- function(class, levels) {
  switch(class,
    numeric = ,
    nmatrix.1 = double(),
    logical = logical(),
    character = character(),
    factor = if (!is.null(levels)) factor(levels = levels),
    ordered = if (!is.null(levels)) factor(levels = levels, ordered = TRUE)
  )
}
