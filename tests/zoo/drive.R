# Rscript drive.R <folder of the zoo> <family>: fits, logs and asks every model of a family, and
# tells for every case what was given, what plain R says, and what the local and the in-account
# path say. One JSON object a line and model; numbers as hexadecimal text, so no bit is lost.

arguments <- commandArgs(trailingOnly = TRUE)
for (file in c("entry.R", "cases.R", paste0(arguments[2], ".R"))) {
  source(file.path(arguments[1], file), encoding = "UTF-8")
}
options(modelyard.quiet = TRUE)
conn <- modelyard::sfr_connect()
reg <- modelyard::sfr_model_registry(conn, "ZOO", toupper(arguments[2]))

quietly <- function(expr) suppressMessages(suppressWarnings(expr))

# What plain R answered, as columns. The names are those ruling 13 gives: a vector is `prediction`,
# the columns of a matrix keep their names.
plain_columns <- function(answer) {
  if (is.data.frame(answer)) {
    return(as.list(answer))
  }
  if (is.matrix(answer) && ncol(answer) > 1) {
    names <- colnames(answer)
    if (is.null(names)) names <- paste0("prediction_", seq_len(ncol(answer)))
    return(stats::setNames(lapply(seq_len(ncol(answer)), \(j) answer[, j]), names))
  }
  list(prediction = if (is.factor(answer)) answer else as.vector(answer))
}

ask_r <- function(entry, model, rows) {
  tryCatch(
    list(columns = plain_columns(quietly(entry$r(model, rows)))),
    error = function(e) list(error = conditionMessage(e))
  )
}

ask_path <- function(expr) {
  tryCatch(
    list(columns = as.list(quietly(expr))),
    modelyard_error = function(e) list(code = sub("^modelyard_", "", class(e)[1])),
    error = function(e) list(error = conditionMessage(e))
  )
}

# Columns as the driver's reader takes them: values as text, NULL for NA.
told_columns <- function(columns) {
  unname(Map(told_column, columns, enc2utf8(as.character(names(columns)))))
}

told_column <- function(x, name) {
  if (inherits(x, "difftime") || is.object(x) && is.list(x)) stop("no plain column: ", name)
  missing <- if (is.double(x)) is.na(x) & !is.nan(x) else is.na(x)
  text <- switch(kind_of(x),
    factor = ,
    string = enc2utf8(as.character(x)),
    date = ,
    timestamp = ,
    integer = ,
    double = sprintf("%a", as.double(x)),
    boolean = as.character(x),
    stop("no plain column: ", name)
  )
  text <- as.list(text)
  text[missing] <- list(NULL)
  list(
    name = name, kind = kind_of(x), values = unname(text),
    levels = if (is.factor(x)) as.list(levels(x)), ordered = is.ordered(x)
  )
}

told <- function(answer) {
  if (!is.null(answer$columns)) answer$columns <- told_columns(answer$columns)
  answer
}

# Which columns may be missing: plain R answers one row when the first row lacks that one.
nullable_columns <- function(entry, model) {
  vapply(names(entry$rows), function(name) {
    if (entry$missing == "refused") {
      return(FALSE)
    }
    row <- entry$rows[1, , drop = FALSE]
    row[[name]][1] <- NA
    columns <- ask_r(entry, model, row)$columns
    !is.null(columns) && (entry$answer_rows == "free" || all(lengths(columns) == 1))
  }, NA)
}

# What the product knows of a model without asking it; its generics dispatch in its namespace.
told_by <- function(generic, ...) {
  home <- asNamespace("modelyard")
  do.call(get(generic, home), list(...), envir = home)
}

drive <- function(name, entry) {
  started <- proc.time()[["elapsed"]]
  for (package in entry$pkgs) quietly(library(package, character.only = TRUE))
  set.seed(1)
  model <- quietly(entry$fit())
  expected <- ask_r(entry, model, entry$rows)
  if (!is.null(expected$error)) stop("plain R cannot score the entry's rows: ", expected$error)
  version <- quietly(modelyard::sfr_log_model(
    reg, model, toupper(name),
    predict_fn = entry$fn, predict_pkgs = entry$pkgs, predict_body = entry$body,
    predict_args = entry$args, rows = entry$answer_rows, sample_input = entry$rows,
    input_cols = modelyard::sfr_input_cols(entry$rows)
  ))
  service <- paste0("zoo_", name)
  if (entry$service) {
    quietly(modelyard::sfr_deploy_model(reg, toupper(name), "V1", service_name = service))
  }
  frame <- structure(expected$columns,
    class = "data.frame", row.names = .set_row_names(length(expected$columns[[1]]))
  )
  ask <- list(
    local = function(rows) {
      modelyard::sfr_predict_local(
        model, rows,
        predict_fn = entry$fn, predict_pkgs = entry$pkgs, predict_body = entry$body,
        predict_args = entry$args, rows = entry$answer_rows,
        input_cols = modelyard::sfr_input_cols(entry$rows),
        output_cols = modelyard::sfr_output_cols(frame)
      )
    },
    account = function(rows) answer_only(modelyard::sfr_predict(reg, toupper(name), rows)),
    service = function(rows) {
      answer_only(modelyard::sfr_predict(reg, toupper(name), rows, service_name = service))
    }
  )
  # sfr_predict() gives the columns of the rows first; the answer's are the last, and where a name
  # is taken, it has another.
  outputs <- names(expected$columns)
  answer_only <- function(found) {
    if (entry$answer_rows == "same") found <- utils::tail(as.list(found), length(outputs))
    taken <- names(entry$rows)
    if (identical(names(found), make.unique(c(taken, outputs))[-seq_along(taken)])) {
      names(found) <- outputs
    }
    found
  }
  if (!entry$service) ask$service <- NULL
  cases <- lapply(cases_of(entry$rows, entry$new_text), function(case) {
    lacks <- vapply(as.list(case$typed), \(x) anyNA(if (is.double(x)) x[!is.nan(x)] else x), NA)
    list(
      given = told_columns(as.list(case$given)), rows = nrow(case$given), code = case$code,
      missing = as.list(names(case$typed)[lacks]),
      nan = as.list(names(case$typed)[vapply(as.list(case$typed), \(x) is.double(x) && any(is.nan(x)), NA)]),
      r = if (is.null(case$code)) told(ask_r(entry, model, case$typed)),
      paths = lapply(ask, \(path) told(ask_path(path(case$given))))
    )
  })
  list(
    name = name, class = as.list(class(model)), packages = as.list(entry$pkgs),
    version = version$about, service = if (entry$service) service,
    nullable = as.list(nullable_columns(entry, model)), cases = cases,
    kinds = lapply(entry$rows, kind_of), outputs = as.list(names(expected$columns)),
    expects = entry[c("independent", "deterministic", "answer_rows", "missing", "infinite")],
    knows = list(
      columns = as.list(told_by("predictors", model, entry$args)),
      levels = lapply(told_by("known_levels", model, entry$args), \(one) as.list(one$levels)),
      task = told_by("model_task", model)
    ),
    seconds = proc.time()[["elapsed"]] - started
  )
}

for (name in ls(zoo, sorted = TRUE)) {
  line <- tryCatch(drive(name, zoo[[name]]), error = function(e) {
    list(name = name, failed = paste(conditionMessage(e), collapse = " "))
  })
  cat(jsonlite::toJSON(line, auto_unbox = TRUE, null = "null", digits = NA), "\n", sep = "")
}
