test_that("a formula's raw predictors are found behind what it makes of them", {
  fit <- lm(log(mpg) ~ log(wt) + poly(hp, 2) + splines::ns(disp, df = 3) + I(wt^2) + wt:hp +
    factor(cyl) + offset(qsec / 100), mtcars)
  rows <- some(mtcars, c("wt", "hp", "disp", "cyl", "qsec"))
  expect_plain(fit, rows, predict(fit, rows))
  expect_identical(names(sample_frame(fit, 3)), predictors(fit))
  degree <- 3
  expect_identical(predictors(lm(mpg ~ splines::bs(wt, df = degree), mtcars)), "wt")
  expect_setequal(predictors(lm(mpg ~ . - hp, mtcars)), setdiff(names(mtcars), c("mpg")))
  expect_identical(predictors(lm(mpg ~ cos(2 * pi * wt), mtcars)), "wt")
})

test_that("a value of a function that fitted the model travels, and is no predictor", {
  made <- (function(limit) {
    cars <- mtcars
    lm(mpg ~ I(wt > limit) + log(hp), cars)
  })(3)
  expect_setequal(predictors(made), c("wt", "hp"))
  expect_identical(nrow(sample_frame(made, 5)), 5L)
  local <- (function(x, y) lm(y ~ log(x)))(mtcars$wt, mtcars$mpg)
  expect_identical(sample_frame(local, 99)$x, mtcars$wt)
})

test_that("without its data a model still says which numbers it takes", {
  fit <- (function(unseen) lm(mpg ~ log(wt) + am, unseen, model = FALSE))(mtcars)
  attr(fit$terms, ".Environment") <- globalenv()
  expect_identical(sample_frame(fit), data.frame(wt = double(), am = double()))
  unclear <- lm(mpg ~ ifelse(wt > 3, 1, 0), mtcars)
  attr(unclear$terms, ".Environment") <- baseenv()
  expect_null(sample_frame(unclear))
  expect_identical(predictors(unclear), "wt")
})

test_that("a column that is called like a value of R is one", {
  spec <- predict_spec("predict", character(), NULL, list())
  forget <- function(formula, rows) {
    home <- new.env(parent = globalenv())
    home$rows <- rows
    environment(formula) <- home
    fit <- eval(call("lm", formula, quote(rows)), home)
    rm("rows", envir = home)
    fit
  }
  rows <- transform(mtcars, T = wt, pi = hp)
  expect_identical(predictors(forget(mpg ~ log(T) + pi, rows)), c("T", "pi"))
  expect_identical(predictors(forget(mpg ~ I(T * wt), rows)), c("T", "wt"))
  expect_identical(predictors(forget(mpg ~ poly(wt, 2, raw = T), mtcars)), "wt")
  expect_identical(predictors(forget(mpg ~ sapply(wt, abs), mtcars)), "wt")
  # Nothing tells here but the rows its author gives.
  fit <- forget(mpg ~ I(pi * wt), rows)
  expect_identical(predictors(fit), "wt")
  expect_message(check_travels(fit, spec), "pi.*R's own")
  expect_no_message(check_travels(fit, spec, "pi"))
  given <- rows[1:3, c("pi", "wt")]
  expect_setequal(names(choose_samples(fit, spec, NULL, rows[1:3, ], NULL)$rows), names(given))
  expect_identical(sfr_predict_local(fit, rows[1:3, ])$prediction, unname(predict(fit, given)))
})

test_that("arguments of a function in a formula are no columns", {
  fit <- lm(mpg ~ sapply(wt, function(q, p = 2) sapply(q, \(r) r^p)) + hp, mtcars)
  expect_identical(predictors(fit), c("wt", "hp"))
  rows <- some(mtcars, c("hp", "wt"))
  expect_plain(fit, rows, predict(fit, rows))
})

test_that("a column that is called like a function of R is one beside pi", {
  spec <- predict_spec("predict", character(), NULL, list())
  gone <- function(formula) {
    rows <- transform(mtcars, time = 1:32)
    fit <- lm(formula, rows)
    attr(fit$terms, ".Environment") <- globalenv()
    fit
  }
  expect_identical(predictors(gone(mpg ~ sin(2 * pi * time / 12) + wt)), c("time", "wt"))
  expect_identical(predictors(gone(mpg ~ ifelse(time > 3, hp, 0) + hp)), c("time", "hp"))
  expect_identical(predictors(gone(mpg ~ pmin(time, pi))), "time")
  expect_identical(predictors(gone(mpg ~ ifelse(wt == 3, T, F))), "wt")
  expect_identical(predictors(lm(mpg ~ (month.abb[carb] == "Apr") + wt, mtcars)), c("carb", "wt"))
  fit <- gone(mpg ~ sin(2 * pi * time / 12) + wt)
  rows <- data.frame(time = 1:3, wt = c(2, 3, 4))
  expect_plain(fit, rows, predict(fit, rows))
})

