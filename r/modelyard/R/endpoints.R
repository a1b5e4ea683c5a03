#' Find the address of a service
#'
#' @param conn A connection from [sfr_connect()], or a registry.
#' @param service_name Name of the service.
#' @param database,schema Where the service is; the connection's when `NULL`.
#' @returns An endpoint, of class `sfr_endpoint`: a list of `url`, `service_name`, `fqn`,
#'   `account` and `endpoints_df`.
#' @export
#' @examples
#' \dontrun{
#' endpoint <- sfr_service_endpoint(conn, "mpg_service", database = "ML_DB", schema = "MODELS")
#' sfr_predict_rest(endpoint, new_data)
#' }
sfr_service_endpoint <- function(conn, service_name, database = NULL, schema = NULL) {
  at <- context(conn)
  at$database <- check_string(database, null = TRUE) %||% at$database
  at$schema <- check_string(schema, null = TRUE) %||% at$schema
  service <- api_json(at$conn, "GET", c("services", check_string(service_name)),
    query = list(database = at$database, schema = at$schema)
  )
  url <- service_url(service)
  structure(
    list(
      url = url, service_name = service$name, fqn = service$fqn, account = at$conn$account,
      endpoints_df = data.frame(name = "inference", ingress_url = url, is_public = TRUE),
      session = at$conn$session
    ),
    class = c("sfr_endpoint", "list")
  )
}

# The address of a service that is ready for requests.
service_url <- function(service, call = caller_env()) {
  if (is.null(service$url) || !plain_status(service$status) %in% "READY") {
    status <- service$status
    abort_code("unavailable", c(
      "The service {.val {service$name}} has no endpoint yet: it is {status}.",
      i = "Wait for it with {.fn sfr_wait_for_service}."
    ), call = call)
  }
  sub("/+$", "", service$url)
}

#' @export
format.sfr_endpoint <- function(x, ...) {
  c("<sfr_endpoint>", paste0("  service: ", x$fqn), paste0("  url:     ", x$url))
}

#' @export
print.sfr_endpoint <- function(x, ...) print_lines(x)
