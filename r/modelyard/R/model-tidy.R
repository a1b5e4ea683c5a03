# tidymodels: workflow, model_fit of parsnip, objects of hardhat, recipe, vetiver_model. They take
# their rows as `new_data`; a blueprint has the columns they were trained on, without rows.

score.model_fit <- function(model, rows, args = list()) {
  clean_call(quote(predict), list(new_data = quote(rows)), args, model, rows)
}
score.workflow <- score.model_fit
score.hardhat_model <- score.model_fit

# A model_fit knows its columns by the formula it was fitted with, or by their names.
predictors.model_fit <- function(model, args = list()) {
  found <- predictors.default(model$preproc, args)
  if (length(found) > 0) found else as.character(model$preproc$x_var)
}
training_frame.model_fit <- function(model, args = list()) {
  wanted <- predictors(model, args)
  kept <- training_frame(model$fit, args)
  if (all(wanted %in% names(kept))) kept[wanted] else typed_columns(wanted, model$preproc)
}
known_levels.model_fit <- function(model, args = list()) known_levels.default(model$preproc, args)
required_pkgs.model_fit <- function(model) {
  unique(c("parsnip", unlist(model$spec$method$libs), required_pkgs(model$fit)))
}
model_task.model_fit <- function(model) mode_task(model$spec$mode, model$lvl)
predict_types.model_fit <- function(model) {
  c(
    "numeric", "class", "prob", "conf_int", "pred_int", "quantile", "time", "survival",
    "linear_pred", "hazard", "raw"
  )
}

mode_task <- function(mode, levels) {
  switch(mode,
    regression = "regression",
    classification = class_task(levels),
    "censored regression" = "survival",
    ""
  )
}

# A workflow is a model_fit behind a blueprint, whose recipe needs its own packages.
training_frame.workflow <- function(model, args = list()) {
  as.data.frame(workflow_blueprint(model)$ptypes$predictors)
}
required_pkgs.workflow <- function(model) {
  recipe <- workflow_blueprint(model)$recipe
  unique(c("workflows", if (!is.null(recipe)) required_pkgs(recipe), required_pkgs(model$fit$fit)))
}
model_task.workflow <- function(model) model_task(model$fit$fit)
predict_types.workflow <- function(model) predict_types(model$fit$fit)
workflow_blueprint <- function(model) model$pre$mold$blueprint

training_frame.hardhat_model <- function(model, args = list()) {
  as.data.frame(model$blueprint$ptypes$predictors)
}
required_pkgs.hardhat_model <- function(model) {
  recipe <- model$blueprint$recipe
  unique(c("hardhat", if (!is.null(recipe)) required_pkgs(recipe)))
}

predictors.workflow <- function(model, args = list()) names(training_frame(model, args))
predictors.hardhat_model <- predictors.workflow
known_levels.workflow <- function(model, args = list()) categories(training_frame(model, args))
known_levels.hardhat_model <- known_levels.workflow

# A recipe transforms: its answer are the columns it bakes.
score.recipe <- function(model, rows, args = list()) {
  clean_call(quote(recipes::bake), list(new_data = quote(rows)), args, model, rows)
}

predictors.recipe <- function(model, args = list()) {
  roles <- model$var_info
  unique(roles$variable[roles$source == "original" & !roles$role %in% "outcome"])
}

training_frame.recipe <- function(model, args = list()) {
  wanted <- predictors(model, args)
  levels <- model$orig_lvls
  kinds <- model$var_info
  columns <- lapply(stats::setNames(wanted, wanted), function(name) {
    known <- levels[[name]]
    if (isTRUE(known$factor)) {
      return(factor(levels = known$values, ordered = isTRUE(known$ordered)))
    }
    empty_of_type(unlist(kinds$type[match(name, kinds$variable)]))
  })
  structure(columns, class = "data.frame", row.names = integer())
}

empty_of_type <- function(types) {
  known <- list(
    double = double(), numeric = double(), integer = integer(), logical = logical(),
    date = structure(double(), class = "Date"),
    datetime = structure(double(), class = c("POSIXct", "POSIXt"), tzone = "UTC")
  )
  found <- intersect(types, names(known))
  if (length(found) > 0) known[[found[1]]] else character()
}

# Text becomes a factor of the values there were; a new one would be NA with no more than a
# warning. step_novel() is the author's choice for those.
known_levels.recipe <- function(model, args = list()) {
  found <- categories(training_frame(model, args))
  texts <- Filter(function(known) is.character(known$values), model$orig_lvls)
  for (name in setdiff(intersect(names(texts), predictors(model)), names(found))) {
    found[[name]] <- category(texts[[name]]$values, "string")
  }
  for (step in model$steps) {
    open <- if (inherits(step, "step_novel")) intersect(names(step$objects), names(found))
    for (name in open) found[[name]] <- category(NULL, "string")
  }
  found
}
model_task.recipe <- function(model) "transform"
required_pkgs.recipe <- function(model) {
  unique(c("recipes", unlist(lapply(model$steps, recipe_step_packages))))
}

# A step names the packages it needs, or is of a package that extends recipes.
recipe_step_packages <- function(step) {
  named <- step$required_pkgs
  if (is.null(named)) step$pkgs else named
}

# A vetiver_model is a model with its prototype beside it.
score.vetiver_model <- function(model, rows, args = list()) score(model$model, rows, args)
predictors.vetiver_model <- function(model, args = list()) names(training_frame(model, args))
training_frame.vetiver_model <- function(model, args = list()) {
  if (is.data.frame(model$prototype)) {
    return(as.data.frame(model$prototype))
  }
  training_frame(model$model, args)
}
known_levels.vetiver_model <- function(model, args = list()) {
  inner <- known_levels(model$model, args)
  own <- categories(training_frame(model, args))
  c(inner, own[setdiff(names(own), names(inner))])
}
required_pkgs.vetiver_model <- function(model) {
  unique(c(required_pkgs(model$model), model$metadata$required_pkgs))
}
model_task.vetiver_model <- function(model) model_task(model$model)
predict_types.vetiver_model <- function(model) predict_types(model$model)
rowwise.vetiver_model <- function(model, args = list()) rowwise(model$model, args)
