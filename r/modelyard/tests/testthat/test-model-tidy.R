test_that("a recipe is a transformation of its raw columns", {
  data(ames, package = "modeldata", envir = environment())
  recipe <- recipes::recipe(Sale_Price ~ Lot_Area + Neighborhood + Year_Built, ames) |>
    recipes::step_log(Lot_Area) |>
    recipes::step_normalize(Year_Built) |>
    recipes::step_dummy(Neighborhood) |>
    recipes::prep()
  rows <- some(ames, c("Lot_Area", "Neighborhood", "Year_Built"))
  expect_plain(recipe, rows, as.data.frame(recipes::bake(recipe, rows)))
  expect_identical(model_task(recipe), "transform")
  expect_identical(known_levels(recipe)$Neighborhood$levels, levels(ames$Neighborhood))
  expect_identical(sample_frame(recipe), as.data.frame(rows[0, ]))
  rows$Neighborhood <- "Atlantis"
  expect_error(sfr_predict_local(recipe, rows), class = "modelyard_unknown_level")
})

test_that("a recipe's own choice for new levels is let through", {
  text <- transform(iris, kind = as.character(Species))
  closed <- recipes::recipe(Sepal.Length ~ kind, text) |> recipes::prep()
  expect_identical(known_levels(closed)$kind$levels, levels(iris$Species))
  open <- recipes::recipe(Sepal.Length ~ kind, text) |>
    recipes::step_novel(kind) |>
    recipes::prep()
  expect_null(known_levels(open)$kind$levels)
  rows <- data.frame(kind = c("setosa", "rosa"))
  expect_plain(open, rows, c("setosa", "new") |> data.frame() |> setNames("kind"))
})

test_that("a hardhat model is asked with new_data, and its blueprint has the columns", {
  fit <- function(formula, data) {
    mold <- hardhat::mold(formula, data)
    b <- stats::lm.fit(as.matrix(cbind(1, mold$predictors)), mold$outcomes[[1]])$coefficients
    hardhat::new_model(b = b, blueprint = mold$blueprint, class = "zoo_lm")
  }
  predict_zoo_lm <- function(object, new_data, ...) {
    forged <- hardhat::forge(new_data, object$blueprint)$predictors
    data.frame(.pred = as.vector(cbind(1, as.matrix(forged)) %*% object$b))
  }
  registerS3method("predict", "zoo_lm", predict_zoo_lm)
  model <- fit(Sepal.Length ~ Species + Petal.Length, iris)
  rows <- some(iris, c("Species", "Petal.Length"))
  expect_plain(model, rows, predict(model, rows))
  expect_identical(known_levels(model)$Species$levels, levels(iris$Species))
  expect_true("hardhat" %in% required_pkgs(model))
})

# parsnip and workflows are not in Debian 12. These objects have the documented parts of theirs, and
# a predict() of new_data, which is all that is asked of them.
as_parsnip <- function(fit, lvl = NULL, mode = "regression") {
  registerS3method("predict", "model_fit", function(object, new_data, ...) {
    data.frame(.pred = unname(stats::predict(object$fit, new_data)))
  })
  structure(
    list(
      lvl = lvl, spec = list(mode = mode, method = list(libs = c("stats", "MASS"))), fit = fit,
      preproc = list(terms = fit$terms, xlevels = fit$xlevels)
    ),
    class = c("_lm", "model_fit")
  )
}

test_that("a model_fit and a workflow are known by the parts they document", {
  fit <- as_parsnip(lm(mpg ~ log(wt) + factor(cyl), mtcars))
  rows <- some(mtcars, c("wt", "cyl"))
  found <- predict_frame(fit, rows, list(fn = "predict"))$frame
  expect_identical(found, data.frame(.pred = unname(predict(fit$fit, rows))))
  expect_setequal(predictors(fit), c("wt", "cyl"))
  expect_setequal(required_pkgs(fit), c("parsnip", "stats", "MASS"))
  expect_identical(model_task(fit), "regression")
  expect_identical(model_task(as_parsnip(fit$fit, c("a", "b"), "classification")), "binary")
  by_names <- fit
  by_names$preproc <- list(x_var = c("wt", "cyl"), y_var = "mpg")
  expect_identical(predictors(by_names), c("wt", "cyl"))

  blueprint <- hardhat::mold(mpg ~ wt + cyl, mtcars)$blueprint
  workflow <- structure(
    list(pre = list(mold = list(blueprint = blueprint)), fit = list(fit = fit)),
    class = "workflow"
  )
  expect_setequal(predictors(workflow), c("wt", "cyl"))
  expect_setequal(required_pkgs(workflow), c("workflows", "parsnip", "stats", "MASS"))
  expect_identical(model_task(workflow), "regression")
})

test_that("real parsnip and workflows, where they are installed", {
  skip_if_not_installed("parsnip")
  skip_if_not_installed("workflows")
  spec <- parsnip::linear_reg()
  fit <- parsnip::fit(spec, mpg ~ log(wt) + hp, mtcars)
  rows <- some(mtcars, c("wt", "hp"))
  expect_plain(fit, rows, as.data.frame(predict(fit, rows)))
  recipe <- recipes::recipe(mpg ~ wt + hp, mtcars) |> recipes::step_normalize(wt)
  whole <- workflows::workflow(recipe, spec) |> parsnip::fit(mtcars)
  expect_plain(whole, rows, as.data.frame(predict(whole, rows)))
})

test_that("a vetiver_model is its model, with its prototype as the contract", {
  fit <- lm(Sepal.Length ~ Species + Petal.Length, iris)
  prototype <- iris[0, c("Species", "Petal.Length")]
  vetiver <- structure(
    list(model = fit, prototype = prototype, metadata = list(required_pkgs = "MASS")),
    class = "vetiver_model"
  )
  rows <- some(iris, names(prototype))
  expect_plain(vetiver, rows, predict(fit, rows))
  expect_identical(sample_frame(vetiver), prototype)
  expect_identical(required_pkgs(vetiver), "MASS")
  expect_identical(model_task(vetiver), "regression")
})
