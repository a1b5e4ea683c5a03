#' Log a model
#'
#' Puts a fitted model into the registry as a new version, which never changes. The model, its
#' predict function and a few sample rows with their predictions are uploaded; a fresh R process
#' loads the stored bytes, scores the samples and must give the very same numbers, or nothing is
#' logged.
#'
#' A binomial, Poisson or other generalised linear model predicts on the scale of its link, as
#' [stats::predict.glm()] does, unless `predict_args = list(type = "response")` is given.
#'
#' @param reg A registry from [sfr_model_registry()], or a connection.
#' @param model A fitted model: any R object that can be saved and predicts.
#' @param model_name Name of the model. New names make a new model.
#' @param version_name Name of the version; `V1`, `V2`, ... in order when `NULL`. A name is never
#'   used twice.
#' @inheritParams sfr_predict_local
#' @param conda_deps,pip_requirements,python_version What the version's `environment.yml` asks for
#'   besides R and the packages the model needs: entries for conda and pip, and a Python version.
#' @param conda_channel Channel named in it; the registry's, else conda-forge.
#' @param pin_versions `TRUE` asks in it for the very versions of R and packages.
#' @param target_platforms,resource_constraint Kept with the version for its
#'   export to other platforms; they change nothing here.
#' @param comment A text about the version.
#' @param metrics A named list of numbers or texts.
#' @param sample_input A data frame of a few rows as they will be scored; when `NULL` the model's
#'   own training rows, where they are found.
#' @param training_dataset The data frame the model was trained on, from a dataset.
#' @param task One of `TABULAR_REGRESSION`, `TABULAR_BINARY_CLASSIFICATION`,
#'   `TABULAR_MULTI_CLASSIFICATION`, `TABULAR_RANKING` and `UNKNOWN`.
#' @param unknown_levels Named texts, `"as_na"` or `"refuse"`: what a value outside the levels of an
#'   input column is. Refused by default; with `"as_na"` it counts as missing.
#' @param nullable Named logicals: whether input columns may be missing, where the answer the
#'   server finds by trying is not wanted, such as `c(hp = FALSE)`.
#' @param slim `TRUE` leaves out what predicting does not need, such as residuals, the training rows
#'   and the environment a formula kept, if the sample rows are predicted bit for bit without it;
#'   otherwise the whole model is logged, and a message says so.
#' @param ... Not used: other arguments are named in a message and ignored.
#' @returns The version, of class `sfr_model_version`, invisibly: a list with `model_name`,
#'   `version_name` and `reg`.
#' @export
#' @examples
#' \dontrun{
#' model <- lm(mpg ~ wt + hp + cyl, data = mtcars)
#' mv <- sfr_log_model(
#'   reg,
#'   model = model,
#'   model_name = "MTCARS_MPG",
#'   input_cols = list(wt = "double", hp = "double", cyl = "integer"),
#'   output_cols = list(prediction = "double")
#' )
#' }
sfr_log_model <- function(reg, model, model_name, version_name = NULL, predict_fn = "predict",
                          predict_pkgs = character(0), predict_body = NULL, input_cols = NULL,
                          output_cols = NULL, conda_deps = NULL, conda_channel = NULL,
                          pip_requirements = NULL,
                          target_platforms = "SNOWPARK_CONTAINER_SERVICES", comment = NULL,
                          metrics = NULL, sample_input = NULL, training_dataset = NULL,
                          pin_versions = TRUE, task = NULL, user_files = NULL,
                          code_paths = NULL, resource_constraint = NULL, python_version = NULL,
                          predict_args = list(), nullable = NULL, unknown_levels = NULL,
                          rows = c("same", "free"), slim = FALSE,
                          ...) {
  at <- context(reg)
  check_log_name(model_name)
  check_model(model)
  rows <- if (missing(rows)) "same" else check_choice(rows, c("same", "free"))
  spec <- predict_spec(predict_fn, predict_pkgs, predict_body, predict_args,
    user_files = user_files, code_paths = code_paths
  )
  check_plain_args(spec$args)
  check_flag(slim)
  sent <- check_predict(model, spec)
  spec <- made_ready(spec, model)
  named <- c(names(sample_input), names(training_dataset), names(input_cols))
  spec$packages <- union(spec$packages, check_travels(model, spec, named, sent))
  outputs <- contract_columns(output_cols)
  given <- contract_columns(input_cols)
  if (!is.null(spec$body)) {
    columns <- c(vapply(given %||% list(), `[[`, "", "name"), names(sample_input))
    check_closure(spec$body, c(spec$packages, required_pkgs(model)), columns)
  }
  say_dropped(names(list(...)), names(formals(sfr_log_model)), predict_arguments(model))
  warn_dataset(training_dataset)
  warned <- warn_link_scale(model, spec)
  warn_conda(spec, conda_deps, check_flag(pin_versions))

  samples <- choose_samples(model, spec, given, sample_input, training_dataset)
  inputs <- with_unknown(complete_inputs(given, samples, model, spec), unknown_levels)
  samples <- score_samples(model, spec, samples, inputs)
  stored <- if (slim) slimmed(model, spec, samples) else model
  request <- list(
    version_name = check_string(version_name, null = TRUE),
    files = upload_files(at$conn, stored, spec, samples),
    inputs = wire_contract(inputs), outputs = wire_contract(outputs), rows = rows,
    nullable = as_object(check_nullable(nullable)),
    predict = list(
      fn = spec$fn, packages = I(spec$packages), args = as_object(keep_doubles(spec$args))
    ),
    sample_origin = samples$origin, comment = check_comment(comment),
    metrics = as_object(check_metrics(metrics)), tags = as_object(NULL), task = check_task(task),
    options = as_object(compact(list(
      conda_deps = conda_deps, conda_channel = choose_channel(reg, conda_channel),
      conda_channel_strict = conda_policy(reg)$strict, pip_requirements = pip_requirements,
      target_platforms = target_platforms,
      pin_versions = pin_versions,
      resource_constraint = resource_constraint, python_version = python_version
    ))),
    client = client_environment(model, spec)
  )
  logged <- if (identical(stored, model)) {
    post_version(reg, model_name, request)
  } else {
    post_slimmed(reg, model_name, request, model)
  }
  say_notes(as.character(unlist(logged$notes)), samples$why, warned)
  version <- new_model_version(reg, logged)
  say("Logged {full_name_of(logged)} version {version$version_name}.")
  if (isFALSE(logged$is_default)) {
    say(c(i = "The default version is another; {.fn sfr_set_default_model_version} makes it this."))
  }
  invisible(version)
}