test_that("a value of the session is no column, however it is calculated with", {
  spec <- predict_spec("predict", character(), NULL, list())
  withr::defer(rm("scale_of_test", envir = globalenv()))
  assign("scale_of_test", 2, envir = globalenv())
  refused <- function(fit) {
    expect_error(check_travels(fit, spec, names(mtcars)), "scale_of_test",
      class = "modelyard_model_rejected"
    )
  }
  formula <- mpg ~ I(wt * scale_of_test) + hp
  refused(lm(formula, mtcars))
  refused(glm(formula, data = mtcars))
  refused(rpart::rpart(formula, mtcars))
  expect_identical(check_travels(lm(formula, mtcars), spec, "scale_of_test"), character())
  # Of a matrix only its own columns are known, whatever the session has by their names.
  matrix <- cbind(scale_of_test = mtcars$wt, hp = mtcars$hp)
  expect_identical(check_travels(e1071::svm(matrix, mtcars$mpg), spec), character())
})

test_that("vectors of the function that fitted a model are no columns", {
  fitted_in <- function(rows) {
    breaks <- c(0, 3, 9)
    rpart::rpart(mpg ~ cut(wt, breaks) + hp, rows)
  }
  expect_identical(predictors(fitted_in(mtcars)), c("wt", "hp"))
  fitted_in <- function(rows) {
    breaks <- c(0, 3, 9)
    list(lm(mpg ~ cut(wt, breaks) + hp, rows), glm(mpg ~ cut(wt, breaks) + hp, data = rows))
  }
  for (fit in fitted_in(mtcars)) {
    small <- slim(fit, list())
    rm("rows", envir = attr(small$terms, ".Environment"))
    expect_identical(predictors(small), c("wt", "hp"))
  }
})

test_that("a value of the function that fitted a model may hide a column of data that is gone", {
  spec <- predict_spec("predict", character(), NULL, list())
  strange <- function(rows) rows # code in `data =` that is not run again
  fits <- (function(d) {
    n <- nrow(d)
    list(
      lm(mpg ~ I(wt / n) + hp, data = strange(transform(d, n = carb))),
      rpart::rpart(mpg ~ I(wt / n) + hp, data = strange(transform(d, n = carb)))
    )
  })(mtcars)
  rows <- data.frame(wt = 2.62, hp = 110, n = c(1, 4))
  for (fit in fits) {
    expect_error(check_travels(fit, spec), "n.*sample_input", class = "modelyard_model_rejected")
    expect_identical(check_travels(fit, spec, names(rows)), character())
    expect_setequal(names(choose_samples(fit, spec, NULL, rows, NULL)$rows), names(rows))
    expect_setequal(names(choose_samples(fit, spec, NULL, rows[-3], NULL)$rows), c("wt", "hp"))
    for (given in list(rows, rows[-3])) {
      expect_identical(sfr_predict_local(fit, given)$prediction, unname(predict(fit, given)))
    }
  }
  seen <- (function(d) {
    n <- nrow(d)
    lm(mpg ~ I(wt / n) + hp, data = transform(d, n = carb))
  })(mtcars)
  expect_setequal(predictors(seen), c("wt", "n", "hp"))
})

test_that("a column that was taken from the data after the fit is not R's own for that", {
  rows <- transform(mtcars, T = wt)
  fit <- lm(mpg ~ I(T * hp), rows)
  rows$T <- NULL
  expect_setequal(predictors(fit), c("T", "hp"))
  rows <- transform(mtcars, pi = wt)
  fit <- lm(mpg ~ I(pi * hp), rows)
  rows$pi <- NULL
  expect_identical(doubtful_names(fit), "pi")
  spec <- predict_spec("predict", character(), NULL, list())
  expect_error(suppressMessages(check_travels(fit, spec)), "pi.*sample_input",
    class = "modelyard_model_rejected"
  )
  rows <- transform(mtcars, T = wt)
  fit <- rpart::rpart(mpg ~ I(T * hp), rows)
  rows$T <- NULL
  expect_setequal(predictors(fit), c("T", "hp"))
})

test_that("what is denied, joined or given to poly() is a column", {
  gone <- function(formula, rows = transform(mtcars, T = am == 1)) {
    fit <- lm(formula, rows)
    attr(fit$terms, ".Environment") <- globalenv()
    fit
  }
  expect_setequal(predictors(gone(mpg ~ I(!T & hp > 100))), c("T", "hp"))
  expect_setequal(predictors(gone(mpg ~ poly(T, hp, degree = 1))), c("T", "hp"))
  expect_identical(predictors(gone(mpg ~ poly(hp, 2, raw = T), mtcars)), "hp")
})

test_that("vectors of a function are columns where rows were left out of the fit, too", {
  lacking <- transform(mtcars, wt = replace(wt, 3, NA))
  fits <- (function(q) {
    power <- q$hp
    list(lm(mpg ~ I(power * wt), q), lm(mpg ~ I(power * wt), q, subset = wt > 2))
  })(lacking)
  for (fit in fits) expect_setequal(predictors(fit), c("power", "wt"))
})

test_that("what is no value of the session does not count as one", {
  spec <- predict_spec("predict", character(), NULL, list())
  withr::defer(rm("zz_of_test", envir = globalenv()))
  assign("zz_of_test", "unrelated", envir = globalenv())
  fit <- (function(q) {
    zz_of_test <- q$hp
    lm(mpg ~ log(zz_of_test) + wt, q)
  })(mtcars)
  expect_identical(check_travels(fit, spec), character())
  withr::local_package("dplyr")
  rows <- transform(mtcars, lag = wt, first = hp)
  fit <- lm(mpg ~ cut(lag, c(0, 3, 9)) + log(first), rows, model = FALSE)
  attr(fit$terms, ".Environment") <- baseenv()
  expect_identical(check_travels(fit, spec), character())
})
