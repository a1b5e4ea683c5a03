said_of <- function(...) paste(testthat::capture_messages(check_closure(...)), collapse = "")

test_that("what a predict function closes over is named with its size", {
  fn <- local({
    coefficients <- sin(1:1e5)
    small <- 1
    function(model, input) input$x * small + coefficients[1]
  })
  said <- said_of(fn, character())
  expect_match(said, "coefficients (800", fixed = TRUE)
  expect_match(said, "small")
})

test_that("a plain function says nothing", {
  fn <- function(model, input) predict(model, input)
  environment(fn) <- globalenv()
  expect_identical(said_of(fn, character()), "")
})

test_that("what cannot be saved is refused by name", {
  held <- function(value) {
    force(value)
    function(model, input) value
  }
  con <- textConnection("a")
  on.exit(close(con))
  pointer <- methods::new("externalptr")
  python <- structure(new.env(), class = "python.builtin.object")
  inner <- new.env()
  assign("deep", list(1, list(pointer)), envir = inner)
  for (value in list(con, pointer, python, list(pointer), inner, function() pointer)) {
    expect_error(check_closure(held(value), character()), class = "modelyard_model_rejected")
  }
  active <- new.env(parent = globalenv())
  makeActiveBinding("now", function() Sys.time(), active)
  fn <- function(model, input) now
  environment(fn) <- active
  expect_error(check_closure(fn, character()), "active binding", class = "modelyard_model_rejected")
})

test_that("an environment that holds itself is looked through once", {
  loop <- new.env()
  assign("self", loop, envir = loop)
  fn <- local({
    loop <- loop
    function(model, input) loop
  })
  expect_match(said_of(fn, character()), "loop")
})

test_that("what is only in the session is one error that names all of it", {
  made <- c("shift_of_test", "scale_of_test")
  assign("shift_of_test", 2, envir = globalenv())
  assign("scale_of_test", function(x) x, envir = globalenv())
  on.exit(rm(list = made, envir = globalenv()))
  fn <- function(model, input) scale_of_test(input$x) + shift_of_test
  environment(fn) <- globalenv()
  expect_error(check_closure(fn, character()), "scale_of_test.*shift_of_test",
    class = "modelyard_model_rejected"
  )
  # A column of the rows may have the name of a variable of the session.
  column <- function(model, input) with(input, shift_of_test)
  environment(column) <- globalenv()
  expect_silent(check_closure(column, character(), "shift_of_test"))
  closed <- local({
    shift_of_test <- 1
    function(model, input) input$x + shift_of_test
  })
  expect_match(said_of(closed, character()), "takes along")
})

test_that("a package attached in the session only has to be named", {
  skip_if_not_installed("splines")
  library(splines)
  on.exit(detach("package:splines"))
  fn <- function(model, input) ns(input$x, 3)
  environment(fn) <- globalenv()
  expect_error(check_closure(fn, character()), "splines", class = "modelyard_model_rejected")
  expect_silent(check_closure(fn, "splines"))
})

test_that("columns that a predict function reads by no name are its inputs", {
  rows <- mtcars[c("wt", "hp", "cyl", "disp")]
  fit <- lm(mpg ~ wt, mtcars)
  chosen <- function(body) {
    spec <- predict_spec("predict", character(), sfr_predict_body(body), list())
    names(suppressMessages(choose_samples(fit, spec, NULL, rows, NULL))$rows)
  }
  held <- local({
    others <- list(north = list(day = lm(mpg ~ hp, mtcars)))
    function(model, input) predict(model, input) + predict(others$north$day, input)
  })
  expect_setequal(chosen(held), c("wt", "hp"))
  expect_setequal(chosen(function(m, r) predict(m, r) + rowSums(r)), names(rows))
  expect_setequal(chosen(function(m, r) predict(m, r) + r$hp), c("wt", "hp"))
  expect_setequal(chosen(function(m, r) predict(m, r)), "wt")
})

test_that("an argument that was not given may lie around a predict function", {
  wrap <- function(comment) {
    twice <- 2
    function(model, input) predict(model, input) * twice
  }
  expect_message(check_closure(wrap(), character()), "twice")
})
