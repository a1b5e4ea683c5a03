# Mixed and generalised least squares models: lme, gls.

required_pkgs.lme <- function(model) "nlme"
required_pkgs.gls <- function(model) "nlme"
