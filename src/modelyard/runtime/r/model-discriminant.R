# Discriminants, Bayes and the logistic kin of MASS and nnet.

required_pkgs.naiveBayes <- function(model) "e1071"
required_pkgs.multinom <- function(model) "nnet"
required_pkgs.nnet <- function(model) "nnet"
required_pkgs.lda <- function(model) "MASS"
required_pkgs.qda <- function(model) "MASS"
required_pkgs.polr <- function(model) "MASS"
