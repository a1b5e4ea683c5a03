service <- function(status = "READY", ...) {
  utils::modifyList(list(
    name = "mpg_service", fqn = "ML_DB.MODELS.mpg_service", model = "MTCARS_MPG", version = "V2",
    status = status, cause = NULL, url = "http://127.0.0.1:9001", created_at = "2024-05-31T12:00:00Z",
    containers = list(list(name = "host", status = status, message = "")), options = list()
  ), list(...))
}

test_that("deploying waits until the service is ready", {
  looks <- 0
  asked <- fake_server(list(
    "POST /api/v1/services" = json_answer(service("PENDING"), 202),
    "GET /api/v1/services/mpg_service" = function(request) {
      looks <<- looks + 1
      service(if (looks < 2) "STARTING" else "READY")
    }
  ))
  expect_snapshot(done <- sfr_deploy_model(
    fake_registry(),
    model_name = "MTCARS_MPG", version_name = "V2", service_name = "mpg_service",
    compute_pool = "ML_POOL", image_repo = "ML_DB.MODELS.ML_IMAGES"
  ))
  expect_identical(done, list(
    success = TRUE, service_name = "mpg_service", compute_pool = "ML_POOL",
    model_name = "MTCARS_MPG", version_name = "V2"
  ))
  expect_identical(looks, 2)
  sent <- body_json(asked$requests[[1]])
  expect_identical(sent$version, "V2")
  expect_identical(sent$options$compute_pool, "ML_POOL")
  expect_false(sent$force)
})

test_that("what the server notes of the version is a warning", {
  note <- "V2 of MTCARS_MPG is only known to load {here}."
  fake_server(list(
    "POST /api/v1/services" = json_answer(service("PENDING", notes = list(note)), 202)
  ))
  expect_warning(
    quietly(sfr_deploy_model(fake_registry(), "MTCARS_MPG", "V2", "mpg_service", block = FALSE)),
    note,
    fixed = TRUE
  )
})

test_that("pool and images may be left out, and waiting too", {
  fake_server(list("POST /api/v1/services" = json_answer(service("PENDING"), 202)))
  expect_message(
    done <- sfr_deploy_model(fake_registry(), "MTCARS_MPG", "@production", "mpg_service", block = FALSE),
    "Deploying"
  )
  expect_null(done$compute_pool)
})

test_that("a service that fails says its cause", {
  fake_server(list(
    "POST /api/v1/services" = json_answer(service("PENDING"), 202),
    "GET /api/v1/services/mpg_service" = service("FAILED", cause = "No package {ranger}.")
  ))
  expect_snapshot(
    sfr_deploy_model(fake_registry(), "MTCARS_MPG", "V2", "mpg_service"),
    error = TRUE
  )
})

test_that("waiting ends at its time", {
  fake_server(list("GET /api/v1/services/mpg_service" = service("STARTING")))
  expect_error(
    sfr_wait_for_service(fake_registry(), "mpg_service", timeout_min = 0, poll_sec = 0),
    class = "modelyard_unavailable"
  )
})

test_that("status is told in the reference's words", {
  past <- list(
    list(at = "2024-05-31T12:00:00Z", status = "READY", cause = NULL),
    list(at = "2024-05-31T12:01:00Z", status = "DEGRADED", cause = "1 of 2")
  )
  fake_server(list("GET /api/v1/services/mpg_service" = service("DEGRADED",
    cause = "1 of 2", history = past, log_dropped = 3L
  )))
  status <- sfr_get_service_status(fake_registry(), "mpg_service")
  expect_identical(status$status, "READY")
  expect_identical(status$state, "DEGRADED")
  expect_identical(status$message, "1 of 2")
  expect_identical(status$fqn, "ML_DB.MODELS.MPG_SERVICE")
  expect_identical(status$containers$name, "host")
  expect_identical(status$history$status, c("READY", "DEGRADED"))
  expect_identical(status$history$cause[2], "1 of 2")
  expect_equal(status$log_dropped, 3)
  words <- c("PENDING", "STARTING", "FAILED", "STOPPED", "ODD")
  expect_identical(
    unname(vapply(words, plain_status, "")), c("PENDING", "PENDING", "FAILED", "DELETED", "UNKNOWN")
  )
})

test_that("services are listed", {
  fake_server(list("GET /api/v1/services" = list(services = list(service(), service("FAILED")))))
  reg <- fake_registry()
  expect_identical(sfr_show_services(reg)$status, c("READY", "FAILED"))
  expect_identical(names(sfr_list_services(reg, "MTCARS_MPG", "V2")), c(
    "name", "status", "inference_endpoint", "internal_endpoint", "autocapture_enabled"
  ))
})

test_that("a service is removed only as its model's", {
  asked <- fake_server(list(
    "GET /api/v1/services/mpg_service" = service(),
    "DELETE /api/v1/services/mpg_service" = json_answer(list(name = "mpg_service"), 202)
  ))
  expect_error(
    sfr_undeploy_model(fake_registry(), "OTHER", "V2", "mpg_service"), class = "modelyard_not_found"
  )
  expect_error(
    sfr_undeploy_model(fake_registry(), "MTCARS_MPG", "V2", "none"), class = "modelyard_not_found"
  )
  expect_message(
    expect_true(sfr_undeploy_model(fake_registry(), "MTCARS_MPG", "V2", "mpg_service")), "Removed"
  )
})

test_that("a service is removed only as its version's", {
  asked <- fake_server(list(
    "GET /api/v1/services/mpg_service" = service(),
    "GET /api/v1/models/MTCARS_MPG/versions/V1" = about_version("V1"),
    "GET /api/v1/models/MTCARS_MPG/versions/@best" = about_version("V2"),
    "DELETE /api/v1/services/mpg_service" = json_answer(list(name = "mpg_service"), 202)
  ))
  reg <- fake_registry()
  expect_error(
    sfr_undeploy_model(reg, "MTCARS_MPG", "V1", "mpg_service"), "V1.*no service.*V2",
    class = "modelyard_not_found"
  )
  expect_true(quietly(sfr_undeploy_model(reg, "MTCARS_MPG@best", service_name = "mpg_service")))
})

test_that("waiting takes numbers and a flag", {
  wait <- function(...) sfr_wait_for_service(fake_registry(), "mpg_service", ...)
  expect_error(wait(timeout_min = "1"), "timeout_min", class = "modelyard_invalid_value")
  expect_error(wait(poll_sec = -1), "poll_sec", class = "modelyard_invalid_value")
  expect_error(wait(verbose = NA), "verbose", class = "modelyard_invalid_value")
})

test_that("logs are lines", {
  fake_server(list("GET /api/v1/services/mpg_service/logs" = list(lines = list("a", "b"))))
  expect_identical(sfr_get_service_logs(fake_registry(), "mpg_service"), c("a", "b"))
})
