# caret: train, which wraps a model of another package, and knn3.

predictors.train <- function(model, args = list()) {
  if (is.null(model_terms(model))) names(training_frame(model, args)) else predictors.default(model)
}

# The training rows are kept beside the outcome, or else the columns without rows.
training_frame.train <- function(model, args = list()) {
  kept <- model$trainingData
  if (is.null(model_terms(model))) {
    frame <- if (is.null(kept)) model$ptype else kept
    return(as.data.frame(frame)[setdiff(names(frame), c(".outcome", ".weights"))])
  }
  raw_rows(predictors(model, args), kept, model)
}

predictors.train.recipe <- function(model, args = list()) predictors(model$recipe, args)
training_frame.train.recipe <- function(model, args = list()) {
  kept <- model$trainingData
  if (is.null(kept)) training_frame(model$recipe, args) else kept[predictors(model, args)]
}

required_pkgs.train <- function(model) {
  recipe <- if (!is.null(model$recipe)) required_pkgs(model$recipe)
  unique(c("caret", model$modelInfo$library, formula_packages(model_terms(model)), recipe))
}

model_task.train <- function(model) {
  if (identical(model$modelType, "Regression")) "regression" else class_task(model$levels)
}

predict_types.train <- function(model) c("raw", if (model_task(model) != "regression") "prob")

# Labels are those its model gives, which may draw them.
rowwise.train <- function(model, args = list()) {
  labels <- model_task(model) != "regression" && !identical(args$type, "prob")
  !labels || rowwise(model$finalModel, list(type = "class"))
}
score.train <- function(model, rows, args = list()) {
  drawn(model, args, score.default(model, rows, args))
}

# knn3 and knnreg keep the matrix they were trained on, and take another one by position. Of classes
# with equally many neighbours knn3 draws one.
score.knn3 <- function(model, rows, args = list()) {
  if (is.null(model_terms(model))) rows <- rows[colnames(model$learn$X)]
  drawn(model, args, score.default(model, rows, args))
}
score.knnreg <- score.knn3
rowwise.knn3 <- function(model, args = list()) !asks_class(args, "prob")

required_pkgs.knn3 <- function(model) "caret"
required_pkgs.knnreg <- required_pkgs.knn3
model_task.knn3 <- function(model) class_task(levels(model$learn$y))
model_task.knnreg <- function(model) "regression"

predictors.knn3 <- function(model, args = list()) {
  if (is.null(model_terms(model))) colnames(model$learn$X) else predictors.default(model, args)
}
predictors.knnreg <- predictors.knn3

training_frame.knn3 <- function(model, args = list()) {
  kept <- as.data.frame(model$learn$X)
  wanted <- predictors(model, args)
  if (all(wanted %in% names(kept))) kept[wanted] else training_frame.default(model, args)
}
training_frame.knnreg <- training_frame.knn3

# plsda takes the columns of its matrix by position, from any frame.
score.plsda <- function(model, rows, args = list()) {
  score.default(model, rows[predictors(model, args)], args)
}
predictors.plsda <- function(model, args = list()) rownames(model$coefficients)
training_frame.plsda <- function(model, args = list()) {
  stats::setNames(as.data.frame(unclass(model$model$x)), predictors(model, args))
}
required_pkgs.plsda <- function(model) c("pls", "caret", if (!is.null(model$probModel)) "klaR")
model_task.plsda <- function(model) class_task(model$obsLevels)
predict_types.plsda <- function(model) c("class", "prob", "raw")

# preProcess and dummyVars transform.
required_pkgs.preProcess <- function(model) "caret"
required_pkgs.dummyVars <- function(model) "caret"
model_task.preProcess <- function(model) "transform"
model_task.dummyVars <- function(model) "transform"
