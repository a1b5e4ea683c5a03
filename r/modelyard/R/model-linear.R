# Linear models and their kin: lm, glm, rlm, rq.

required_pkgs.rlm <- function(model) "MASS"
required_pkgs.rq <- function(model) "quantreg"

model_task.lm <- function(model) "regression"
