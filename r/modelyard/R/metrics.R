#' Keep metrics with a version
#'
#' A metric is a number or a text about a version, such as its error on a test set. Setting one
#' again keeps the older values as history.
#'
#' @inheritParams versions
#' @param metric_name Name of the metric.
#' @param metric_value A number or a string.
#' @returns `sfr_show_model_metrics()` a named list, `sfr_get_model_metric()` the value, the others
#'   `TRUE`, invisibly.
#' @name metrics
#' @examples
#' \dontrun{
#' sfr_set_model_metric(reg, "MTCARS_MPG", "V1", "rmse", 2.45)
#' sfr_show_model_metrics(reg, "MTCARS_MPG", "V1")
#' }
NULL

#' @rdname metrics
#' @export
sfr_set_model_metric <- function(reg, model_name, version_name, metric_name, metric_value) {
  ref <- model_ref(model_name, version_name)
  check_string(metric_name)
  ok <- (is.numeric(metric_value) || is.character(metric_value)) && length(metric_value) == 1
  if (!ok || is.na(metric_value) && !is.nan(metric_value)) {
    abort_code("invalid_value", "{.arg metric_value} must be one number or string.")
  }
  value <- unname(metric_value)
  if (is.numeric(value)) value <- as.double(value)
  api_version(reg, "PUT", ref, c("metrics", metric_name), json = list(value = value))
  invisible(TRUE)
}

#' @rdname metrics
#' @export
sfr_show_model_metrics <- function(reg, model_name, version_name) {
  ref <- model_ref(model_name, version_name)
  lapply(read_json(api_version(reg, "GET", ref, "metrics"))$metrics, metric_value_of)
}

#' @rdname metrics
#' @export
sfr_get_model_metric <- function(reg, model_name, version_name, metric_name) {
  ref <- model_ref(model_name, version_name)
  check_string(metric_name)
  metric_value_of(read_json(api_version(reg, "GET", ref, c("metrics", metric_name)))$value)
}

#' @rdname metrics
#' @export
sfr_delete_model_metric <- function(reg, model_name, version_name, metric_name) {
  ref <- model_ref(model_name, version_name)
  api_version(reg, "DELETE", ref, c("metrics", check_string(metric_name)))
  invisible(TRUE)
}

# Numbers come back as doubles, also those that JSON has no number for.
metric_value_of <- function(value) {
  if (is.numeric(value) || value %in% c("NaN", "Inf", "-Inf")) as.double(value) else value
}