# What the server noted, but for what was said already: why no row was scored, and, where `linked`,
# that the answers are on the scale of the link. That no row could be scored is a warning.
say_notes <- function(notes, why, linked) {
  unproven <- grepl("only known to load", notes, fixed = TRUE)
  if (is.null(why)) warn_texts(notes[unproven]) else warn_unscored(why)
  notes <- notes[!unproven]
  say_texts(if (linked) grep("scale of the link", notes, value = TRUE, invert = TRUE) else notes)
}

# The request, and once more when the answer was lost: under one key both are the same request.
post_version <- function(reg, model_name, request, call = caller_env()) {
  key <- list("Idempotency-Key" = new_key())
  send <- function() {
    resp <- api_model(reg, "POST", model_name, "versions",
      json = request, headers = key, call = call
    )
    read_json(resp, call)
  }
  tryCatch(send(), modelyard_unavailable = function(e) {
    # The server's own refusal has a status; only silence leaves open whether it was done.
    if (!is.null(e$status)) rlang::cnd_signal(e)
    send()
  })
}

# The slimmed model; where a fresh worker has other numbers than the whole one, the whole one.
post_slimmed <- function(reg, model_name, request, model, call = caller_env()) {
  whole <- function(e) {
    why <- conditionMessage(e)
    say(c(
      i = "The whole model is logged: a fresh R process could not do with the slimmed one.", "{why}"
    ))
    request$files$model <- upload_object(context(reg)$conn, model, call)
    post_version(reg, model_name, request, call)
  }
  tryCatch(
    post_version(reg, model_name, request, call),
    modelyard_verification_failed = whole, modelyard_model_error = whole,
    modelyard_model_rejected = whole, modelyard_invalid_signature = whole
  )
}

# Upload what a version is made of: list(model, body, samples, predictions, ...) of digests.
upload_files <- function(conn, model, spec, samples, call = caller_env()) {
  say_author_files(spec$files)
  own <- lapply(spec$files, \(path) {
    api_json(conn, "POST", "artifacts", file = path, call = call)$digest
  })
  compact(c(own, list(
    model = upload_object(conn, model, call),
    body = if (!is.null(spec$body)) upload_object(conn, spec$body, call),
    samples = if (!is.null(samples$rows)) upload_frame(conn, samples$rows, call),
    predictions = if (!is.null(samples$predictions)) upload_frame(conn, samples$predictions, call)
  )))
}

upload_object <- function(conn, object, call) {
  path <- save_object(object, call)
  on.exit(unlink(path))
  api_json(conn, "POST", "artifacts", file = path, call = call)$digest
}

upload_frame <- function(conn, frame, call) {
  path <- tempfile("modelyard-", fileext = ".rds")
  on.exit(unlink(path))
  writeBin(write_frame(frame), path)
  api_json(conn, "POST", "artifacts", file = path, call = call)$digest
}

new_model_version <- function(reg, about) {
  structure(
    list(
      model_name = about$model, version_name = about$version, py_model_version = NULL,
      py_registry = NULL, reg = reg, about = about
    ),
    class = c("sfr_model_version", "list")
  )
}

full_name_of <- function(about) paste(c(about$database, about$schema, about$model), collapse = ".")

#' @export
format.sfr_model_version <- function(x, ...) {
  about <- x$about
  side <- function(columns) {
    paste(vapply(columns, \(column) paste0(column$name, " ", column$type), ""), collapse = ", ")
  }
  c(
    "<sfr_model_version>",
    paste0("  model:   ", full_name_of(about)),
    paste0("  version: ", x$version_name, if (isTRUE(about$is_default)) " (default)"),
    if (length(about$aliases) > 0) {
      paste0("  aliases: ", paste(unlist(about$aliases), collapse = ", "))
    },
    if (nzchar(about$kind %||% "")) paste0("  task:    ", about$kind),
    paste0("  takes:   ", side(about$signature$inputs)),
    paste0("  gives:   ", side(about$signature$outputs)),
    if (!is.null(about$contents)) paste0("  holds:   ", contents_text(about$contents)),
    if (identical(about$checks$verified, "load")) {
      "  checked: that it loads; no row could be scored"
    },
    if (nzchar(about$comment %||% "")) paste0("  comment: ", about$comment)
  )
}

# What the scanner found in its bytes, in a line.
contents_text <- function(contents) {
  size <- format(structure(contents$unpacked_bytes, class = "object_size"),
    units = "auto", standard = "SI"
  )
  kept <- vapply(contents$rows, \(kept) paste0(kept$path, " (", kept$rows, " rows)"), "")
  paste(c(
    paste0(contents$verdict, ", ", size),
    if (length(kept) > 0) paste("rows in", paste(utils::head(kept, 2), collapse = ", "))
  ), collapse = "; ")
}

#' @export
print.sfr_model_version <- function(x, ...) print_lines(x)
