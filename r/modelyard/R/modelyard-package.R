#' modelyard: log, deploy and score R models
#'
#' Connect with [sfr_connect()], open a registry with [sfr_model_registry()], put a fitted model
#' in with [sfr_log_model()] and score rows with [sfr_predict()]. Everything else is a verb on
#' one of those two objects.
#'
#' # Options
#'
#' * `modelyard.quiet`: `TRUE` silences messages about what was done.
#' * `modelyard.bin`: path of the `modelyard` command that starts the local account.
#' * `modelyard.timeout_s`: seconds to wait for the server's answer (no limit by default).
#' * `snowflakeR.lowercase_columns`: `TRUE` lower-cases the column names [sfr_query()] returns.
#' * `snowflakeR.preserve_write_case`: `FALSE` upper-cases the column names
#'   [sfr_write_table()] writes.
#'
#' # Conditions
#'
#' Every error has the class `modelyard_error` and one that names its code, such as
#' `modelyard_missing_column` or `modelyard_not_found`, with the server's message.
#' Its fields `hint`, `details` (a data frame of column, row and reason) and `request_id` say more.
#'
#' @keywords internal
#' @importFrom rlang %||% caller_arg caller_env
"_PACKAGE"

# What must not be kept inside the objects a user holds: a connection's secret would otherwise be
# saved with any workspace, or any model fitted where the connection is in scope.
the <- new.env(parent = emptyenv())
the$tokens <- list()
the$said <- character()
the$signatures <- list()
