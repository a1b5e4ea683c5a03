#' Look at models
#'
#' `sfr_show_models()` and `sfr_models()` list a registry's models, `sfr_get_model()` looks at one,
#' `sfr_model_info()` lists those of a whole database, `sfr_delete_model()` deletes one with its
#' versions, unless something still uses them.
#'
#' @param reg A registry from [sfr_model_registry()], or a connection.
#' @param conn A connection, from [sfr_connect()].
#' @param model_name A model, also as `DB.SCHEMA.MODEL`.
#' @param database A database; the connection's when `NULL`.
#' @returns `sfr_show_models()`, `sfr_models()` and `sfr_model_info()` a data frame with a row for
#'   each model, `sfr_get_model()` a list of class `sfr_model`, `sfr_delete_model()` `TRUE`.
#' @name models
#' @examples
#' \dontrun{
#' sfr_show_models(reg)
#' sfr_get_model(reg, "MTCARS_MPG")$versions
#' }
NULL

#' @rdname models
#' @export
sfr_show_models <- function(reg) models_frame(list_models(reg))

#' @rdname models
#' @export
sfr_models <- function(reg) {
  found <- models_frame(list_models(reg))
  data.frame(
    name = found$name, comment = found$comment, default_version = found$default_version_name
  )
}

list_models <- function(reg, call = caller_env()) {
  at <- context(reg, call)
  query <- list(database = at$database, schema = at$schema)
  api_json(at$conn, "GET", "models", query = query, call = call)$models
}

models_frame <- function(models) {
  frame <- records(models, list(
    created_at = "", name = "", database = "", schema = "", comment = "", owner = "",
    default_version = "", versions = "", aliases = ""
  ))
  names(frame) <- c(
    "created_on", "name", "database_name", "schema_name", "comment", "owner",
    "default_version_name", "versions", "aliases"
  )
  frame
}

#' @rdname models
#' @export
sfr_model_info <- function(conn, model_name = NULL, database = NULL) {
  check_connection(conn)
  database <- check_string(database, null = TRUE) %||% conn$database
  if (is.null(database)) {
    abort_code("invalid_value", c(
      "The connection has no database.",
      i = "Give {.arg database}, or {.code sfr_use(conn, database = )} first."
    ))
  }
  frame <- models_frame(api_json(conn, "GET", "models", query = list(database = database))$models)
  if (is.null(model_name)) {
    return(frame)
  }
  found <- frame[tolower(frame$name) == tolower(check_string(model_name)), , drop = FALSE]
  row.names(found) <- NULL
  found
}

#' @rdname models
#' @export
sfr_get_model <- function(reg, model_name) {
  about <- read_json(api_model(reg, "GET", check_string(model_name)))
  structure(
    list(
      name = about$name, comment = about$comment %||% "",
      versions = as.character(unlist(about$versions)), default_version = about$default_version,
      py_model = NULL, py_registry = NULL, reg = reg, aliases = unlist(about$aliases), about = about
    ),
    class = c("sfr_model", "list")
  )
}

#' @rdname models
#' @export
sfr_delete_model <- function(reg, model_name) {
  api_model(reg, "DELETE", check_string(model_name))
  say("Deleted {full_name(reg, model_name)}.")
  invisible(TRUE)
}

#' @export
format.sfr_model <- function(x, ...) {
  aliases <- if (length(x$aliases) > 0) paste0(names(x$aliases), " -> ", x$aliases)
  c(
    "<sfr_model>",
    paste0("  model:    ", paste(c(x$about$database, x$about$schema, x$name), collapse = ".")),
    paste0("  versions: ", paste(x$versions, collapse = ", ")),
    paste0("  default:  ", x$default_version %||% ""),
    if (length(aliases) > 0) paste0("  aliases:  ", paste(aliases, collapse = ", ")),
    if (nzchar(x$comment)) paste0("  comment:  ", x$comment)
  )
}

#' @export
print.sfr_model <- function(x, ...) print_lines(x)
