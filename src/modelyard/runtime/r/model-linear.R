# Linear models and their kin: lm, mlm, glm and all built on them, rlm, lqs, nls, rq, earth, mda.

model_task.lm <- function(model) "regression"

# A proportion or a pair of counts is no class: the response has to be one of two.
model_task.glm <- function(model) {
  if (!any(model$family$family %in% c("binomial", "quasibinomial"))) {
    return("regression")
  }
  if (is.null(model$y) && is.null(model$model)) {
    return("") # it has not kept them
  }
  y <- if (is.null(model$y)) stats::model.response(model$model) else model$y
  two <- is.factor(y) || is.logical(y) || is.numeric(y) && is.null(dim(y)) && all(y %in% 0:1)
  if (two) "binary" else "regression"
}

required_pkgs.rlm <- function(model) "MASS"
required_pkgs.lqs <- function(model) "MASS"
model_task.lqs <- function(model) "regression"

required_pkgs.lmrob <- function(model) "robustbase"
required_pkgs.glmrob <- function(model) "robustbase"
required_pkgs.nlrob <- function(model) "robustbase"
required_pkgs.betareg <- function(model) "betareg"
required_pkgs.zeroinfl <- function(model) "pscl"
required_pkgs.hurdle <- function(model) "pscl"
model_task.lmrob <- function(model) "regression"
model_task.betareg <- model_task.lmrob
model_task.zeroinfl <- model_task.lmrob
model_task.hurdle <- model_task.lmrob

# nls: a variable of the formula that is no parameter and has a value per row is a column. The
# model keeps them all, also those the rows lack: predict() would silently take those.
predictors.nls <- function(model, args = list()) names(training_frame(model, args))

training_frame.nls <- function(model, args = list()) {
  names <- setdiff(all.vars(model$m$formula()[[3]]), names(model$m$getPars()))
  home <- model$m$getEnv()
  found <- lapply(stats::setNames(names, names), get0, envir = home)
  n <- length(model$m$resid())
  found <- Filter(function(x) is.atomic(x) && is.null(dim(x)) && length(x) == n, found)
  structure(found, class = "data.frame", row.names = .set_row_names(n))
}

model_task.nls <- function(model) "regression"

required_pkgs.rq <- function(model) union("quantreg", formula_packages(model_terms(model)))
required_pkgs.rqs <- required_pkgs.rq
required_pkgs.rqss <- required_pkgs.rq
model_task.rq <- function(model) "regression"
model_task.rqs <- model_task.rq
model_task.rqss <- model_task.rq
# What predict() itself looks for.
predictors.rqss <- function(model, args = list()) all.vars(str2lang(model$fake.formula))

# earth keeps no rows; without a formula it knows the names of the columns of its x.
required_pkgs.earth <- function(model) "earth"
predictors.earth <- function(model, args = list()) {
  if (is.null(model_terms(model))) model$namesx else predictors.default(model, args)
}
training_frame.earth <- function(model, args = list()) {
  if (!is.null(model_terms(model))) {
    return(training_frame.default(model, args))
  }
  # A factor among them has become several columns, and its levels are not told.
  if (all(colnames(model$dirs) %in% model$namesx)) number_columns(model$namesx)
}
model_task.earth <- function(model) {
  switch(length(model$levels) + 1L, "regression", "regression", "binary", "multiclass")
}

required_pkgs.mda <- function(model) "mda"
required_pkgs.mars <- required_pkgs.mda
required_pkgs.bruto <- required_pkgs.mda
score.bruto <- function(model, rows, args = list()) {
  clean_call(quote(predict), list(newdata = quote(as.matrix(rows))), args, model, rows)
}
tells_levels.mda <- function(model) FALSE
tells_levels.fda <- tells_levels.mda
model_task.mda <- function(model) class_task(rownames(model$means))
predict_types.mda <- function(model) {
  c("class", "variates", "posterior", "hierarchical", "weights")
}
predict_types.fda <- function(model) {
  c("class", "variates", "posterior", "hierarchical", "distances")
}

# Cumulative link models: a list of one element. Without the response the probabilities of all
# classes are given.
required_pkgs.clm <- function(model) "ordinal"
model_task.clm <- function(model) class_task(model$y.levels)

# Of equal probabilities predict() draws the class, as max.col() does.
rowwise.clm <- function(model, args = list()) !asks_class(args, "prob")
score.clm <- function(model, rows, args = list()) {
  drawn(model, args, score.default(model, rows, args))
}

# The scale and the thresholds that depend on a column have terms of their own.
predictors.clm <- function(model, args = list()) {
  code <- lapply(unclass(model)[c("terms", "S.terms", "nom.terms")], predict_code)
  columns_of_code(unlist(code), model)
}

# Columns of numbers, without rows.
number_columns <- function(names) {
  columns <- lapply(stats::setNames(names, names), function(name) double())
  structure(columns, class = "data.frame", row.names = integer())
}
