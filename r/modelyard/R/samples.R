# Sample rows: what the author's session predicts for them is what every worker must predict.

most_samples <- 32L

# list(rows, columns, origin): rows of sample_input, else of the training dataset, else of the
# model's own frame. NULL rows when there are none: the server then makes some up from the
# signature, whose columns may still be known.
choose_samples <- function(model, spec, inputs, sample_input, training_dataset,
                           call = caller_env()) {
  given <- list(sample_input = sample_input, training_dataset = training_dataset)
  for (origin in names(given)) {
    rows <- given[[origin]]
    if (is.null(rows)) next
    check_frame(rows, origin, call = call)
    if (nrow(rows) == 0) next
    rows <- needed_columns(as.data.frame(rows), model, spec, inputs, origin, call)
    return(list(rows = spread_rows(rows), columns = rows, origin = origin))
  }
  rows <- own_rows(model, spec, inputs)
  list(rows = if (NROW(rows) > 0) rows, columns = rows, origin = "model_frame")
}

# The model's own training rows. A contract may have columns the model does not use: they are made
# up, as they change nothing, and the author is told.
own_rows <- function(model, spec, inputs) {
  rows <- sample_frame(model, most_samples, spec$args)
  needed <- predictors(model, spec$args)
  unused <- Filter(\(column) !column$name %in% c(names(rows), needed), inputs)
  if (is.null(rows) || length(unused) == 0) {
    return(rows)
  }
  if (length(needed) > 0) {
    names <- vapply(unused, `[[`, "", "name")
    say(c(i = "{.arg input_cols} has {.val {names}}, which the model does not use."))
  }
  for (column in unused) rows[[column$name]] <- made_up(column, nrow(rows))
  rows
}

made_up <- function(column, n) {
  switch(column$type,
    double = as.numeric(seq_len(n)),
    integer = seq_len(n),
    boolean = rep(TRUE, n),
    date = structure(as.numeric(seq_len(n)), class = "Date"),
    timestamp = structure(as.numeric(seq_len(n)), class = c("POSIXct", "POSIXt"), tzone = "UTC"),
    rep(c(unlist(column$levels), "a")[[1]], n)
  )
}

# Without a contract: the columns the model reads and those a predict function names, else all but
# the labels.
needed_columns <- function(rows, model, spec, inputs, origin, call) {
  if (!is.null(inputs)) {
    return(rows)
  }
  read <- predictors(model, spec$args)
  if (asked_plainly(spec)) read <- union(read, intersect(names(rows), doubtful_names(model)))
  absent <- if (asked_plainly(spec)) setdiff(read, names(rows))
  if (length(absent) > 0) {
    abort_code("missing_column", c(
      "{.arg {origin}} lacks {.field {absent}}, which the model needs.",
      i = "It has {.field {names(rows)}}."
    ), call = call)
  }
  known <- union(names(sample_frame(model, 1L, spec$args)), read)
  others <- setdiff(names(rows), c(known, attr(rows, "label_cols")))
  if (length(known) == 0 || !all(known %in% names(rows))) {
    return(rows[c(intersect(known, names(rows)), others)])
  }
  rows[c(known, if (!is.null(spec$body)) others_read(rows, known, others, model, spec, origin))]
}

