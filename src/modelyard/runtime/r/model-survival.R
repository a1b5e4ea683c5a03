# Survival: coxph, survreg.

required_pkgs.coxph <- function(model) "survival"
required_pkgs.survreg <- function(model) "survival"
