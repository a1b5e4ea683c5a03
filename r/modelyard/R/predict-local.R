#' Predict in this session
#'
#' Runs the very code the registry's workers run, on a model in this session. When a contract is
#' given, rows and predictions are checked against it as they would be after logging. Without one,
#' rows come to the model as it was trained, as far as it tells: with its levels in their order, in
#' the zone of its times, as its types of numbers, and without other columns.
#'
#' @param model A fitted model.
#' @param new_data A data frame of rows to score.
#' @param predict_fn Name of the function to call: `"predict"`, `"forecast"` or another one.
#' @param predict_pkgs Names of packages to attach first.
#' @param predict_body A function of your own, from [sfr_predict_body()].
#' @param input_cols,output_cols The contract: named lists of types, see [sfr_input_cols()].
#' @param predict_args A named list of further arguments for `predict()`, such as
#'   `list(type = "response")`.
#' @param user_files Files that predict reads: a named list of folders, such as
#'   `list(lookup = "rates.csv")`, each a vector of paths (`*` and `?` match several), or a plain
#'   vector. Predict finds them read-only below `getOption("modelyard.user_files")`.
#' @param code_paths Files and folders of code. The R files are sourced before the model predicts,
#'   in the order of their names; all of it lies below `getOption("modelyard.code_paths")`.
#' @param rows `"same"` when each row has its prediction, `"free"` when the answer has rows of
#'   its own.
#' @returns A data frame of predictions. A vector becomes the column `prediction`.
#' @export
#' @examples
#' model <- lm(mpg ~ wt + hp, data = mtcars)
#' sfr_predict_local(model, data.frame(wt = c(2.5, 3), hp = c(110, 150)))
sfr_predict_local <- function(model, new_data, predict_fn = "predict",
                              predict_pkgs = character(0), predict_body = NULL,
                              input_cols = NULL, output_cols = NULL, predict_args = list(),
                              rows = c("same", "free"), user_files = NULL, code_paths = NULL) {
  force(model)
  rows <- if (missing(rows)) "same" else check_choice(rows, c("same", "free"))
  spec <- predict_spec(predict_fn, predict_pkgs, predict_body, predict_args,
    user_files = user_files, code_paths = code_paths
  )
  check_predict(model, spec)
  spec <- made_ready(spec, model)
  inputs <- contract_columns(input_cols)
  outputs <- contract_columns(output_cols)
  new_data <- check_local_rows(new_data, inputs, model, spec)
  if (nrow(new_data) == 0) {
    return(empty_prediction(model, spec, outputs))
  }
  answer <- run_predict(model, new_data, spec)
  warn_texts(answer$warnings)
  if (is.null(outputs)) {
    return(check_row_count(answer$frame, nrow(new_data), rows))
  }
  check_outputs(answer$frame, outputs, nrow(new_data), rows)
}

# How to predict, as contract.R takes it.
predict_spec <- function(predict_fn, predict_pkgs, predict_body, predict_args, user_files = NULL,
                         code_paths = NULL, call = caller_env()) {
  if (length(predict_args) > 0 && !rlang::is_named(predict_args)) {
    abort_code("invalid_value", "{.arg predict_args} must be a named list.", call = call)
  }
  list(
    fn = check_string(predict_fn, call = call),
    packages = check_texts(predict_pkgs, call = call),
    args = as.list(predict_args),
    body = body_function(predict_body, call),
    files = author_files(user_files, code_paths, call)
  )
}

# The rows to score. Without a contract, what the model kept of its training rows says which
# columns it needs: a column that is missing would be looked for among the session's variables.
check_local_rows <- function(new_data, inputs, model, spec, call = caller_env()) {
  check_frame(new_data, "new_data", call = call)
  if (!is.null(inputs)) {
    return(check_inputs(new_data, local_inputs(inputs, new_data, model, spec), call = call))
  }
  if (!asked_plainly(spec)) {
    return(new_data)
  }
  needed <- predictors(model, spec$args)
  trained <- sample_frame(model, 1L, spec$args)
  if (length(needed) > 0) {
    found <- match_columns(names(new_data), needed, call = call)
    names(new_data)[found] <- needed
    # In the model's own order, since some classes take a matrix by position; what it does not know
    # is not for it to see.
    known <- c(names(trained), doubtful_names(model))
    new_data <- new_data[union(needed, intersect(known, names(new_data)))]
  }
  # R would read the bits of a 64-bit integer as those of a double.
  wide <- vapply(new_data, inherits, NA, "integer64")
  new_data[wide] <- lapply(new_data[wide], wide_integers)
  as_trained(new_data, as.list(trained), model, spec, call)
}

