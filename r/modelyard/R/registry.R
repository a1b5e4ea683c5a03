#' Open a registry
#'
#' A registry is the database and schema that hold models. Verbs of models take a registry, or a
#' connection, whose own database and schema are then meant.
#'
#' @param conn A connection, from [sfr_connect()].
#' @param database,schema Where its models are; the connection's when `NULL`.
#' @param options Kept with the registry; not used.
#' @param conda_channel Name of a conda channel, kept with each version for its export to
#'   other platforms. The environment variable `SFR_CONDA_CHANNEL` when `NULL`.
#' @param conda_channel_strict `TRUE` refuses to log from another channel. Also with the
#'   environment variable `SFR_CONDA_CHANNEL_STRICT`.
#' @returns A registry, of class `sfr_model_registry`.
#' @export
#' @examples
#' \dontrun{
#' reg <- sfr_model_registry(conn, database = "ML_DB", schema = "MODELS")
#' }
sfr_model_registry <- function(conn, database = NULL, schema = NULL, options = NULL,
                               conda_channel = NULL, conda_channel_strict = FALSE) {
  check_connection(conn)
  policy <- conda_policy()
  conda_channel <- check_string(conda_channel, null = TRUE) %||% policy$channel
  strict <- check_flag(conda_channel_strict) || policy$strict
  if (strict && is.null(conda_channel)) {
    abort_code("invalid_value", c(
      "{.arg conda_channel_strict} needs a {.arg conda_channel}.",
      i = "Give one, or set {.envvar SFR_CONDA_CHANNEL}."
    ))
  }
  structure(
    list(
      conn = conn,
      database = check_string(database, null = TRUE) %||% conn$database,
      schema = check_string(schema, null = TRUE) %||% conn$schema,
      options = options, conda_channel = conda_channel, conda_channel_strict = strict
    ),
    class = c("sfr_model_registry", "list")
  )
}

# The conda channel of a registry, else of the environment, and whether no other may be used.
conda_policy <- function(reg = NULL) {
  if (inherits(reg, "sfr_model_registry")) {
    return(list(channel = reg$conda_channel, strict = isTRUE(reg$conda_channel_strict)))
  }
  channel <- Sys.getenv("SFR_CONDA_CHANNEL")
  strict <- tolower(Sys.getenv("SFR_CONDA_CHANNEL_STRICT")) %in% c("true", "1", "yes")
  list(channel = if (nzchar(channel)) channel, strict = strict)
}

#' @export
format.sfr_model_registry <- function(x, ...) {
  c(
    "<sfr_model_registry>",
    paste0("  account: ", x$conn$account),
    paste0("  holds:   ", x$database, ".", x$schema),
    if (!is.null(x$conda_channel)) paste0("  channel: ", x$conda_channel)
  )
}

#' @export
print.sfr_model_registry <- function(x, ...) print_lines(x)

# One call about a model: /models/{model}/... in the registry's database and schema.
api_model <- function(reg, method, model, after = NULL, query = list(), ..., call = caller_env()) {
  at <- context(reg, call)
  query <- c(query, list(database = at$database, schema = at$schema))
  api(at$conn, method, c("models", model, after), query = query, ..., call = call)
}

# One call about a version; without one, the default version is meant.
api_version <- function(reg, method, ref, after = NULL, ..., call = caller_env()) {
  api_model(reg, method, ref$model, c("versions", ref$version %||% "DEFAULT", after), ...,
    call = call
  )
}

# A model's name with its database and schema, for messages.
full_name <- function(reg, model) {
  at <- context(reg)
  paste(c(at$database, at$schema, model), collapse = ".")
}
