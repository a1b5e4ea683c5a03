# Kernel machines: svm of e1071, ksvm of kernlab.

required_pkgs.svm <- function(model) "e1071"
