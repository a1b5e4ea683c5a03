#' Work with a connection
#'
#' A connection has a context, its database, schema, warehouse and role, which `conn$database`
#' and so on read. Every copy of a connection shares it.
#'
#' @param conn A connection, from [sfr_connect()].
#' @param warehouse,database,schema The new context; `NULL` leaves it.
#' @param ... A connection, or nothing.
#' @returns `sfr_use()` and `sfr_refresh()` the connection, `sfr_status()` and `sfr_disconnect()`
#'   `TRUE`, `sfr_has_connection()` whether a connection is open and its server answers.
#' @export
#' @examples
#' \dontrun{
#' conn <- sfr_use(conn, database = "ML_DB", schema = "MODELS")
#' }
sfr_use <- function(conn, warehouse = NULL, database = NULL, schema = NULL) {
  session <- session_of(conn)
  session$warehouse <- check_string(warehouse, null = TRUE) %||% session$warehouse
  session$database <- check_string(database, null = TRUE) %||% session$database
  session$schema <- check_string(schema, null = TRUE) %||% session$schema
  invisible(conn)
}

#' @rdname sfr_use
#' @export
sfr_refresh <- function(conn) {
  session <- session_of(conn)
  if (!is.null(session$home)) find_again(session)
  read_account(session)
  invisible(conn)
}

#' @rdname sfr_use
#' @export
sfr_status <- function(conn) {
  about <- read_account(session_of(conn))
  url <- conn$account
  version <- about$version
  say("Connected to {.url {url}} (Modelyard {version}) as {.val {about$actor}}.")
  invisible(TRUE)
}

#' @rdname sfr_use
#' @export
sfr_disconnect <- function(conn) {
  check_connection(conn)
  forget(conn$session)
  invisible(TRUE)
}

#' @rdname sfr_use
#' @export
sfr_has_connection <- function(...) {
  conns <- Filter(\(x) inherits(x, "sfr_connection"), list(...))
  place <- if (length(conns) == 0) {
    return(!is.null(running_account(account_home())))
  } else {
    conns[[1]]$session
  }
  !is.null(place$url) &&
    tryCatch(is.list(read_account(place)), modelyard_error = function(e) FALSE)
}

#' Read a notebook's configuration file
#'
#' Reads the keys `warehouse`, `database`, `schema` and `role` under `context:` of a YAML file and
#' makes them the connection's context. Placeholders such as `<YOUR_DATABASE>` are skipped.
#' Without a file at the default path the connection stays as it is.
#'
#' @param conn A connection, from [sfr_connect()].
#' @param config_path Path of the file. One that is given and missing is an error.
#' @returns The connection, invisibly, with the file's content as `$notebook_config`.
#' @export
#' @examples
#' \dontrun{
#' conn <- sfr_load_notebook_config(conn)
#' }
sfr_load_notebook_config <- function(conn, config_path = "notebook_config.yaml") {
  session <- session_of(conn)
  explicit <- !missing(config_path)
  config_path <- check_string(config_path)
  if (!file.exists(config_path)) {
    if (explicit) abort_no_config(config_path)
    say(c(i = "There is no {.file {config_path}}: the connection stays as it is."))
    return(invisible(conn))
  }
  config <- read_yaml(config_path)
  if (is.null(config$context)) {
    cli::cli_warn("{.file {config_path}} has no {.field context}: the connection stays as it is.")
    return(invisible(conn))
  }
  for (key in live_fields) {
    value <- config$context[[key]]
    if (is_filled_in(value)) assign(key, value, envir = session)
  }
  conn$notebook_config <- config
  invisible(conn)
}

# A text that is not a placeholder such as <YOUR_DATABASE>.
is_filled_in <- function(value) rlang::is_string(value) && !grepl("^(<.*>)?$", value)

abort_no_config <- function(path, call = caller_env()) {
  template <- paste0(path, ".template")
  found <- c(template, sub("(\\.ya?ml)$", "_template\\1", path), paste0(path, ".example"))
  found <- found[file.exists(found)]
  abort_code("not_found", c(
    "There is no {.file {path}}.",
    i = if (length(found) > 0) "Copy {.file {found[1]}} to it and fill it in."
  ), call = call)
}

read_yaml <- function(path, call = caller_env()) {
  rlang::check_installed("yaml", "to read a notebook's configuration.")
  tryCatch(
    yaml::read_yaml(path),
    error = function(e) {
      abort_text("malformed_request", paste0(path, " is not YAML."),
        hint = conditionMessage(e), call = call
      )
    }
  )
}

live_fields <- c("database", "schema", "warehouse", "role")

#' @export
`$.sfr_connection` <- function(x, name) x[[name]]

#' @export
`[[.sfr_connection` <- function(x, i, ...) {
  plain <- unclass(x)
  if (is.character(i) && i %in% live_fields) plain$session[[i]] else plain[[i]]
}

#' @export
format.sfr_connection <- function(x, ...) {
  session <- x$session
  c(
    "<sfr_connection>",
    paste0("  account:  ", session$url %||% "(closed)"),
    paste0("  user:     ", x$user %||% ""),
    paste0("  context:  ", paste(c(x$database, x$schema), collapse = ".")),
    paste0("  role:     ", x$role %||% ""),
    "  token:    <token>"
  )
}

#' @export
print.sfr_connection <- function(x, ...) print_lines(x)

#' @export
format.sfr_session <- function(x, ...) paste0("<sfr_session ", x$url %||% "closed", ">")

#' @export
print.sfr_session <- function(x, ...) print_lines(x)

#' @export
`$<-.sfr_connection` <- function(x, name, value) { # nolint
  if (name %in% live_fields) {
    assign(name, value, envir = session_of(x))
    return(x)
  }
  kept <- class(x)
  x <- unclass(x)
  x[[name]] <- value
  structure(x, class = kept)
}
