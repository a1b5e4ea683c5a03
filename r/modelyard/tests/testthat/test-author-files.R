own_folder <- function() {
  folder <- withr::local_tempdir(.local_envir = parent.frame())
  dir.create(file.path(folder, "pkg", "inner"), recursive = TRUE)
  writeLines("1", file.path(folder, "one.csv"))
  writeLines("2", file.path(folder, "two.csv"))
  writeLines("twice <- function(x) 2 * x", file.path(folder, "pkg", "inner", "twice.R"))
  writeLines("offset_of <- function(x) twice(x) + 1", file.path(folder, "a.R"))
  folder
}

test_that("files have their places in the version", {
  folder <- own_folder()
  found <- author_files(
    list(lookup = file.path(folder, "*.csv"), "eu/x" = file.path(folder, "one.csv")),
    file.path(folder, c("pkg", "a.R"))
  )
  expect_setequal(names(found), c(
    "user/lookup/one.csv", "user/lookup/two.csv", "user/eu/x/one.csv",
    "code/pkg/inner/twice.R", "code/a.R"
  ))
  expect_equal(names(author_files(file.path(folder, "one.csv"))), "user/one.csv")
  expect_equal(author_files(), character())
})

test_that("what is not there, or would lie outside, is one error", {
  folder <- own_folder()
  gone <- file.path(folder, c("gone.csv", "none*.csv"))
  expect_error(author_files(list(a = gone)), "gone.csv.*none", class = "modelyard_not_found")
  expect_error(author_files(code_paths = gone[1]), class = "modelyard_not_found")
  one <- file.path(folder, "one.csv")
  for (place in c("..", "a/../b", "/etc", "a//b", "a\\b", ".")) {
    expect_error(author_files(stats::setNames(list(one), place)), class = "modelyard_invalid_name")
  }
  expect_error(author_files(list(folder)), "files, not folders", class = "modelyard_invalid_value")
  expect_error(author_files(c(one, one)), "same place", class = "modelyard_invalid_value")
})

test_that("predict finds them here, and nothing of them afterwards", {
  folder <- own_folder()
  body <- sfr_predict_body(function(model, input) {
    file <- file.path(getOption("modelyard.user_files"), "lookup", "two.csv")
    offset_of(as.numeric(readLines(file))) + input$wt
  })
  predict_here <- function(...) {
    sfr_predict_local(lm(mpg ~ wt, mtcars), data.frame(wt = 1), predict_body = body, ...)
  }
  answer <- predict_here(
    user_files = list(lookup = file.path(folder, "two.csv")),
    code_paths = file.path(folder, c("a.R", "pkg"))
  )
  expect_equal(answer$prediction, 6)
  expect_false("modelyard:code" %in% search())
  expect_null(getOption("modelyard.user_files"))
  writeLines("stop('no')", file.path(folder, "a.R"))
  expect_error(predict_here(code_paths = file.path(folder, "a.R")), "a.R of code_paths .*no",
    class = "modelyard_model_rejected"
  )
  expect_false("modelyard:code" %in% search())
})

test_that("methods of classes in code_paths are R's to find, and gone afterwards", {
  folder <- withr::local_tempdir()
  file <- file.path(folder, "methods.R")
  writeLines(c(
    "predict.house <- function(object, newdata, ...) worth(object) * newdata$rooms",
    "worth <- function(x) UseMethod('worth')",
    "worth.house <- function(x) x[['each']]",
    "`[[.house` <- function(x, i) unclass(x)[[i]] + 1",
    "all.equal.house <- function(target, current, ...) 'never'"
  ), file)
  house <- structure(list(each = 9), class = "house")
  answer <- sfr_predict_local(house, data.frame(rooms = 1:2), code_paths = file)
  expect_equal(answer$prediction, c(10, 20))
  expect_null(asNamespace("stats")[[".__S3MethodsTable__."]][["predict.house"]])
  expect_equal(house[["each"]], 9)
  expect_true(all.equal(house, house))
  expect_error(sfr_predict_local(house, data.frame(rooms = 1)), class = "modelyard_model_rejected")
})

test_that("functions in code_paths may be the session's, too", {
  file <- withr::local_tempfile(fileext = ".R")
  writeLines(c(
    "predict.hut_of_test <- function(object, newdata, ...) object$each * newdata$rooms",
    "halved_of_test <- function(v) v / 2"
  ), file)
  sys.source(file, globalenv())
  withr::defer(rm("predict.hut_of_test", "halved_of_test", envir = globalenv()))
  spec <- predict_spec("predict", character(), NULL, list(), code_paths = file)
  hut <- structure(list(each = 9), class = "hut_of_test")
  fit <- lm(mpg ~ halved_of_test(wt), mtcars)
  for (model in list(hut, fit)) {
    sent <- check_predict(model, spec)
    expect_setequal(sent, c("predict.hut_of_test", "halved_of_test"))
    expect_identical(check_travels(model, spec, sent = sent), character())
    alone <- predict_spec("predict", character(), NULL, list())
    expect_error(check_travels(model, alone), "code_paths", class = "modelyard_model_rejected")
  }
  expect_error(sfr_predict_local(hut, data.frame(rooms = 1)), "code_paths",
    class = "modelyard_model_rejected"
  )
  assign("halved_of_test", function(v) v / 3, envir = globalenv())
  expect_error(check_predict(fit, spec), "halved_of_test.*your session",
    class = "modelyard_model_rejected"
  )
})
