test_that("train by formula, by columns and by recipe", {
  set.seed(1)
  flowers <- some(iris, names(iris)[1:4])
  fit <- caret::train(Species ~ ., iris, method = "rpart")
  expect_plain(fit, flowers, as.character(predict(fit, flowers)))
  plain <- predict(fit, flowers, type = "prob")
  expect_plain(fit, flowers, plain, list(type = "prob"))
  expect_setequal(required_pkgs(fit), c("caret", "rpart"))
  expect_identical(model_task(fit), "multiclass")

  linear <- caret::train(Sepal.Length ~ Species + log(Petal.Length), iris, method = "lm")
  rows <- some(iris, c("Species", "Petal.Length"))
  expect_plain(linear, rows, predict(linear, rows))
  expect_identical(known_levels(linear)$Species$levels, levels(iris$Species))
  expect_error(
    sfr_predict_local(linear, rows, predict_args = list(type = "prob")),
    class = "modelyard_invalid_value"
  )

  columns <- suppressWarnings(caret::train(x = iris[2:5], y = iris$Sepal.Length, method = "rpart"))
  rows <- some(iris, names(iris)[2:5])
  expect_plain(columns, rows, predict(columns, rows))
  as_text <- transform(rows, Species = as.character(Species))
  expect_plain(columns, as_text, predict(columns, rows))

  kept <- caret::trainControl(returnData = FALSE)
  knn <- caret::train(
    x = iris[1:4], y = iris$Species, method = "knn", preProcess = c("center", "scale"),
    trControl = kept
  )
  expect_plain(knn, flowers, as.character(predict(knn, flowers)))
  expect_identical(nrow(sample_frame(knn)), 0L)

  recipe <- recipes::recipe(Sepal.Length ~ ., iris) |>
    recipes::step_normalize(recipes::all_numeric_predictors())
  baked <- caret::train(recipe, iris, method = "lm")
  expect_plain(baked, rows, predict(baked, rows))
})

test_that("knn3 and knnreg know the columns of their matrix", {
  flowers <- some(iris, names(iris)[1:4])
  by_formula <- caret::knn3(Species ~ ., iris, k = 5)
  by_matrix <- caret::knn3(as.matrix(iris[1:4]), iris$Species, k = 5)
  for (fit in list(by_formula, by_matrix)) {
    expect_plain(fit, flowers, as.data.frame(predict(fit, flowers)))
    class <- as.character(predict(fit, flowers, type = "class"))
    expect_plain(fit, flowers, class, list(type = "class"))
    expect_identical(nrow(sample_frame(fit, 150)), 150L)
  }
  fit <- caret::knnreg(as.matrix(iris[2:4]), iris$Sepal.Length, k = 5)
  expect_plain(fit, flowers[2:4], predict(fit, flowers[2:4]))
})

test_that("plsda takes the columns it was trained on", {
  flowers <- some(iris, names(iris)[1:4])
  fit <- caret::plsda(iris[1:4], iris$Species, ncomp = 2)
  expect_plain(fit, flowers[4:1], as.character(predict(fit, flowers)))
  prob <- predict(fit, flowers, type = "prob")[, , 1]
  found <- sfr_predict_local(fit, flowers, predict_args = list(type = "prob"))
  expect_identical(unname(as.matrix(found)), unname(prob))
  one <- sfr_predict_local(fit, flowers[2, ], predict_args = list(type = "prob"))
  expect_equal(unlist(one, use.names = FALSE), unname(prob[2, ]))
  expect_identical(model_task(fit), "multiclass")
  expect_identical(nrow(sample_frame(fit, 150)), 150L)
})

test_that("preProcess and dummyVars transform", {
  flowers <- some(iris, names(iris)[1:4])
  fit <- caret::preProcess(iris[1:4])
  found <- sfr_predict_local(fit, flowers)
  expect_true(identical(found, predict(fit, flowers), num.eq = FALSE))
  fit <- caret::dummyVars(~., iris)
  rows <- some(iris, names(iris))
  expect_plain(fit, rows, as.data.frame(predict(fit, rows)))
  expect_identical(model_task(fit), "transform")
})
