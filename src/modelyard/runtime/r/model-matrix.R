# Models of a matrix: glmnet, cv.glmnet.

required_pkgs.glmnet <- function(model) "glmnet"
required_pkgs.cv.glmnet <- function(model) "glmnet"
