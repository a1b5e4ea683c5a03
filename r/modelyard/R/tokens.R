#' Make, rotate and revoke tokens
#'
#' A token lets its holder do what its role allows, in the parts of the account it is for. One of
#' the role `caller` may only send rows to services: that is the kind to give to an application.
#'
#' @param conn A connection from [sfr_connect()], or a registry.
#' @param name Name of the token. `sfr_rotate_pat()` and `sfr_revoke_pat()` take its id as well.
#' @param role Role of the token: `"caller"`, `"reader"`, `"author"`, `"deployer"`, `"auditor"` or
#'   `"admin"`.
#' @param service,model,schema,database Names of the services, models, schemas and databases the
#'   token is for. With none of them it is for the whole account, which a `caller`'s cannot be.
#' @param days Days until it expires, at most 90; the account's default (30) when `NULL`.
#' @param user Who acts with it, as the audit log shows; its name when `NULL`.
#' @param networks Ranges of addresses it may be used from, such as `"10.0.0.0/8"`; any when `NULL`.
#' @param overlap_hours Hours for which the old secret still works; with 0 it ends at once.
#' @returns `sfr_create_pat()` and `sfr_rotate_pat()` a list with the `id` and the `token` itself,
#'   which is shown by `$token` and never printed; `sfr_show_pats()` a data frame;
#'   `sfr_revoke_pat()` `TRUE`, invisibly.
#' @name tokens
#' @examples
#' \dontrun{
#' made <- sfr_create_pat(conn, "shiny-app", service = "mpg_service", networks = "10.0.0.0/8")
#' Sys.setenv(SNOWFLAKE_PAT = made$token)
#'
#' made <- sfr_rotate_pat(conn, "shiny-app", overlap_hours = 48)
#' sfr_revoke_pat(conn, "shiny-app")
#' }
NULL

#' @rdname tokens
#' @export
sfr_create_pat <- function(conn, name, role = "caller", service = NULL, days = NULL, model = NULL,
                           schema = NULL, database = NULL, user = NULL, networks = NULL) {
  at <- context(conn)
  grants <- c(
    grants_of("service", service), grants_of("model", model),
    grants_of("schema", schema), grants_of("database", database)
  )
  body <- compact(list(
    name = check_string(name), role = check_string(role), grants = as.list(grants),
    networks = as.list(check_texts(networks)), user = check_string(user, null = TRUE),
    days = check_count(days, null = TRUE)
  ))
  # Bare names are completed with the database and schema of the connection, once and for all.
  place <- list(database = at$database, schema = at$schema)
  new_pat(api_json(at$conn, "POST", "tokens", query = place, json = body))
}

grants_of <- function(kind, names, call = caller_env()) {
  names <- check_texts(names, arg = kind, call = call)
  if (length(names) > 0) paste(kind, names)
}

check_texts <- function(x, arg = caller_arg(x), call = caller_env()) {
  if (!is.null(x) && (!is.character(x) || anyNA(x))) {
    abort_code("invalid_value", "{.arg {arg}} must be texts, not {.cls {class(x)}}.", call = call)
  }
  x
}

new_pat <- function(made) structure(made, class = c("sfr_pat", "list"))

#' @rdname tokens
#' @export
sfr_show_pats <- function(conn) {
  found <- lapply(api_json(context(conn)$conn, "GET", "tokens")$tokens, \(token) {
    several <- c("grants", "networks")
    token[several] <- lapply(token[several], \(x) paste(unlist(x), collapse = ", "))
    token
  })
  records(found, list(
    id = "", name = "", user = "", role = "", grants = "", networks = "", created_at = "",
    expires_at = "", last_used_at = "", revoked_at = "", replaced_by = ""
  ))
}

#' @rdname tokens
#' @export
sfr_rotate_pat <- function(conn, name, overlap_hours = 24, days = NULL) {
  made <- new_pat(api_json(
    context(conn)$conn, "POST", c("tokens", check_string(name), "rotate"),
    json = compact(list(overlap_hours = overlap_hours, days = check_count(days, null = TRUE)))
  ))
  say("The token {.val {made$name}} has a new secret; the old one works for {overlap_hours} h.")
  made
}

#' @rdname tokens
#' @export
sfr_revoke_pat <- function(conn, name) {
  api(context(conn)$conn, "DELETE", c("tokens", check_string(name)))
  say("The token {.val {name}} no longer works.")
  invisible(TRUE)
}

#' @export
format.sfr_pat <- function(x, ...) {
  grants <- unlist(x$grants)
  networks <- unlist(x$networks)
  c(
    "<sfr_pat>",
    paste0("  name:    ", x$name), paste0("  id:      ", x$id), paste0("  user:    ", x$user),
    paste0("  role:    ", x$role),
    if (length(grants) > 0) paste0("  for:     ", paste(grants, collapse = ", ")),
    if (length(networks) > 0) paste0("  from:    ", paste(networks, collapse = ", ")),
    paste0("  expires: ", x$expires_at),
    "  token:   <token>"
  )
}

#' @export
print.sfr_pat <- function(x, ...) print_lines(x)
