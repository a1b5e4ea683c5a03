# Models of tidymodels: workflow, model_fit of parsnip. They take their rows as `new_data`.

score.workflow <- function(model, rows, args = list()) {
  clean_call(quote(stats::predict), list(new_data = quote(rows)), args, model, rows)
}
score.model_fit <- score.workflow

required_pkgs.workflow <- function(model) "workflows"
required_pkgs.model_fit <- function(model) "parsnip"
