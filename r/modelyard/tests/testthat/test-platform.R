test_that("pools and images are accepted, recorded nowhere, and told of once", {
  the$said <- character()
  asked <- fake_server(list())
  conn <- fake_connection()
  expect_message(expect_true(sfr_create_compute_pool(conn, "P", "CPU_X64_S")), "nothing was recorded")
  expect_silent(sfr_create_image_repo(conn, "R"))
  expect_identical(nrow(sfr_list_compute_pools(conn)), 0L)
  expect_length(asked$requests, 0)
  expect_error(sfr_create_compute_pool(1, "P", "X"), class = "modelyard_invalid_value")
})

test_that("versions and features are told", {
  fake_server(list("GET /api/v1/account" = about_account))
  expect_s3_class(sfr_ml_version(), "numeric_version")
  expect_identical(sfr_snowflake_version(fake_connection()), "0.1.0")
  expect_named(sfr_check_features(), c("feature", "min_version", "available", "installed"))
  withr::local_envvar(MODELYARD_HOME = withr::local_tempdir())
  expect_false(sfr_check_environment()$running)
})

test_that("notebook helpers print and give their argument back", {
  width <- getOption("width")
  expect_snapshot({
    rprint(1:3)
    rview(mtcars[1:2], n = 2)
    rglimpse(mtcars[1:2])
    rcat("rows:", 32)
  })
  expect_identical(getOption("width"), width)
})

test_that("the public names are these", {
  expect_snapshot(cat(sort(getNamespaceExports("modelyard")), sep = "\n"))
})
