test_that("parts of words mean what R takes them for", {
  set.seed(1)
  rows <- transform(iris, Species = sample(Species))
  forest <- randomForest::randomForest(Species ~ Sepal.Length, rows, ntree = 4)
  ask <- function(...) sfr_predict_local(forest, rows, predict_args = list(...))$prediction
  expect_identical(ask(type = "resp"), ask(type = "response"))
  expect_identical(ask(ty = "resp"), ask(type = "response"))
  expect_identical(full_words(forest, list(ty = "pro")), list(type = "prob"))
  cox <- survival::coxph(survival::Surv(time, status) ~ age, survival::lung, model = TRUE)
  args <- full_words(cox, list(ty = "surv", se = TRUE))
  expect_identical(args, list(type = "survival", se.fit = TRUE))
  expect_setequal(predictors(cox, args), c("time", "status", "age"))
  expect_identical(full_words(cox, list(level = 0.9)), list(level = 0.9))
  rows <- survival::lung[1:3, c("age", "time", "status")]
  expect_identical(
    sfr_predict_local(cox, rows, predict_args = list(type = "surv"))$prediction,
    unname(predict(cox, rows, type = "survival"))
  )
})

test_that("parts of words are refused where the class compares them", {
  fit <- mgcv::gam(mpg ~ s(wt), data = mtcars)
  forest <- gbm::gbm(mpg ~ wt, "gaussian", mtcars, n.trees = 3, n.minobsinnode = 2)
  for (model in list(fit, forest)) {
    expect_error(
      sfr_predict_local(model, mtcars, predict_args = list(type = "resp")), "no type 'resp'",
      class = "modelyard_invalid_value"
    )
  }
})

test_that("rows are no argument to log a model with", {
  fit <- lm(mpg ~ wt, mtcars)
  expect_error(sfr_predict_local(fit, mtcars, predict_args = list(newdata = "x")), "newdata",
    class = "modelyard_invalid_value"
  )
})
