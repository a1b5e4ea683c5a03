#' Export and import a version
#'
#' A version becomes a folder of files with their checksums, and a folder a version again, here or
#' in another account. Other modes write what other tools load, and there too it predicts with R's
#' own numbers: `"snowflake"` a folder whose `log_to_snowflake.py` logs it to Snowflake's registry,
#' `"mlflow"` a folder for `mlflow.pyfunc.load_model()`, `"vetiver"` a board for
#' `pins::board_folder()` from which `vetiver::vetiver_pin_read()` reads it.
#'
#' @inheritParams versions
#' @param target_path Folder to write: one that is not there yet, or empty.
#' @param export_mode `"model"`, which can be imported again, `"snowflake"`, `"mlflow"` or
#'   `"vetiver"`. vetiver calls `predict(model, new_data)` and nothing else, so versions with
#'   another way to predict are refused.
#' @param path Folder that `sfr_export_model()` wrote, or a tar file of one.
#' @param version_name For `sfr_import_model()` the name of the new version; the next of
#'   `V1`, `V2`, ... when `NULL`.
#' @returns `sfr_export_model()` the path, invisibly; `sfr_import_model()` the version, as
#'   [sfr_log_model()] returns it, invisibly.
#' @name export
#' @examples
#' \dontrun{
#' sfr_export_model(reg, "MTCARS_MPG", "V1", "mtcars_mpg_v1")
#' sfr_import_model(reg, "mtcars_mpg_v1", "MTCARS_MPG_COPY")
#' }
NULL

#' @rdname export
#' @export
sfr_export_model <- function(reg, model_name, version_name, target_path, export_mode = "model") {
  ref <- model_ref(model_name, version_name)
  target_path <- path.expand(check_string(target_path))
  export_mode <- check_choice(export_mode, c("model", "snowflake", "mlflow", "vetiver"))
  if (length(list.files(target_path, all.files = TRUE, no.. = TRUE)) > 0) {
    abort_code("already_exists", c(
      "{.path {target_path}} is not empty.",
      i = "Name a folder that is not there yet."
    ))
  }
  resp <- api_version(reg, "GET", ref, "export",
    query = list(mode = export_mode), accept = "application/x-tar"
  )
  archive <- tempfile(fileext = ".tar")
  on.exit(unlink(archive))
  writeBin(httr2::resp_body_raw(resp), archive)
  refuse_outside(utils::untar(archive, list = TRUE, tar = "internal"))
  dir.create(target_path, recursive = TRUE, showWarnings = FALSE)
  utils::untar(archive, exdir = target_path, tar = "internal")
  say("Exported {full_name(reg, ref$model)} {ref$version} to {.path {target_path}}.")
  invisible(target_path)
}

# Nothing of an archive may land outside the folder it is unpacked into.
refuse_outside <- function(files, call = caller_env()) {
  outside <- grepl("^([/\\\\~]|[A-Za-z]:)|(^|[/\\\\])\\.\\.([/\\\\]|$)", files)
  if (any(outside)) {
    abort_text("malformed_request", "The archive names files outside its folder.", call = call)
  }
}

#' @rdname export
#' @export
sfr_import_model <- function(reg, path, model_name, version_name = NULL) {
  path <- path.expand(check_string(path))
  check_log_name(model_name)
  version_name <- check_string(version_name, null = TRUE)
  if (!file.exists(path)) {
    abort_code("not_found", "There is no {.path {path}}.")
  }
  archive <- path
  if (dir.exists(path)) {
    archive <- pack_folder(path)
    on.exit(unlink(archive))
  }
  logged <- read_json(api_model(reg, "POST", model_name, "import",
    query = list(version = version_name), file = archive
  ))
  say_texts(unlist(logged$notes))
  version <- new_model_version(reg, logged)
  say("Imported {full_name_of(logged)} version {version$version_name}.")
  invisible(version)
}

pack_folder <- function(path) {
  archive <- tempfile(fileext = ".tar")
  before <- setwd(path)
  on.exit(setwd(before))
  utils::tar(archive, files = list.files(recursive = TRUE, all.files = TRUE), tar = "internal")
  archive
}
