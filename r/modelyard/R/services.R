#' Deploy and manage services
#'
#' A service is a process of its own that serves one version at its own address.
#' `sfr_deploy_model()` starts one and waits until it gives the very predictions that were kept
#' with the version. On an alias (`version_name = "production"` or `"@production"`) it follows: when
#' the alias is moved, the service switches to the version it means then, without a failed request.
#'
#' @inheritParams versions
#' @param service_name Name of the service.
#' @param compute_pool,image_repo Accepted so that scripts run, and kept with the service: there is
#'   no pool to choose and no image to build.
#' @param force Take up what is asked in the service of this name; what it answered with goes on
#'   until the new is ready, and for good when it is not fit.
#' @param max_instances,min_instances How many instances of `num_workers` R processes there may be:
#'   one more when requests wait, one fewer when nobody asks, none at rest with
#'   `min_instances = 0`.
#' @param max_batch_rows At most so many rows of requests that wait are asked of R at once.
#' @param autocapture Keep what is asked and answered; `INFERENCE_TABLE('MODEL')` in SQL reads it.
#' @param autocapture_sample Of the requests, keep only this share, such as `0.1`.
#' @param autocapture_drop Names of columns that are not kept.
#' @param memory_requests The most memory of each R process, such as `"2Gi"`.
#' @param cpu_requests The processors each R process may use at once, such as `2` or `"500m"`, which
#'   counts as one; its threads of OpenMP and ranger are as many.
#' @param gpu_requests Kept with the service; it limits nothing here.
#' @param image_build_compute_pool,build_external_access_integrations Kept with the service.
#' @param num_workers R processes of an instance, which answer at once.
#' @param split Shares of the requests that other versions of the model answer, such as
#'   `c(V2 = 0.1)`; every answer names its version.
#' @param shadow A version that is asked what all are asked; nobody sees its answers, and
#'   how they compare is shown with the service.
#' @param block Wait until the service is ready.
#' @param version_name A version or an alias.
#' @param timeout_min Minutes to wait.
#' @param poll_sec Seconds between two looks.
#' @param verbose Say what is waited for.
#' @returns `sfr_deploy_model()` a list, invisibly, of `success`, `service_name`, `compute_pool`,
#'   `model_name` and `version_name`; `sfr_show_services()` and `sfr_list_services()` a data frame;
#'   `sfr_get_service_status()` a list of `status` (`READY`, `PENDING`, `FAILED` or `UNKNOWN`;
#'   a service that answers is `READY`), `state` (its own word, such as `DEGRADED`), `message`,
#'   `containers`, `fqn`, `history` (every state it has had, with time and cause)
#'   and `log_dropped` (requests its logs had no room for);
#'   `sfr_get_service_logs()` the log's lines; the others `TRUE`, invisibly.
#' @name services
#' @examples
#' \dontrun{
#' sfr_deploy_model(reg, "MTCARS_MPG", "V2", service_name = "mpg_service")
#' sfr_show_services(reg)
#' sfr_undeploy_model(reg, "MTCARS_MPG", "V2", "mpg_service")
#' }
NULL

#' @rdname services
#' @export
sfr_deploy_model <- function(reg, model_name, version_name, service_name, compute_pool,
                             image_repo, max_instances = 1L, min_instances = NULL,
                             force = FALSE, autocapture = FALSE,
                             image_build_compute_pool = NULL, cpu_requests = NULL,
                             memory_requests = NULL, gpu_requests = NULL, num_workers = NULL,
                             max_batch_rows = NULL, block = TRUE,
                             build_external_access_integrations = NULL, split = NULL, # nolint
                             shadow = NULL, autocapture_sample = NULL,
                             autocapture_drop = NULL) {
  at <- context(reg)
  ref <- model_ref(model_name, version_name)
  service_name <- check_string(service_name)
  compute_pool <- if (missing(compute_pool)) NULL else compute_pool
  options <- list(
    compute_pool = compute_pool, image_repo = if (missing(image_repo)) NULL else image_repo,
    max_instances = check_count(max_instances),
    min_instances = check_count(min_instances, null = TRUE),
    autocapture = check_flag(autocapture), image_build_compute_pool = image_build_compute_pool,
    cpu_requests = as_text(cpu_requests), memory_requests = as_text(memory_requests),
    gpu_requests = as_text(gpu_requests),
    num_workers = check_count(num_workers, null = TRUE),
    max_batch_rows = check_count(max_batch_rows, null = TRUE),
    build_external_access_integrations = as_array(build_external_access_integrations),
    split = if (!is.null(split)) as.list(split), shadow = as_text(shadow),
    autocapture_sample = if (!is.null(autocapture_sample)) check_number(autocapture_sample),
    autocapture_drop = as_array(autocapture_drop)
  )
  service <- read_json(api(at$conn, "POST", "services", json = list(
    name = service_name, database = at$database, schema = at$schema, model = ref$model,
    version = ref$version, force = check_flag(force), options = as_object(compact(options))
  )))
  warn_texts(as.character(unlist(service$notes)))
  if (check_flag(block)) {
    service <- wait_until_ready(reg, service_name, timeout_s = 600, poll_s = 0.2)
    say("Deployed {service$model} {service$version} as {service_name} at {.url {service$url}}.")
  } else {
    say("Deploying {service$model} {service$version} as {service_name}.")
  }
  invisible(list(
    success = TRUE, service_name = service_name, compute_pool = compute_pool,
    model_name = service$model, version_name = service$version
  ))
}

as_text <- function(x) if (!is.null(x)) as.character(x)

as_array <- function(x) if (!is.null(x)) I(as.character(x))

#' @rdname services
#' @export
sfr_show_services <- function(reg, model_name = NULL, version_name = NULL) {
  services_frame(list_services(reg, model_name, version_name))
}

