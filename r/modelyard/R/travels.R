# What a model's predict() needs besides the model: a value, a function or a method of this session
# does not travel, and a package does when it is named.

# Refuse what this session's R would refuse too, in words of its own. Returns the names that the
# files of code_paths define.
check_predict <- function(model, spec, call = caller_env()) {
  given <- intersect(names(spec$args), c("object", "newdata"))
  if (is.null(spec$body) && length(given) > 0) {
    abort_code("invalid_value", c(
      "{.arg predict_args} has {.arg {given}}, which a version is given by whoever asks it."
    ), call = call)
  }
  sent <- check_sent(spec, call)
  if (asked_plainly(spec)) {
    in_words_of_the_verb(check_words(model, spec$args), call)
    warn_arguments(model, names(full_words(model, spec$args)))
  }
  invisible(sent)
}

# An argument that predict() of the class does not have, but one that is much like it.
warn_arguments <- function(model, names) {
  known <- predict_arguments(model)
  for (name in setdiff(names, known)) {
    near <- known[startsWith(known, name) | utils::adist(name, known)[1, ] <= 2]
    if (length(near) > 0) {
      cli::cli_warn("{.arg predict_args} has {.arg {name}}: is {.arg {near[[1]]}} meant?")
    }
  }
}

# contract.R's own conditions, with the call of the verb; any other error is the model's.
in_words_of_the_verb <- function(expr, call) {
  tryCatch(expr, error = function(e) {
    if (!inherits(e, "modelyard_error")) {
      abort_text("model_error", conditionMessage(e), call = call)
    }
    code <- sub("^modelyard_", "", class(e)[1])
    # Its own message: conditionMessage() would add its parent's, which says the same.
    details <- if (length(e$details) > 0) {
      data.frame(column = NA_character_, row = NA_integer_, reason = e$details)
    }
    abort_text(code, e$message, hint = e$hint, details = details, call = call)
  })
}

# The packages that have to be attached for the model besides those its class is known to need.
# Aborts where predict() would find something in this session that no worker has. `columns` are
# names of columns the author gave rows of, `sent` names that code_paths define.
check_travels <- function(model, spec, columns = character(), sent = character(),
                          call = caller_env()) {
  if (!asked_plainly(spec)) {
    return(character())
  }
  check_session_values(model, spec, columns, call)
  found <- c(
    method_packages(model, sent, call),
    function_packages(predict_code(model_terms(model)), model, sent, call)
  )
  setdiff(unique(found), c(required_pkgs(model), attached_anyway))
}

# The names that the files of code_paths define. What the session has by such a name has to be the
# same: its predictions were those of its own until now.
check_sent <- function(spec, call) {
  sent <- in_words_of_the_verb(with_author_files(spec$files, {
    if ("modelyard:code" %in% search()) as.list(as.environment("modelyard:code"))
  }), call)
  other <- Filter(\(name) {
    exists(name, globalenv(), inherits = FALSE) && !same_code(get(name, globalenv()), sent[[name]])
  }, names(sent))
  if (length(other) > 0) {
    abort_code("model_rejected", c(
      "{.code {other}} of {.arg code_paths} {?is/are} not what your session has by {?that name/those
        names}.",
      i = "Source the files again, or remove {.code {other}} from the session."
    ), call = call)
  }
  names(sent)
}

same_code <- function(one, other) {
  if (!is.function(one) || !is.function(other) || is.primitive(one)) {
    return(identical(one, other))
  }
  plain <- \(fn) utils::removeSource(fn)
  identical(formals(one), formals(other)) && identical(body(plain(one)), body(plain(other)))
}

# A worker has these attached, or its own R code calls them by name.
attached_anyway <- c("base", "stats", "utils", "modelyard")

# A name in the formula that is no column, but which R would find among this session's values.
check_session_values <- function(model, spec, columns, call) {
  check_doubtful(model, columns, call)
  known <- known_columns(model, spec)
  if (is.null(known)) {
    return(invisible())
  }
  open <- setdiff(predictors(model, spec$args), c(columns, known))
  # What has the name of a function of R, such as ts or df, is a column of data not to be found.
  outside <- Filter(\(name) is_session_value(name, model_home(model)), open)
  if (length(outside) == 0) {
    return(invisible())
  }
  whole <- any(vapply(mget(outside, envir = globalenv(), inherits = TRUE), is.list, NA))
  abort_code("model_rejected", c(
    "The model's formula uses {.code {outside}} of your session, no column of its rows:
      {?it does/they do} not travel with the model.",
    i = if (whole) {
      "Name columns in the formula, and give the data frame as {.arg data}."
    } else {
      "Make a column of the data of it, or write the value itself into the formula."
    }
  ), call = call)
}

