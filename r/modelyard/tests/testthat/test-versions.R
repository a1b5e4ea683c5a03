about_model <- list(
  name = "MTCARS_MPG", database = "ML_DB", schema = "MODELS", comment = "cars",
  default_version = "V1", versions = list("V1", "V2"), aliases = list(production = "V1"),
  tags = list(), created_at = "2024-05-31T12:00:00Z", owner = "owner"
)

test_that("models are listed as a plain data frame", {
  fake_server(list("GET /api/v1/models" = list(models = list(about_model))))
  reg <- fake_registry()
  expect_identical(
    sfr_models(reg), data.frame(name = "MTCARS_MPG", comment = "cars", default_version = "V1")
  )
  shown <- sfr_show_models(reg)
  expect_true(all(c("name", "comment", "default_version_name", "owner") %in% names(shown)))
  expect_identical(shown$versions, "[\"V1\",\"V2\"]")
  expect_identical(nrow(sfr_model_info(reg$conn, "mtcars_mpg")), 1L)
})

test_that("no models are no rows", {
  fake_server(list("GET /api/v1/models" = list(models = list())))
  expect_identical(nrow(sfr_show_models(fake_registry())), 0L)
})

test_that("a model is looked at and prints", {
  fake_server(list("GET /api/v1/models/MTCARS_MPG" = about_model))
  model <- sfr_get_model(fake_registry(), "MTCARS_MPG")
  expect_identical(model$versions, c("V1", "V2"))
  expect_snapshot(print(model))
})

test_that("versions are listed in the reference's columns", {
  fake_server(list("GET /api/v1/models/MTCARS_MPG/versions" = list(
    versions = list(about_version("V1"), about_version("V2", is_default = FALSE, aliases = list()))
  )))
  versions <- sfr_show_model_versions(fake_registry(), "MTCARS_MPG")
  expect_identical(versions$name, c("V1", "V2"))
  expect_identical(versions$aliases, c("[\"production\"]", "[]"))
  expect_identical(versions$is_default_version, c(TRUE, FALSE))
  expect_identical(names(versions)[1:10], c(
    "created_on", "name", "aliases", "comment", "database_name", "schema_name", "model_name",
    "is_default_version", "functions", "metadata"
  ))
})

test_that("one version is asked for by name, alias or nothing", {
  asked <- fake_server(list(
    "GET /api/v1/models/M/versions/V1" = about_version(),
    "GET /api/v1/models/M/versions/@production" = about_version(),
    "GET /api/v1/models/M/versions/DEFAULT" = about_version()
  ))
  reg <- fake_registry()
  expect_identical(sfr_get_model_version(reg, "M", "V1")$version_name, "V1")
  expect_identical(sfr_get_model_version(reg, "M@production")$version_name, "V1")
  expect_identical(sfr_get_model_version(reg, "M")$version_name, "V1")
  expect_identical(sfr_model_description(reg, "M", "V1"), "LM predicting MPG")
  expect_null(sfr_get_model_task(reg, "M", "V1"))
  expect_identical(sfr_show_model_functions(reg, "M", "V1")$name, "PREDICT")
})

test_that("the version may be in the model's name in every verb", {
  asked <- fake_server(list(
    "GET /api/v1/models/M/versions/V1/metrics" = list(metrics = list(rmse = 2)),
    "GET /api/v1/services" = list(services = list())
  ))
  reg <- fake_registry()
  expect_identical(sfr_show_model_metrics(reg, "M/V1"), list(rmse = 2))
  expect_identical(nrow(sfr_list_services(reg, "M@production")), 0L)
  expect_identical(asked$requests[[2]]$query$version, "@production")
  expect_error(sfr_set_default_model_version(reg, "M"), class = "modelyard_invalid_value")
  expect_error(sfr_delete_model_version(reg, "M"), class = "modelyard_invalid_value")
  expect_error(sfr_set_model_alias(reg, "M", alias = "a"), class = "modelyard_invalid_value")
})