#' @rdname services
#' @export
sfr_list_services <- function(reg, model_name, version_name) {
  services_frame(list_services(reg, model_name, version_name))[c(
    "name", "status", "inference_endpoint", "internal_endpoint", "autocapture_enabled"
  )]
}

list_services <- function(reg, model_name, version_name, call = caller_env()) {
  at <- context(reg, call)
  ref <- if (!is.null(model_name)) model_ref(model_name, version_name, call = call)
  query <- list(
    model = ref$model, version = ref$version, database = at$database, schema = at$schema
  )
  api_json(at$conn, "GET", "services", query = query, call = call)$services
}

services_frame <- function(services) {
  services <- lapply(services, function(service) {
    c(service, list(
      internal = service$url, autocapture = isTRUE(service$options$autocapture)
    ))
  })
  frame <- records(services, list(
    name = "", status = "", url = "", internal = "", autocapture = NA, model = "", version = "",
    cause = "", created_at = ""
  ))
  names(frame) <- c(
    "name", "status", "inference_endpoint", "internal_endpoint", "autocapture_enabled",
    "model_name", "version_name", "cause", "created_on"
  )
  frame
}

#' @rdname services
#' @export
sfr_undeploy_model <- function(reg, model_name, version_name, service_name) {
  ref <- model_ref(model_name, version_name)
  service <- get_service(reg, check_string(service_name))
  if (!serves(reg, service, ref)) {
    asked <- paste(c(ref$model, ref$version), collapse = " ")
    abort_code("not_found", c(
      "{.val {asked}} has no service {.val {service_name}}.",
      i = "That service serves {service$model} {service$version}."
    ))
  }
  api_service(reg, "DELETE", service_name)
  say("Removed the service {service_name}.")
  invisible(TRUE)
}

# Whether a service serves this model and version. An alias means the version it points at, or did
# when the service was deployed under it.
serves <- function(reg, service, ref, call = caller_env()) {
  same <- function(x, y) identical(tolower(x), tolower(y))
  if (!same(sub("^.*\\.", "", ref$model), service$model)) {
    return(FALSE)
  }
  given <- sub("^@", "", tolower(ref$version))
  if (is.null(ref$version) || given %in% tolower(c(service$version, service$alias))) {
    return(TRUE)
  }
  same(read_json(api_version(reg, "GET", ref, call = call), call)$version, service$version)
}

#' @rdname services
#' @export
sfr_get_service_status <- function(reg, service_name) {
  service <- get_service(reg, service_name)
  list(
    status = plain_status(service$status), state = service$status,
    message = service$cause %||% "",
    containers = records(service$containers, list(name = "", status = "", message = "")),
    fqn = toupper(service$fqn),
    history = records(service$history, list(at = "", status = "", cause = "")),
    log_dropped = service$log_dropped
  )
}

# The reference's words: a degraded service answers.
plain_status <- function(status) {
  known <- c(
    PENDING = "PENDING", STARTING = "PENDING", READY = "READY", DEGRADED = "READY",
    FAILED = "FAILED", STOPPED = "DELETED"
  )
  if (status %in% names(known)) known[[status]] else "UNKNOWN"
}

#' @rdname services
#' @export
sfr_wait_for_service <- function(reg, service_name, timeout_min = 10, poll_sec = 15,
                                 verbose = TRUE) {
  timeout_s <- check_number(timeout_min) * 60
  poll_s <- min(check_number(poll_sec), 1)
  verbose <- check_flag(verbose)
  service <- wait_until_ready(reg, check_string(service_name), timeout_s, poll_s)
  if (verbose) say("{service_name} is ready at {.url {service$url}}.")
  invisible(TRUE)
}

# The service once it is ready; an abort with its cause when it failed. The server may be
# restarting: looks that fail to reach it are repeated.
wait_until_ready <- function(reg, service_name, timeout_s, poll_s, call = caller_env()) {
  deadline <- Sys.time() + timeout_s
  repeat {
    service <- tryCatch(
      get_service(reg, service_name, call),
      modelyard_unavailable = function(e) list(status = "UNKNOWN", cause = conditionMessage(e))
    )
    status <- plain_status(service$status)
    cause <- service$cause
    if (isTRUE(service$refused)) {
      abort_text("unavailable", paste0(
        "The service ", service_name, " goes on with what it answered before."
      ), hint = cause, call = call, status = status)
    }
    if (status == "READY") {
      return(service)
    }
    if (status %in% c("FAILED", "DELETED")) {
      abort_text("unavailable", paste0("The service ", service_name, " did not start."),
        hint = cause, call = call, status = status
      )
    }
    if (Sys.time() >= deadline) {
      abort_text("unavailable",
        paste0("The service ", service_name, " was not ready after ", timeout_s, " seconds."),
        hint = cause, call = call, status = status
      )
    }
    Sys.sleep(poll_s)
  }
}

#' @rdname services
#' @param lines How many of the last lines.
#' @export
sfr_get_service_logs <- function(reg, service_name, lines = 100L) {
  found <- read_json(api_service(reg, "GET", service_name, "logs",
    query = list(lines = check_count(lines))
  ))
  as.character(unlist(found$lines))
}

get_service <- function(reg, service_name, call = caller_env()) {
  read_json(api_service(reg, "GET", service_name, call = call), call)
}

api_service <- function(reg, method, service_name, after = NULL, query = list(), ...,
                        call = caller_env()) {
  at <- context(reg, call)
  service_name <- check_string(service_name, call = call)
  query <- c(query, list(database = at$database, schema = at$schema))
  api(at$conn, method, c("services", service_name, after), query = query, ..., call = call)
}
