# Smooths: loess, smooth.spline, ppr; gam of mgcv and of gam.

model_task.loess <- function(model) "regression"
model_task.ppr <- function(model) "regression"

training_frame.loess <- function(model, args = list()) {
  kept <- as.data.frame(model$x)
  wanted <- predictors(model, args)
  if (all(wanted %in% names(kept))) kept[wanted] else training_frame.default(model, args)
}

# smooth.spline was given two vectors, so its one column is called x; it answers a list of x and y.
score.smooth.spline <- function(model, rows, args = list()) {
  clean_call(quote(predict), list(x = quote(rows$x)), args, model, rows)$y
}
predictors.smooth.spline <- function(model, args = list()) "x"
training_frame.smooth.spline <- function(model, args = list()) data.frame(x = as.numeric(model$x))
model_task.smooth.spline <- function(model) "regression"

# gam and bam name their raw columns, and keep a few values of each. They turn text into factors,
# so a level they do not know would be NA with no more than a warning.
required_pkgs.gam <- function(model) c("mgcv", formula_packages(model_terms(model)))

# Of rows that all lack a value predict() makes another number of columns than of others.
score.gam <- function(model, rows, args = list()) {
  answer <- score.default(model, rows, args)
  columns <- response_columns(model)
  if (is.null(columns) || !identical(args$type, "response") || !all(is.na(unlist(answer)))) {
    return(answer)
  }
  nothing <- matrix(NA_real_, nrow(rows), columns)
  if (is.list(answer)) lapply(answer, function(part) nothing) else nothing
}

# How many columns the response of a family has that are not as many as its linear predictors, or
# NULL: the classes with a probability each, the one mean of what has zeros of its own.
response_columns <- function(model) {
  switch(sub("[^A-Za-z ].*", "", model$family$family),
    multinom = model$family$nlp + 1,
    "Ordered Categorical" = length(model$family$getTheta()) + 2,
    ziplss = 1
  )
}

# The chance to survive, the response of Cox's model, depends on the time of a row.
predictors.gam <- function(model, args = list()) {
  # An offset that was an argument is none of predict(), unlike one in the formula.
  columns <- columns_of_code(list(model$pred.formula), model)
  timed <- model$family$family == "Cox PH" && identical(args$type, "response")
  if (timed) union(variables(stats::formula(model)[[2]]), columns) else columns
}

training_frame.gam <- function(model, args = list()) {
  frame <- training_frame.default(model, args)
  if (NROW(frame) > 0) frame else few_values(model$var.summary[predictors(model, args)], model)
}

# The least, the middle and the greatest of each numeric column; of a factor its one value. Of
# logicals and dates the numbers are kept, too, so that the terms have to say what is one.
few_values <- function(summary, model) {
  usable <- vapply(names(summary), function(name) {
    x <- summary[[name]]
    is_number <- is.null(dim(x)) && length(x) == 3 && is.double(column_of_terms(name, model))
    is.factor(x) || is_number
  }, NA)
  if (length(summary) > 0 && all(usable)) as.data.frame(lapply(summary, rep_len, 3))
}

known_levels.gam <- function(model, args = list()) {
  found <- known_levels.default(model, args)
  kept <- categories(model$var.summary)
  kept <- kept[setdiff(names(kept), names(found))]
  c(found, kept)
}

model_task.gam <- function(model) {
  family <- model$family$family
  if (family == "Cox PH") {
    return("survival")
  }
  if (isTRUE(response_columns(model) > 1)) "multiclass" else model_task.glm(model)
}

predict_types.gam <- function(model) c("link", "terms", "iterms", "response", "lpmatrix")

# gamm() answers a list of an lme and a gam; the gam predicts.
score.gamm <- function(model, rows, args = list()) score(model$gam, rows, args)
predictors.gamm <- function(model, args = list()) predictors(model$gam, args)
training_frame.gamm <- function(model, args = list()) training_frame(model$gam, args)
known_levels.gamm <- function(model, args = list()) known_levels(model$gam, args)
required_pkgs.gamm <- function(model) required_pkgs(model$gam)
model_task.gamm <- function(model) model_task(model$gam)
predict_types.gamm <- function(model) predict_types(model$gam)

# gam of the package gam.
required_pkgs.Gam <- function(model) "gam"
