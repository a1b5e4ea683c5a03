x <- as.matrix(mtcars[-1])
rows <- mtcars[1:6, -1]
petals <- as.matrix(iris[1:4])
flowers <- some(iris, names(iris)[1:4], 3)

test_that("glmnet gets its matrix in its own order of columns", {
  fit <- glmnet::glmnet(x, mtcars$mpg)
  plain <- predict(fit, as.matrix(rows), s = 0.1)
  expect_plain(fit, rows, plain[, 1], list(s = 0.1))
  path <- predict(fit, as.matrix(rows))
  expect_plain(fit, rows, as.data.frame(path))
  set.seed(1)
  cv <- glmnet::cv.glmnet(x, mtcars$mpg)
  plain <- predict(cv, as.matrix(rows), s = "lambda.min")
  expect_plain(cv, rows, plain[, 1], list(s = "lambda.min"))
  expect_identical(sample_frame(cv), as.data.frame(lapply(mtcars[0, -1], as.double)))
})

test_that("glmnet of several classes and responses", {
  fit <- glmnet::glmnet(petals, iris$Species, "multinomial")
  args <- list(s = 0.01, type = "response")
  plain <- predict(fit, as.matrix(flowers), s = 0.01, type = "response")
  expect_plain(fit, flowers, as.data.frame(plain[, , 1]), args)
  two <- predict(fit, as.matrix(flowers), s = c(0.01, 0.1), type = "response")
  columns <- cbind(two[, , 1], two[, , 2])
  names <- c(outer(levels(iris$Species), 1:2, paste, sep = "."))
  args$s <- c(0.01, 0.1)
  expect_plain(fit, flowers, setNames(as.data.frame(columns), names), args)
  class <- predict(fit, as.matrix(flowers), s = 0.01, type = "class")
  args <- list(s = 0.01, type = "class")
  expect_plain(fit, flowers, class[, 1], args)
  flowers[2, 1] <- NA
  expect_error(
    sfr_predict_local(fit, flowers, predict_args = args),
    class = "modelyard_model_error"
  )
  both <- glmnet::glmnet(x[, -1], as.matrix(mtcars[1:2]), "mgaussian")
  plain <- predict(both, as.matrix(rows[-1]), s = 0.01)
  expect_plain(both, rows[-1], as.data.frame(plain[, , 1]), list(s = 0.01))
})

test_that("glmnet of every other family", {
  set.seed(1)
  counts <- rpois(32, 3)
  fit <- glmnet::glmnet(x, counts, "poisson", offset = rep(1, 32))
  with_offset <- cbind(rows, offset = 1:6 / 3)
  plain <- predict(fit, as.matrix(rows), s = 0.1, newoffset = 1:6 / 3)
  expect_plain(fit, with_offset, plain[, 1], list(s = 0.1))
  lung <- na.omit(survival::lung)
  y <- survival::Surv(lung$time, lung$status)
  fit <- glmnet::glmnet(as.matrix(lung[4:6]), y, "cox")
  plain <- predict(fit, as.matrix(lung[1:5, 4:6]), s = 0.01)
  expect_plain(fit, some(lung[1:5, ], names(lung)[4:6], 5), plain[, 1], list(s = 0.01))
  fit <- glmnet::glmnet(x[, -8], mtcars$am, "binomial")
  plain <- predict(fit, as.matrix(rows[-8]), s = 0.01, type = "class")
  expect_plain(fit, rows[-8], plain[, 1], list(s = 0.01, type = "class"))
  expect_identical(model_task(fit), "binary")
  expect_error(
    sfr_predict_local(glmnet::glmnet(x, mtcars$mpg), rows, predict_args = list(type = "class")),
    class = "modelyard_invalid_value"
  )
})

test_that("a missing number of glmnet keeps its row", {
  fit <- glmnet::glmnet(x, mtcars$mpg)
  rows$wt[2] <- NA
  found <- sfr_predict_local(fit, rows, predict_args = list(s = 0.1))$prediction
  expect_identical(is.na(found), 1:6 == 2)
})

test_that("mvr takes the columns of its matrix by name and answers an array flatly", {
  data(gasoline, package = "pls", envir = environment())
  fit <- pls::plsr(octane ~ NIR, 3, data = gasoline)
  expect_length(predictors(fit), 401)
  rows <- sample_frame(fit, 4)
  matrix <- as.matrix(rows)
  colnames(matrix) <- colnames(gasoline$NIR)
  newdata <- data.frame(NIR = I(matrix))
  plain <- predict(fit, newdata)
  columns <- data.frame(plain[, 1, 1], plain[, 1, 2], plain[, 1, 3])
  expect_plain(fit, rows, setNames(columns, paste(1:3, "comps")))
  expect_plain(fit, rows, predict(fit, newdata, ncomp = 2)[, 1, 1], list(ncomp = 2))
  fit <- pls::pcr(mpg ~ wt + log(hp), 2, data = mtcars)
  rows <- some(mtcars, c("wt", "hp"))
  expect_plain(fit, rows, predict(fit, rows, ncomp = 2)[, 1, 1], list(ncomp = 2))
})