test_that("the default and the description are set", {
  asked <- fake_server(list(
    "PATCH /api/v1/models/M" = about_model,
    "PATCH /api/v1/models/M/versions/V1" = about_version(comment = "new"),
    "GET /api/v1/models/M/versions/V1" = about_version(comment = "new")
  ))
  reg <- fake_registry()
  expect_message(expect_true(sfr_set_default_model_version(reg, "M", "V2")), "ML_DB.MODELS.M is V2")
  expect_identical(body_json(asked$requests[[1]]), list(default_version = "V2"))
  expect_identical(sfr_model_description(reg, "M", "V1", desc = "new"), "new")
  expect_identical(body_json(asked$requests[[2]]), list(comment = "new"))
})

test_that("deleting says what was deleted", {
  fake_server(list(
    "DELETE /api/v1/models/M" = list(deleted = TRUE),
    "DELETE /api/v1/models/M/versions/V1" = list(deleted = TRUE)
  ))
  expect_snapshot(sfr_delete_model_version(fake_registry(), "M", "V1"))
  expect_snapshot(sfr_delete_model(fake_registry(), "M"))
})

test_that("aliases take a registry or a connection, under either name", {
  asked <- fake_server(list(
    "PUT /api/v1/models/M/aliases/production" = list(aliases = list(production = "V2")),
    "DELETE /api/v1/models/M/aliases/production" = list(),
    "GET /api/v1/models/M/aliases" = list(aliases = list(production = "V2"), history = list())
  ))
  reg <- fake_registry()
  quietly({
    expect_true(sfr_set_model_alias(reg, "M", "V2", "production"))
    expect_true(sfr_set_model_alias(conn = reg$conn, "M", "V2", "@production"))
    expect_true(sfr_set_model_alias(reg = reg, "M", "V2", "production"))
    expect_true(sfr_unset_model_alias(reg = reg, model_name = "M", alias = "production"))
  })
  expect_identical(body_json(asked$requests[[3]]), list(version = "V2"))
  expect_identical(
    sfr_show_model_aliases(reg, "M"), data.frame(alias = "production", version = "V2")
  )
})

test_that("metrics keep every digit, and texts", {
  asked <- fake_server(list(
    "PUT /api/v1/models/M/versions/V1/metrics/rmse" = list(value = 1),
    "GET /api/v1/models/M/versions/V1/metrics" = list(metrics = list(rmse = 2L, r2 = "Inf", note = "x")),
    "GET /api/v1/models/M/versions/V1/metrics/rmse" = list(value = 2.45)
  ))
  reg <- fake_registry()
  expect_true(sfr_set_model_metric(reg, "M", "V1", "rmse", 1 / 3))
  expect_identical(body_json(asked$requests[[1]])$value, 1 / 3)
  expect_identical(sfr_show_model_metrics(reg, "M", "V1"), list(rmse = 2, r2 = Inf, note = "x"))
  expect_identical(sfr_get_model_metric(reg, "M", "V1", "rmse"), 2.45)
  expect_error(sfr_set_model_metric(reg, "M", "V1", "rmse", 1:2), class = "modelyard_invalid_value")
  expect_error(sfr_set_model_metric(reg, "M", "V1", "rmse", NA), class = "modelyard_invalid_value")
})

test_that("no metrics are an empty list", {
  fake_server(list("GET /api/v1/models/M/versions/V1/metrics" = json_answer("{\"metrics\":{}}")))
  expect_length(sfr_show_model_metrics(fake_registry(), "M", "V1"), 0)
})

test_that("what a move means for callers is warned of", {
  fake_server(list("PUT /api/v1/models/M/aliases/production" = list(
    alias = "production", version = "V2", services = list(), notes = list("V2 needs {hp}.")
  )))
  said <- testthat::capture_warnings(
    quietly(expect_true(sfr_set_model_alias(fake_registry(), "M", "V2", "production")))
  )
  expect_identical(said, "V2 needs {hp}.")
})

test_that("a service that cannot follow an alias is warned of, with the server's words as they are", {
  fake_server(list("PUT /api/v1/models/M/aliases/production" = list(
    alias = "production", version = "V2",
    services = list(
      list(service = "D.S.good", version = "V2", cause = NULL),
      list(service = "D.S.bad", version = "V1", cause = "V2 cannot replace V1: {stop('no')}")
    )
  )))
  said <- testthat::capture_warnings(
    quietly(expect_true(sfr_set_model_alias(fake_registry(), "M", "V2", "production")))
  )
  expect_identical(said, "The service D.S.bad does not follow: V2 cannot replace V1: {stop('no')}")
})
