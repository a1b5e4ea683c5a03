#' Look at versions
#'
#' @param reg A registry from [sfr_model_registry()], or a connection.
#' @param model_name A model, also as `DB.SCHEMA.MODEL`.
#' @param version_name A version or an alias.
#' @param desc A new description; `NULL` only reads it.
#' @returns `sfr_show_model_versions()` and `sfr_show_model_functions()` a data frame,
#'   `sfr_get_model_version()` a version as [sfr_log_model()] returns it,
#'   `sfr_model_description()` the text, `sfr_get_model_task()` the task or `NULL`; the others
#'   `TRUE`.
#' @details A version that is the default, has an alias or is served cannot be deleted.
#' @name versions
#' @examples
#' \dontrun{
#' sfr_show_model_versions(reg, "MTCARS_MPG")
#' sfr_set_default_model_version(reg, "MTCARS_MPG", "V2")
#' }
NULL

#' @rdname versions
#' @export
sfr_show_model_versions <- function(reg, model_name) {
  model_name <- check_string(model_name)
  found <- read_json(api_model(reg, "GET", model_name, "versions"))$versions
  rows <- lapply(found, function(version) {
    c(version, list(
      metadata = list(metrics = as_object(version$metrics), tags = as_object(version$tags)),
      runnable_in = list("SNOWPARK_CONTAINER_SERVICES"), model_spec = version$signature
    ))
  })
  frame <- records(rows, list(
    created_at = "", version = "", aliases = "", comment = "", database = "", schema = "",
    model = "", is_default = NA, functions = "", metadata = "", runnable_in = "", services = "",
    model_spec = ""
  ))
  names(frame) <- c(
    "created_on", "name", "aliases", "comment", "database_name", "schema_name", "model_name",
    "is_default_version", "functions", "metadata", "runnable_in", "inference_services",
    "model_spec"
  )
  frame
}

#' @rdname versions
#' @export
sfr_get_model_version <- function(reg, model_name, version_name) {
  new_model_version(reg, read_json(api_version(reg, "GET", model_ref(model_name, version_name))))
}

#' @rdname versions
#' @export
sfr_set_default_model_version <- function(reg, model_name, version_name) {
  ref <- model_ref(model_name, version_name, needed = TRUE)
  api_model(reg, "PATCH", ref$model, json = list(default_version = ref$version))
  say("The default version of {full_name(reg, ref$model)} is {ref$version}.")
  invisible(TRUE)
}

#' @rdname versions
#' @export
sfr_delete_model_version <- function(reg, model_name, version_name) {
  ref <- model_ref(model_name, version_name, needed = TRUE)
  api_version(reg, "DELETE", ref)
  say("Deleted version {ref$version} of {full_name(reg, ref$model)}.")
  invisible(TRUE)
}

#' @rdname versions
#' @export
sfr_model_description <- function(reg, model_name, version_name, desc = NULL) {
  ref <- model_ref(model_name, version_name)
  if (!is.null(desc)) {
    api_version(reg, "PATCH", ref, json = list(comment = check_comment(desc)))
  }
  read_json(api_version(reg, "GET", ref))$comment %||% ""
}

#' @rdname versions
#' @export
sfr_show_model_functions <- function(reg, model_name, version_name) {
  about <- read_json(api_version(reg, "GET", model_ref(model_name, version_name)))
  functions <- as.character(unlist(about$functions))
  signature <- to_json(about$signature)
  data.frame(
    name = functions,
    target_method = tolower(functions),
    target_method_function_type = rep("FUNCTION", length(functions)),
    signature = rep(signature, length(functions))
  )
}

#' @rdname versions
#' @export
sfr_get_model_task <- function(reg, model_name, version_name) {
  task <- read_json(api_version(reg, "GET", model_ref(model_name, version_name)))$task
  if (!identical(task, "UNKNOWN")) task
}