# Columns as those the model was trained on, where that is known and no value is lost by it: with
# other levels, another zone or another type of number, some models give another number and say
# nothing. `trained` is one row of that training. What cannot be made so is for R to judge, but for
# levels that the model does not know.
as_trained <- function(rows, trained, model, spec, call) {
  for (name in intersect(names(trained), names(rows))) {
    rows[[name]] <- of_its_type(rows[[name]], trained[[name]], model)
  }
  known <- known_levels(model, spec$args)
  factors <- categories(trained)
  factors[names(known)] <- known
  for (name in intersect(names(factors), names(rows))) {
    found <- factors[[name]]
    is_text <- is.character(rows[[name]]) || is.factor(rows[[name]])
    if (is.null(found$levels) || !(is_text || name %in% names(known))) next
    column <- c(list(name = name), found)
    own <- attr(rows[[name]], "contrasts")
    rows[[name]] <- check_column(rows[[name]], column, call, "The rows do not fit the model")
    attr(rows[[name]], "contrasts") <- own
  }
  rows
}

of_its_type <- function(x, trained, model) {
  if (inherits(trained, "POSIXct")) {
    return(if (has_zone(model)) in_zone_of(x, trained) else x)
  }
  if (!is_bare(trained)) {
    return(x)
  }
  if (is.character(trained)) text_of(x) else number_of_its_type(x, trained)
}

in_zone_of <- function(x, trained) {
  if (inherits(x, "POSIXct")) attr(x, "tzone") <- zone_of(trained)
  x
}

text_of <- function(x) if (is.factor(x)) as.character(x) else x

number_of_its_type <- function(x, trained) {
  if (!is_bare(x)) {
    return(x)
  }
  if (is.integer(x) && is.double(trained)) {
    return(as.double(x))
  }
  if (is.double(x) && is.integer(trained) && is_whole(x)) as.integer(x) else x
}

is_bare <- function(x) is.atomic(x) && !is.object(x) && is.null(dim(x))

# Whether numbers are the same as integers of R.
is_whole <- function(x) {
  all(is_missing(x) | (is.finite(x) & x == trunc(x) & abs(x) <= .Machine$integer.max))
}

# What prophet keeps is the clock of its training rows without their zone.
has_zone <- function(model) UseMethod("has_zone")

#' @export
has_zone.default <- function(model) TRUE

#' @export
has_zone.prophet <- function(model) FALSE

# The contract as logging would complete it from the model's own frame; what that does not say,
# the rows do.
local_inputs <- function(inputs, new_data, model, spec) {
  samples <- list(columns = sample_frame(model, 1L, spec$args))
  inputs <- complete_inputs(inputs, samples, model, spec)
  open <- vapply(inputs, \(column) is.null(column$levels) && is.null(column$tz), NA)
  inputs[open] <- with_levels_of(inputs[open], new_data)
  inputs
}

# A worker attaches what the class needs; here its packages are loaded, and only those are attached
# whose functions the formula names.
run_predict <- function(model, rows, spec, call = caller_env()) {
  in_words_of_the_verb(
    {
      attach_packages(spec$packages)
      with_author_files(spec$files, {
        if (asked_plainly(spec)) {
          load_required(model)
          attach_packages(formula_packages(model_terms(model)))
          check_predictable(model, spec$args)
        }
        predict_frame(model, rows, spec)
      })
    },
    call
  )
}

load_required <- function(model) {
  needed <- setdiff(required_pkgs(model), loadedNamespaces())
  if (length(needed) > 0) {
    check_packages(needed)
    load_packages(needed)
  }
}

# No rows, no predictions, but their columns: as declared, or as a row of the model's own gives.
empty_prediction <- function(model, spec, outputs, call = caller_env()) {
  if (!is.null(outputs)) {
    return(empty_frame(outputs))
  }
  sample <- sample_frame(model, 1L, spec$args)
  if (NROW(sample) == 0) {
    return(data.frame(prediction = numeric()))
  }
  run_predict(model, sample, spec, call)$frame[0, , drop = FALSE]
}
