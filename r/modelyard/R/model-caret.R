# caret: train.

required_pkgs.train <- function(model) "caret"
