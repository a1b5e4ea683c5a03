#' Versions and features
#'
#' @param conn A connection, from [sfr_connect()].
#' @returns `sfr_ml_version()` the version of this package, `sfr_snowflake_version()` the version of
#'   the account's server as a string, `sfr_check_features()` a data frame of `feature`,
#'   `min_version`, `available` and `installed`, `sfr_check_environment()` a list.
#' @name versions-of-software
#' @examples
#' sfr_ml_version()
#' sfr_check_environment()$r_version
NULL

#' @rdname versions-of-software
#' @export
sfr_ml_version <- function() utils::packageVersion("modelyard")

#' @rdname versions-of-software
#' @export
sfr_snowflake_version <- function(conn) {
  check_connection(conn)
  as.character(read_account(session_of(conn))$version)
}

#' @rdname versions-of-software
#' @export
sfr_check_features <- function(conn = NULL) {
  if (!is.null(conn)) check_connection(conn)
  features <- c("tables", "registry", "aliases", "services", "rest")
  own <- as.character(utils::packageVersion("modelyard"))
  data.frame(
    feature = features, min_version = "0.1.0", available = TRUE,
    installed = if (is.null(conn)) own else sfr_snowflake_version(conn)
  )
}

#' @rdname versions-of-software
#' @export
sfr_check_environment <- function() {
  list(
    environment = "local",
    r_version = as.character(getRversion()),
    package_version = as.character(utils::packageVersion("modelyard")),
    home = account_home(),
    server_command = server_command(),
    running = !is.null(running_account(account_home()))
  )
}