# Those of the other columns that a predict function reads: it names them or, where it answers
# otherwise without them, reads them by no name, as rowSums() does, or by a model that it holds.
others_read <- function(rows, known, others, model, spec, origin) {
  few <- spread_rows(rows)
  answer <- \(columns) tryCatch(run_predict(model, few[columns], spec)$frame, error = \(e) NULL)
  read <- intersect(others, words_of(spec$body))
  whole <- answer(c(known, others))
  same <- \(columns) is.null(whole) || identical(answer(columns), whole)
  if (!same(c(known, read))) {
    read <- Filter(\(name) name %in% read || !same(c(known, setdiff(others, name))), others)
    # Of columns that only count together, each may be missed alone.
    if (!same(c(known, read))) read <- others
  }
  unused <- setdiff(others, read)
  if (length(unused) > 0) {
    say(c(i = "{.arg {origin}} has {.field {unused}}, which neither the model nor the predict
      function reads: {?it is no input/they are no inputs}."))
  }
  read
}

spread_rows <- function(rows) {
  n <- nrow(rows)
  rows <- rows[unique(round(seq(1, n, length.out = min(n, most_samples)))), , drop = FALSE]
  row.names(rows) <- NULL
  rows
}

# The inputs of the contract, with the levels, order and zones of the model, else the sample rows.
complete_inputs <- function(inputs, samples, model, spec, call = caller_env()) {
  if (is.null(inputs)) {
    if (is.null(samples$columns)) {
      return(NULL)
    }
    inputs <- contract_columns(sfr_input_cols(samples$columns))
  }
  known <- known_levels(model, spec$args)
  if (!identical(samples$origin, "model_frame")) check_guessed(model, known, samples$columns, call)
  with_known_levels(with_levels_of(inputs, samples$columns), known, asked_plainly(spec))
}

# Of the levels of factors these keep nothing: they are read from the data that the call names, as
# it is now. Where the author's own rows have others, nobody knows which were trained on.
check_guessed <- function(model, known, rows, call) {
  guessed <- if (!tells_levels(model)) setdiff(names(known), names(kept_levels(model)))
  for (name in intersect(guessed, names(rows))) {
    given <- levels(rows[[name]])
    if (is.null(given) || identical(intersect(known[[name]]$levels, given), given)) next
    abort_code("invalid_signature", c(
      "The given rows have the levels {.val {given}} in {.field {name}}, and the data that the
        model's call names has {.val {known[[name]]$levels}}: the model has kept neither.",
      i = "Give rows with the levels it was trained with, and no other data of that name."
    ), call = call)
  }
}

# Sample rows as the contract has them, and their predictions here. Rows that came from the model
# itself may not fit the contract its author wrote, or a predict function of the author's; then
# there are none, and `why` says so. What R's own predict() cannot score of them it cannot serve.
score_samples <- function(model, spec, samples, inputs, call = caller_env()) {
  if (is.null(samples$rows) || is.null(inputs)) {
    check_options(inputs, spec, call)
    return(list(origin = NULL, rows = NULL, predictions = NULL))
  }
  checked <- FALSE
  tryCatch(
    {
      rows <- check_inputs(samples$rows, inputs, call = call)
      checked <- TRUE
      answer <- run_predict(model, rows, spec, call)
      check_contrasts(model, spec, samples$rows, rows, answer, call)
      list(origin = samples$origin, rows = rows, predictions = answer$frame)
    },
    modelyard_error = function(e) {
      named_by_author <- samples$origin != "model_frame"
      hopeless <- inherits(e, c("modelyard_missing_package", "modelyard_model_rejected"))
      if (named_by_author || hopeless) rlang::cnd_signal(e)
      if (checked && asked_plainly(spec)) refuse_own_rows(e, call)
      list(origin = NULL, rows = NULL, predictions = NULL, why = conditionMessage(e))
    }
  )
}

refuse_own_rows <- function(e, call) {
  why <- conditionMessage(e)
  abort_code("model_error", c(
    "The rows the model was trained on cannot be scored: {why}",
    i = "If others can be, give {.arg sample_input}, a few rows as they will be scored."
  ), call = call)
}

# R makes columns of factors by options(contrasts =), which some models do not keep. Without rows
# that are scored here and in a worker nobody would see that.
check_options <- function(inputs, spec, call) {
  usual <- c("contr.treatment", "contr.poly")
  factors <- Filter(\(column) identical(column$type, "factor"), inputs)
  own <- !identical(unname(getOption("contrasts")), usual)
  if (own && length(factors) > 0 && asked_plainly(spec)) {
    abort_code("model_rejected", c(
      "Your session has {.code options(contrasts =)} of its own, which no worker has, and no rows
        were found that would show whether the model depends on them.",
      i = "Give {.arg sample_input}, a few rows as they will be scored."
    ), call = call)
  }
}

# Contrasts that were set on a factor itself, which no contract holds, must make no difference.
check_contrasts <- function(model, spec, own, rows, answer, call) {
  set <- Filter(\(name) !is.null(attr(own[[name]], "contrasts")), names(rows))
  if (length(set) == 0) {
    return(invisible())
  }
  for (name in set) attr(rows[[name]], "contrasts") <- attr(own[[name]], "contrasts")
  if (!identical(run_predict(model, rows, spec, call)$frame, answer$frame)) {
    abort_code("model_rejected", c(
      "The model predicts by the contrasts that were set on {.field {set}} of its data, which do
        not travel with rows.",
      i = "Fit it with {.code contrasts =}, or with {.code C({set[1]}, ...)} in its formula."
    ), call = call)
  }
}

warn_unscored <- function(why) {
  if (!is.null(why)) {
    cli::cli_warn(c(
      "The model's own training rows could not be scored here: {why}",
      i = "Give {.arg sample_input}, a few rows as they will be scored."
    ))
  }
}
