# Checks of what sfr_log_model() is given, beside the model and its rows.

# A version is named by version_name, and where the model lives by the registry.
check_log_name <- function(model_name, call = caller_env()) {
  check_string(model_name, call = call)
  if (!grepl("^[A-Za-z_][A-Za-z0-9_$]{0,254}$", model_name)) {
    abort_code("invalid_name", c(
      "{.val {model_name}} cannot name a model.",
      i = "A name starts with a letter or _, goes on with letters, digits, _ or $, and has at most
        255 characters. The registry says in which database and schema it is."
    ), call = call)
  }
  model_name
}

# Arguments of predict() travel as JSON: scalars or flat vectors. Null is the NA of R as such, which
# lme4 takes for `re.form`.
check_plain_args <- function(args, call = caller_env()) {
  plain <- vapply(args, \(x) {
    identical(x, NA) ||
      is.atomic(x) && !is.null(x) && !is.object(x) && !anyNA(x) && !any(is.infinite(x))
  }, NA)
  if (!all(plain)) {
    odd <- names(args)[!plain]
    abort_code("invalid_value", c(
      "{.arg predict_args} has {.arg {odd}}, which {?is/are} neither finite numbers, strings
        or logicals nor NA.",
      i = "Put anything else into a function and give it as {.arg predict_body}."
    ), call = call)
  }
}

check_nullable <- function(nullable, call = caller_env()) {
  ok <- is.null(nullable) || (rlang::is_named(nullable) &&
    all(vapply(nullable, \(x) is.logical(x) && length(x) == 1 && !is.na(x), NA)))
  if (!ok) {
    abort_code("invalid_value", c(
      "{.arg nullable} must be TRUE or FALSE by column.",
      i = "For example {.code c(hp = FALSE)}."
    ), call = call)
  }
  nullable
}

check_metrics <- function(metrics, call = caller_env()) {
  ok <- is.null(metrics) || (rlang::is_named(metrics) &&
    all(vapply(metrics, \(x) (is.numeric(x) || is.character(x)) && length(x) == 1, NA)))
  if (!ok) {
    abort_code("invalid_value", c(
      "{.arg metrics} must be numbers or strings by name.",
      i = "For example {.code list(rmse = 2.45)}."
    ), call = call)
  }
  metrics
}

check_comment <- function(comment, call = caller_env()) {
  if (is.null(comment) || identical(comment, "")) "" else check_string(comment, call = call)
}

tasks <- c(
  "TABULAR_REGRESSION", "TABULAR_BINARY_CLASSIFICATION", "TABULAR_MULTI_CLASSIFICATION",
  "TABULAR_RANKING", "UNKNOWN"
)

check_task <- function(task, call = caller_env()) {
  task <- check_string(task, null = TRUE, call = call)
  if (is.null(task)) {
    return(NULL)
  }
  if (!toupper(task) %in% tasks) {
    abort_code("invalid_value", c(
      "There is no task {.val {task}}.",
      i = "{.arg task} is {.or {.val {tasks}}}."
    ), call = call)
  }
  toupper(task)
}

choose_channel <- function(reg, conda_channel, call = caller_env()) {
  policy <- conda_policy(reg)
  own <- policy$channel
  if (policy$strict && !is.null(conda_channel) && !identical(conda_channel, own)) {
    abort_code("invalid_value", c(
      "{.arg conda_channel} is {.val {conda_channel}}, and the registry takes only {.val {own}}."
    ), call = call)
  }
  conda_channel %||% own
}

# What `...` took in; one letter or two away from an argument, it is likely to be a slip.
say_dropped <- function(names, known = character(), of_predict = character()) {
  names <- names[nzchar(names)]
  for (name in intersect(names, of_predict)) {
    cli::cli_warn("Ignored {.arg {name}}: give it as {.code predict_args = list({name} = )}.")
  }
  names <- setdiff(names, of_predict)
  near <- lapply(names, \(name) known[utils::adist(name, known)[1, ] <= 2])
  others <- names[lengths(near) == 0]
  if (length(others) > 0) say(c(i = "Ignored the argument{?s} {.arg {others}}."))
  for (i in which(lengths(near) > 0)) {
    cli::cli_warn("Ignored {.arg {names[i]}}: is {.arg {near[[i]][1]}} meant?")
  }
}

warn_dataset <- function(training_dataset) {
  known <- c("dataset_name", "dataset_version")
  if (!is.null(training_dataset) && !all(known %in% names(attributes(training_dataset)))) {
    cli::cli_warn(c(
      "{.arg training_dataset} is not a dataset's version: the model's lineage will not name it.",
      i = "Its rows are used as sample rows."
    ))
  }
}

# Whether it warned.
warn_link_scale <- function(model, spec) {
  asked <- spec$fn != "predict" || !is.null(spec$body) || !is.null(spec$args$type)
  known <- if (inherits(model, "glm")) model$family
  if (is.null(known) || asked || identical(known$link, "identity")) {
    return(FALSE)
  }
  family <- known$family
  link <- known$link
  cli::cli_warn(c(
    "This {family} model will predict on the scale of its link ({link}), as {.fn predict} does.",
    i = "For the scale of the response give {.code predict_args = list(type = \"response\")}."
  ))
  TRUE
}