# The names that are those of columns, or NULL where nothing is known of the rows.
known_columns <- function(model, spec) {
  trained <- training_frame(model, spec$args)
  data <- named_data(model)
  known <- list(trained = trained, frame = model_frame(model), data = data)
  if (all(vapply(known, is.null, NA))) {
    return(NULL)
  }
  # What a formula calculates with counts as a column only of data that is gone.
  is_gone <- is.null(data) && !is.null(model_call(model)[["data"]])
  if (!is_gone && NROW(trained) == 0 && !is.null(model_terms(model))) known$trained <- NULL
  as.character(unlist(lapply(known, names)))
}

is_session_value <- function(name, home) {
  found <- get0(name, envir = globalenv())
  of_package <- is.function(found) && !exists(name, envir = globalenv(), inherits = FALSE)
  !is.null(found) && !of_package && !is_of_r(name) && is.null(captured_value(name, home))
}

# What the formula uses that may be a column of data which is not to be found, and may not. Rows or
# columns that the author gave decide.
check_doubtful <- function(model, columns, call) {
  doubtful <- setdiff(doubtful_names(model), columns)
  of_r <- intersect(doubtful, values_of_r)
  open <- setdiff(doubtful, names_of_r(doubtful, model_home(model)))
  # What is called like the data is not what the model was fitted on.
  if (!is.null(named_data(model))) open <- c(open, of_r)
  if (length(open) > 0 && length(columns) == 0) {
    abort_code("model_rejected", c(
      "{.code {open}} in the model's formula {?is a value/are values} of R or of the function that
        fitted it, or {?a column/columns} of its data, which is not to be found as it was.",
      i = "Give {.arg sample_input}, a few rows as they will be scored, with such columns or without
        them."
    ), call = call)
  }
  if (length(of_r) > 0) {
    say(c(i = "{.code {of_r}} in the model's formula {?is/are} taken for R's own. If a column is
      called so, give {.arg sample_input} with it."))
  }
}

# The package of the predict() that answers for the model's class.
method_packages <- function(model, sent, call) {
  if (isS4(model)) {
    return(character())
  }
  for (class in class(model)) {
    method <- utils::getS3method("predict", class, optional = TRUE, envir = globalenv())
    if (is.null(method)) next
    own <- exists(paste0("predict.", class), envir = globalenv(), inherits = FALSE)
    home <- topenv(environment(method))
    if (!own && isNamespace(home)) {
      return(getNamespaceName(home)[[1]])
    }
    if (paste0("predict.", class) %in% sent) {
      return(character())
    }
    abort_code("model_rejected", c(
      "{.fn predict.{class}} is a function of your session, which no worker has.",
      i = "Give it with the model: {.code predict_body = sfr_predict_body(predict.{class})}, or in a
        file of {.arg code_paths}."
    ), call = call)
  }
  character()
}

# Whether a function is the session's own. lme4 leaves stats::offset() there, as it is.
is_own_function <- function(name) {
  own <- get0(name, envir = globalenv(), mode = "function", inherits = FALSE)
  !is.null(own) && !identical(own, get0(name, parent.env(globalenv()), mode = "function"))
}

# The packages of the functions in pieces of code, but for those in `sent`.
function_packages <- function(code, model, sent, call) {
  names <- unique(as.character(unlist(lapply(code, functions_named))))
  names <- setdiff(grep("::", names, fixed = TRUE, value = TRUE, invert = TRUE), sent)
  home <- model_home(model)
  found <- lapply(rlang::set_names(names), \(name) {
    get0(name, envir = if (is.environment(home)) home else globalenv(), mode = "function")
  })
  own <- Filter(\(name) is.null(captured_value(name, home)) && is_own_function(name), names)
  if (length(own) > 0) {
    abort_code("model_rejected", c(
      "The model's formula calls {.fn {own}} of your session, which no worker has.",
      i = "Make a column of the data of what it gives, or give a file with it in {.arg code_paths}."
    ), call = call)
  }
  packages <- lapply(Filter(Negate(is.primitive), found), \(fn) {
    home <- if (is.function(fn)) topenv(environment(fn))
    if (isNamespace(home)) getNamespaceName(home)[[1]]
  })
  unique(as.character(unlist(packages)))
}
