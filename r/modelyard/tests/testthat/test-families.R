test_that("a clustering without a rule for new rows is refused, and says why", {
  model <- stats::hclust(stats::dist(USArrests))
  expect_error(
    sfr_predict_local(model, USArrests[1:3, ]),
    class = "modelyard_model_rejected", "no rule that puts"
  )
})

test_that("a model that keeps only the name of its series is refused", {
  expect_error(
    sfr_predict_local(stats::ar(lh), data.frame(period = 1:3)),
    class = "modelyard_model_rejected", "name of its series"
  )
})

test_that("a tree that would draw lots for a missing value refuses it", {
  skip_if_not_installed("partykit")
  model <- partykit::ctree(Sepal.Length ~ Petal.Length + Petal.Width, iris)
  rows <- data.frame(Petal.Length = c(NA, 1.4), Petal.Width = 0.2)
  expect_error(sfr_predict_local(model, rows), class = "modelyard_null_not_allowed")
  expect_equal(nrow(sfr_predict_local(model, rows[2, ])), 1)
})

test_that("text for a factor whose levels the model does not look up is refused", {
  skip_if_not_installed("ranger")
  model <- ranger::ranger(Sepal.Length ~ Species, iris, num.trees = 5, num.threads = 1)
  model$call <- NULL
  rows <- data.frame(Species = "virginica")
  expect_error(sfr_predict_local(model, rows), class = "modelyard_type_mismatch")
  rows$Species <- factor(rows$Species, levels(iris$Species))
  expect_identical(
    sfr_predict_local(model, rows)$prediction,
    predict(model, data = rows, num.threads = 1)$predictions
  )
})

test_that("levels that sfr_input_cols() carries make a factor in this session too", {
  skip_if_not_installed("gbm")
  set.seed(1)
  model <- gbm::gbm(Sepal.Length ~ Species, "gaussian", iris, n.trees = 20)
  rows <- iris[c(1, 70, 120), "Species", drop = FALSE]
  found <- sfr_predict_local(
    model, data.frame(Species = as.character(rows$Species)),
    input_cols = sfr_input_cols(rows), output_cols = list(prediction = "double")
  )
  expect_identical(found$prediction, predict(model, rows, n.trees = 20))
})

test_that("lots drawn for equal votes are the same each time, and the session's stream stays", {
  skip_if_not_installed("randomForest")
  set.seed(1)
  model <- randomForest::randomForest(Species ~ Sepal.Width, iris, ntree = 2)
  rows <- iris["Sepal.Width"]
  set.seed(99)
  before <- .Random.seed
  first <- sfr_predict_local(model, rows)
  expect_identical(.Random.seed, before)
  stats::runif(7)
  expect_identical(sfr_predict_local(model, rows), first)
})

test_that("a function of the author's gets its rows also when there are predict_args", {
  own <- function(model, rows, times = 1) rows$x * times
  assign("own_function", own, envir = globalenv())
  on.exit(rm("own_function", envir = globalenv()))
  found <- sfr_predict_local(
    list(), data.frame(x = 1:3), predict_fn = "own_function", predict_args = list(times = 2)
  )
  expect_identical(found$prediction, c(2, 4, 6))
})

test_that("arima() with regressors takes them by name, without the series or its session", {
  x <- cbind(a = sin(1:40), b = cos(1:40 / 3))
  model <- stats::arima(cumsum(x[, 1]) + x[, 2], order = c(1, 0, 0), xreg = x)
  rows <- data.frame(b = c(0.5, 0.1), a = c(1, 2))
  expected <- as.numeric(predict(model, n.ahead = 2, newxreg = as.matrix(rows[c("a", "b")]))$pred)
  rm(x)
  expect_identical(sfr_predict_local(model, rows)$prediction, expected)
  expect_identical(predictors(model), c("a", "b"))
})

test_that("the nearest centre of kmeans is the cluster of its own rows", {
  set.seed(1)
  model <- stats::kmeans(iris[-5], 3, nstart = 5)
  found <- sfr_predict_local(model, iris[-5])$prediction
  expect_identical(found, unname(model$cluster))
  rows <- iris[1:2, -5]
  rows$Sepal.Width[2] <- NA
  expect_identical(is.na(sfr_predict_local(model, rows)$prediction), c(FALSE, TRUE))
})

test_that("prophet's answers come in the order of the rows, not of their dates", {
  skip_if(isNamespaceLoaded("prophet"), "prophet itself is loaded")
  by_date <- function(object, df = NULL, ...) {
    days <- if (is.null(df)) object$history else df$ds
    data.frame(ds = sort(days), yhat = as.numeric(sort(days)))
  }
  registerS3method("predict", "prophet", by_date, envir = asNamespace("stats"))
  model <- structure(list(history = as.Date("2024-01-01") + 0:2), class = c("prophet", "list"))
  rows <- data.frame(ds = as.Date("2024-02-01") + c(2, 0, 1))
  expect_identical(sfr_predict_local(model, rows)$prediction, as.numeric(rows$ds))
})
