#' Make and revoke tokens
#'
#' A token lets its holder do what its role allows. One of the role `caller` may only send rows to
#' one service: that is the kind to give to an application.
#'
#' @param conn A connection from [sfr_connect()], or a registry.
#' @param name Name of the token. `sfr_rotate_pat()` and `sfr_revoke_pat()` take its id as well.
#' @param role Role of the token: `"caller"`, `"reader"`, `"author"`, `"deployer"`, ...
#' @param service Name of the service a `caller` may ask.
#' @param days Days until it expires; the account's default when `NULL`.
#' @returns `sfr_create_pat()` and `sfr_rotate_pat()` a list with the `id` and the `token` itself,
#'   which is shown by `$token` and never printed; `sfr_show_pats()` a data frame;
#'   `sfr_revoke_pat()` `TRUE`, invisibly.
#' @name tokens
#' @examples
#' \dontrun{
#' made <- sfr_create_pat(conn, "shiny-app", service = "mpg_service")
#' Sys.setenv(SNOWFLAKE_PAT = made$token)
#' }
NULL

#' @rdname tokens
#' @export
sfr_create_pat <- function(conn, name, role = "caller", service = NULL, days = NULL) {
  at <- context(conn)
  service <- check_string(service, null = TRUE)
  # A service is named in full, so that the token means this one wherever it is used.
  if (!is.null(service) && !grepl(".", service, fixed = TRUE)) {
    service <- paste(c(at$database, at$schema, service), collapse = ".")
  }
  new_pat(api_json(at$conn, "POST", "tokens", json = compact(list(
    name = check_string(name), role = check_string(role), service = service,
    days = check_count(days, null = TRUE)
  ))))
}

new_pat <- function(made) structure(made, class = c("sfr_pat", "list"))

#' @rdname tokens
#' @export
sfr_show_pats <- function(conn) {
  found <- list_tokens(conn)
  records(found, list(
    id = "", name = "", role = "", service = "", created_at = "", expires_at = "", revoked_at = ""
  ))
}

#' @rdname tokens
#' @export
sfr_rotate_pat <- function(conn, name) {
  old <- find_pat(conn, name)
  made <- new_pat(api_json(context(conn)$conn, "POST", "tokens", json = compact(list(
    name = old$name, role = old$role, service = old$service
  ))))
  api(context(conn)$conn, "DELETE", c("tokens", as.character(old$id)))
  say("The token {.val {old$name}} was replaced; the old one no longer works.")
  made
}

#' @rdname tokens
#' @export
sfr_revoke_pat <- function(conn, name) {
  old <- find_pat(conn, name)
  api(context(conn)$conn, "DELETE", c("tokens", as.character(old$id)))
  say("The token {.val {old$name}} no longer works.")
  invisible(TRUE)
}

list_tokens <- function(conn, call = caller_env()) {
  api_json(context(conn, call)$conn, "GET", "tokens", call = call)$tokens
}

# The one token with this id or name that still works.
find_pat <- function(conn, name, call = caller_env()) {
  name <- check_string(as.character(name), call = call)
  found <- Filter(\(token) is.null(token$revoked_at), list_tokens(conn, call))
  by_id <- Filter(\(token) identical(as.character(token$id), name), found)
  if (length(by_id) == 0) by_id <- Filter(\(token) identical(token$name, name), found)
  if (length(by_id) == 1) {
    return(by_id[[1]])
  }
  if (length(by_id) == 0) abort_code("not_found", "There is no token {.val {name}}.", call = call)
  ids <- vapply(by_id, \(token) as.character(token$id), "")
  abort_code("conflict", c(
    "{length(ids)} tokens are called {.val {name}}.",
    i = "Name one by its id: {.val {ids}}."
  ), call = call)
}

#' @export
format.sfr_pat <- function(x, ...) {
  c(
    "<sfr_pat>",
    paste0("  name:    ", x$name), paste0("  id:      ", x$id), paste0("  role:    ", x$role),
    if (!is.null(x$service)) paste0("  service: ", x$service),
    if (!is.null(x$expires_at)) paste0("  expires: ", x$expires_at),
    "  token:   <token>"
  )
}

#' @export
print.sfr_pat <- function(x, ...) print_lines(x)
