# What R's own predict() gives, what sfr_predict_local() and sfr_predict() give, for every case:
# one JSON object a line, numbers as hexadecimal text so that no bit is lost on the way.

suppressMessages(library(modelyard))
set.seed(7)
n <- 80
train <- data.frame(
  x = rnorm(n), k = sample(1:9, n, TRUE), b = sample(c(TRUE, FALSE), n, TRUE),
  f = factor(sample(c("a", "b", "c"), n, TRUE), levels = c("c", "a", "b")),
  s = sample(c("u", "v"), n, TRUE),
  d = as.Date("2024-01-01") + sample(0:99, n, TRUE),
  t = as.POSIXct("2024-01-01", tz = "UTC") + sample(0:99999, n, TRUE)
)
train$y <- with(train, 2 * x - k + b + as.integer(f) + (s == "u") + as.numeric(d) / 99 + rnorm(n))
train$z <- train$y > median(train$y)
predictors <- train[c("x", "k", "b", "f", "s", "d", "t")]
models <- list(
  lm = lm(y ~ x + k + b + f + s + d + t, train),
  glm = glm(z ~ x + k + b + f + s, binomial, train)
)
arguments <- list(lm = list(), glm = list(type = "response"))

conn <- sfr_connect()
reg <- sfr_model_registry(conn, "FIDELITY", "MODELS")
for (name in names(models)) {
  inputs <- predictors[all.vars(delete.response(terms(models[[name]])))]
  suppressMessages(sfr_log_model(
    reg, models[[name]], toupper(name),
    input_cols = sfr_input_cols(inputs), sample_input = inputs[1:20, ],
    predict_args = arguments[[name]], output_cols = list(prediction = "double")
  ))
  suppressMessages(sfr_deploy_model(
    reg, toupper(name), "V1", service_name = paste0("fidelity_", name)
  ))
}

base <- data.frame(
  x = c(0.1, -1.5, 1 / 3), k = c(1L, 5L, 9L), b = c(TRUE, FALSE, TRUE),
  f = factor(c("a", "c", "b"), levels = c("c", "a", "b")), s = c("u", "v", "u"),
  d = as.Date(c("2024-01-05", "2024-02-29", "1969-12-31")),
  t = as.POSIXct(c("2024-01-01 12:00:00", "2024-03-31 02:30:00", "2023-12-31 23:59:59"), tz = "UTC")
)
with_column <- function(name, value) {
  rows <- base
  rows[[name]] <- value
  rows
}
cases <- list(
  plain = base,
  one_row = base[2, ],
  no_rows = base[0, ],
  na_double = with_column("x", c(NA, 1, 2)),
  na_integer = with_column("k", c(NA, 1L, 2L)),
  na_boolean = with_column("b", c(NA, TRUE, FALSE)),
  na_factor = with_column("f", factor(c(NA, "a", "b"), levels = c("c", "a", "b"))),
  na_string = with_column("s", c(NA, "u", "v")),
  na_date = with_column("d", as.Date(c(NA, "2024-01-05", "2024-01-06"))),
  nan = with_column("x", c(NaN, NA, 1)),
  infinite = with_column("x", c(Inf, -Inf, 1)),
  negative_zero = with_column("x", c(-0.0, 0.0, 5e-324)),
  integer_as_double = with_column("k", c(1, 5, 9)),
  integer_not_whole = with_column("k", c(1, 4.5, 9)),
  integer_too_large = with_column("k", c(1, 3e9, 9)),
  integer_is_r_na = with_column("k", c(1, -2147483648, 9)),
  double_as_integer = with_column("x", 1:3),
  number_as_text = with_column("x", c("1", "2", "3")),
  boolean_as_number = with_column("x", c(TRUE, FALSE, TRUE)),
  number_as_boolean = with_column("b", c(1, 0, 1)),
  na_as_text = with_column("x", rep("NA", 3)),
  factor_as_text = with_column("f", c("a", "c", "b")),
  factor_other_levels = with_column("f", factor(c("a", "c", "b"))),
  factor_dropped_levels = with_column("f", factor(c("b", "b", "b"))),
  unknown_level = with_column("f", c("a", "zzz", "b")),
  unknown_text = with_column("s", c("u", "w", "u")),
  missing_column = base[setdiff(names(base), "k")],
  extra_column = cbind(base, id = 1:3),
  other_order = base[rev(names(base))],
  other_case = stats::setNames(base, toupper(names(base))),
  duplicate_column = cbind(base, x = 1:3),
  date_as_number = with_column("d", c(1, 2, 3))
)

value_of <- function(expr) {
  tryCatch(
    {
      p <- suppressMessages(suppressWarnings(expr))
      p <- if (is.data.frame(p)) p$prediction else p
      list(values = ifelse(is.na(p) & !is.nan(p), "NA", sprintf("%a", unname(p))))
    },
    modelyard_error = function(e) list(code = sub("^modelyard_", "", class(e)[1])),
    error = function(e) list(error = conditionMessage(e))
  )
}
for (name in names(models)) {
  model <- models[[name]]
  inputs <- sfr_input_cols(predictors[all.vars(delete.response(terms(model)))])
  for (case in names(cases)) {
    rows <- cases[[case]]
    paths <- list(
      r = value_of(do.call(predict, c(list(model, newdata = rows), arguments[[name]]))),
      local = value_of(sfr_predict_local(
        model, rows, predict_args = arguments[[name]], input_cols = inputs,
        output_cols = list(prediction = "double")
      )),
      account = value_of(sfr_predict(reg, toupper(name), rows)),
      service = value_of(sfr_predict(
        reg, toupper(name), rows, service_name = paste0("fidelity_", name)
      ))
    )
    cat(jsonlite::toJSON(list(model = name, case = case, paths = paths), auto_unbox = FALSE), "\n")
  }
}
