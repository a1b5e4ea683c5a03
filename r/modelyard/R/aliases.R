#' Point aliases at versions
#'
#' An alias is a name that moves: callers say `MTCARS_MPG@production` and get the version it
#' points at. Setting one that exists moves it in one step. `DEFAULT`, `FIRST` and `LAST` always
#' exist and cannot be set. Services that follow the alias answer with the version by the time
#' `sfr_set_model_alias()` returns; one that cannot goes on with what it had, and a warning says
#' why. Another warning tells what callers run into where the version before had another signature.
#'
#' @param conn A registry from [sfr_model_registry()], or a connection.
#' @param model_name A model, also as `DB.SCHEMA.MODEL`.
#' @param version_name A version, or another alias.
#' @param alias Name of the alias.
#' @param reg The same as `conn`, under the name the other verbs use.
#' @returns `TRUE`, invisibly; `sfr_show_model_aliases()` a data frame of `alias` and `version`.
#' @name aliases
#' @examples
#' \dontrun{
#' sfr_set_model_alias(reg, "MTCARS_MPG", "V2", "production")
#' sfr_unset_model_alias(reg, "MTCARS_MPG", "production")
#' }
NULL

#' @rdname aliases
#' @export
sfr_set_model_alias <- function(conn, model_name, version_name, alias, reg = NULL) {
  if (!missing(reg)) {
    return(with_conn(sys.call(), parent.frame()))
  }
  context(conn)
  ref <- model_ref(model_name, version_name, needed = TRUE)
  alias <- sub("^@", "", check_string(alias))
  resp <- api_model(conn, "PUT", ref$model, c("aliases", alias), json = list(version = ref$version))
  say("{full_name(conn, ref$model)}@{alias} is {ref$version}.")
  moved <- read_json(resp)
  warn_texts(moved$notes)
  for (service in moved$services) {
    if (!is.null(service$cause)) {
      warn_texts(paste0("The service ", service$service, " does not follow: ", service$cause))
    }
  }
  invisible(TRUE)
}

#' @rdname aliases
#' @export
sfr_unset_model_alias <- function(conn, model_name, alias, reg = NULL) {
  if (!missing(reg)) {
    return(with_conn(sys.call(), parent.frame()))
  }
  context(conn)
  model_name <- check_string(model_name)
  alias <- sub("^@", "", check_string(alias))
  api_model(conn, "DELETE", model_name, c("aliases", alias))
  say("{full_name(conn, model_name)} has no alias {alias} any more.")
  invisible(TRUE)
}

#' @rdname aliases
#' @export
sfr_show_model_aliases <- function(conn, model_name, reg = NULL) {
  if (!missing(reg)) {
    return(with_conn(sys.call(), parent.frame()))
  }
  context(conn)
  found <- read_json(api_model(conn, "GET", check_string(model_name), "aliases"))$aliases
  data.frame(alias = names(found) %||% character(), version = as.character(unlist(found)))
}
