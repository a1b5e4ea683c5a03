# Trees and their ensembles: rpart, randomForest, ranger, gbm.

required_pkgs.rpart <- function(model) "rpart"
required_pkgs.ranger <- function(model) "ranger"
required_pkgs.gbm <- function(model) "gbm"

required_pkgs.randomForest <- function(model) "randomForest"

known_levels.randomForest <- function(model, args = list()) {
  levels <- Filter(is.character, as.list(model$forest$xlevels))
  lapply(levels, category)
}
