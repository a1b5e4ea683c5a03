#' snowflakeR: scripts run on Modelyard
#'
#' `library(snowflakeR)` attaches the verbs of the package modelyard, whose help they have. There is
#' nothing else in this package.
#'
#' @keywords internal
"_PACKAGE"
