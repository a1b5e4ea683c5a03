about <- function() {
  package <- function(name, version, priority = "", origin = list(Repository = "CRAN")) {
    list(name = name, version = version, priority = priority, requires = list(),
      builds_with = list(), origin = if (length(origin) > 0) origin else as_object(NULL)
    )
  }
  list(
    version = "V1",
    environment = list(
      r_version = "4.2.2", platform = "x86_64-pc-linux-gnu", roots = list("ranger"),
      closure = list(
        package("ranger", "0.14.1"), package("Rcpp", "1.0.10"), package("gone", "1.0"),
        package("stats", "4.2.2", "base", list())
      )
    ),
    here = list(
      r_version = "4.3.1", missing = list("gone"),
      different = list(list(package = "Rcpp", recorded = "1.0.10", here = "1.0.12")),
      library = list(packages = list(list(name = "ranger", version = "0.14.1")))
    )
  )
}

test_that("an environment is a data frame of packages, as recorded and as here", {
  found <- new_environment(about())
  expect_equal(found$packages$package, c("ranger", "Rcpp", "gone", "stats"))
  expect_equal(found$packages$here, c("0.14.1", "1.0.12", NA, "4.2.2"))
  expect_equal(found$packages$from, c("CRAN", "CRAN", "CRAN", "base"))
  expect_equal(found$roots, "ranger")
})

test_that("it prints what differs", {
  expect_snapshot(print(new_environment(about())))
})

test_that("one of a version and packages is provided", {
  expect_error(sfr_provision_environment(list()), class = "modelyard_invalid_value")
  expect_error(
    sfr_provision_environment(list(), "A", packages = "b"), class = "modelyard_invalid_value"
  )
})

test_that("repositories are named only when they were chosen", {
  withr::local_options(repos = c(CRAN = "@CRAN@"))
  expect_null(own_repositories())
  withr::local_options(repos = c(CRAN = "@CRAN@", inside = "https://r.example.org", "file:///r"))
  expect_equal(own_repositories(), list(inside = "https://r.example.org", R2 = "file:///r"))
})

test_that("a package of predict_pkgs that conda_deps leaves out is warned of", {
  spec <- list(packages = c("forecast", "ranger"))
  expect_warning(warn_conda(spec, c("r-ranger=0.14", "conda-forge::r-other"), FALSE), "r-forecast")
  expect_warning(warn_conda(spec, c("r-Forecast", "x::r-ranger>=1"), FALSE), NA)
  expect_warning(warn_conda(spec, NULL, FALSE), NA)
})

test_that("the session's packages come with all that they need", {
  found <- client_environment(
    lm(mpg ~ wt, mtcars), list(packages = "cli", fn = "predict", body = NULL, args = list())
  )
  expect_identical(found$packages$cli, as.character(utils::packageVersion("cli")))
  expect_true("stats" %in% names(found$packages))
  expect_identical(found$r_version, as.character(getRversion()))
})

test_that("packages travel with the versions that were named", {
  sent <- NULL
  httr2::local_mock(function(req) {
    sent <<- req$body$data
    httr2::response(
      headers = list("content-type" = "application/json"),
      body = charToRaw('{"library": {"packages": [{"name": "ranger", "version": "0.14.1"}]}}')
    )
  })
  reg <- fake_registry()
  made <- quietly(sfr_provision_environment(reg, packages = c(ranger = "0.14.1", "cli")))
  expect_equal(made, data.frame(package = "ranger", version = "0.14.1"))
  expect_match(as.character(sent), '{"ranger":"0.14.1","cli":null}', fixed = TRUE)
})
