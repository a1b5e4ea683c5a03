# Smooths: gam of mgcv.

required_pkgs.gam <- function(model) "mgcv"
