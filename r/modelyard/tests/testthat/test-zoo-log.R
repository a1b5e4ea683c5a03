# Logged with nothing but the model, against a real server: what the model keeps or names of its data
# is enough, a worker of its own loads what it needs, and its numbers are plain predict()'s.

# `rows` are given to plain predict() where they are not the model's own.
log_plainly <- function(reg, name, fit, plain, rows = sample_frame(fit), args = list()) {
  logged <- quietly(sfr_log_model(reg, fit, name, predict_args = args))
  found <- quietly(sfr_predict(reg, name, rows))
  expected <- plain(fit, rows)
  if (!is.data.frame(expected)) expected <- data.frame(prediction = as.vector(unname(expected)))
  expected[] <- lapply(expected, as.vector)
  row.names(expected) <- row.names(found) <- NULL
  # The columns of the rows come first.
  found <- found[ncol(found) - ncol(expected) + seq_along(expected)]
  names(found) <- names(expected)
  expect_true(identical(found, expected, num.eq = FALSE), label = paste(name, "has R's bits"))
  logged$about
}

test_that("linear and smooth models are logged by themselves", {
  reg <- real_registry()
  fit <- lm(log(mpg) ~ splines::ns(wt, 3) + poly(hp, 2) + factor(cyl), mtcars)
  about <- log_plainly(reg, "LM", fit, predict)
  expect_identical(about$task, "TABULAR_REGRESSION")
  expect_true(about$checks$row_independent)
  expect_identical(about$checks$sample_origin, "model_frame")

  withr::local_package("splines")
  log_plainly(reg, "NS", lm(mpg ~ ns(wt, 3) + bs(hp, 4), mtcars), predict)
  log_plainly(reg, "MLM", lm(cbind(mpg, disp) ~ wt, mtcars), \(m, r) as.data.frame(predict(m, r)))
  about <- quietly(log_plainly(reg, "GLM", suppressWarnings(glm(am ~ wt, binomial, mtcars)), \(m, r) {
    predict(m, r, type = "response")
  }, args = list(type = "response")))
  expect_identical(about$task, "TABULAR_BINARY_CLASSIFICATION")
  expect_identical(about$kind, "binary")
  log_plainly(reg, "RLM", MASS::rlm(stack.loss ~ ., stackloss), predict)
  log_plainly(reg, "NLS", nls(density ~ SSlogis(log(conc), Asym, xmid, scal), DNase), predict)
  log_plainly(reg, "LOESS", loess(dist ~ speed, cars), predict)
  log_plainly(reg, "SPLINE", smooth.spline(cars$speed, cars$dist), \(m, r) predict(m, r$x)$y)
  gam <- mgcv::gam(Sepal.Length ~ s(Petal.Length, by = Species) + Species, data = iris)
  log_plainly(reg, "GAM", gam, predict)
  data(engel, package = "quantreg", envir = environment())
  rq <- quantreg::rq(foodexp ~ income, tau = c(0.1, 0.5), data = engel)
  log_plainly(reg, "RQ", rq, \(m, r) {
    p <- predict(m, r)
    setNames(as.data.frame(unclass(p)), colnames(p))
  })
})

test_that("mixed, survival, matrix and wrapped models are logged by themselves", {
  reg <- real_registry()
  lmer <- lme4::lmer(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)
  log_plainly(reg, "LMER", lmer, predict)
  new <- data.frame(Days = c(1, 2), Subject = c("308", "nobody"))
  expect_error(
    quietly(sfr_predict(reg, "LMER", new)), "allow.new.levels = TRUE",
    class = "modelyard_unknown_level"
  )
  log_plainly(reg, "LMER_NEW", lmer, \(m, r) predict(m, r, allow.new.levels = TRUE), new,
    args = list(allow.new.levels = TRUE)
  )
  lme <- nlme::lme(distance ~ age, random = ~ 1 | Subject, nlme::Orthodont)
  log_plainly(reg, "LME", lme, predict)
  cox <- survival::coxph(survival::Surv(time, status) ~ age + sex, survival::lung)
  about <- log_plainly(reg, "COX", cox, predict)
  expect_identical(about$kind, "survival")
  glmnet <- glmnet::glmnet(as.matrix(mtcars[-1]), mtcars$mpg)
  about <- log_plainly(reg, "GLMNET", glmnet, \(m, r) predict(m, as.matrix(r), s = 0.1)[, 1],
    mtcars[1:3, -1],
    args = list(s = 0.1)
  )
  expect_identical(about$checks$sample_origin, "generated")
  set.seed(1)
  train <- caret::train(Species ~ ., iris, method = "rpart")
  log_plainly(reg, "TRAIN", train, \(m, r) as.character(predict(m, r)))
  recipe <- recipes::recipe(Sepal.Length ~ ., iris) |>
    recipes::step_log(Petal.Length) |>
    recipes::prep()
  bake <- \(m, r) as.data.frame(recipes::bake(m, r))
  log_plainly(reg, "RECIPE", recipe, bake, iris[c(1, 60), -1])
  vetiver <- structure(
    list(model = cox, prototype = data.frame(age = double(), sex = double())),
    class = "vetiver_model"
  )
  log_plainly(reg, "VETIVER", vetiver, \(m, r) predict(cox, r), data.frame(age = 60, sex = 1))
})

test_that("what does not travel is named before anything is sent", {
  reg <- sfr_model_registry(fake_connection())
  log <- function(fit) quietly(sfr_log_model(reg, fit, "M"))
  assign("zoo_limit", 3, envir = globalenv())
  assign("zoo_square", function(x) x^2, envir = globalenv())
  assign("zoo_cars", mtcars, envir = globalenv())
  withr::defer(rm(zoo_limit, zoo_square, zoo_cars, envir = globalenv()))
  at_top <- function(code) eval(code, globalenv())
  refused <- function(code) {
    expect_error(log(at_top(code)), class = "modelyard_model_rejected")
  }
  expect_match(
    conditionMessage(refused(quote(lm(mpg ~ I(wt > zoo_limit), mtcars)))), "zoo_limit"
  )
  expect_match(
    conditionMessage(refused(quote(lm(zoo_cars$mpg ~ zoo_cars$wt)))), "zoo_cars.*data"
  )
  expect_match(conditionMessage(refused(quote(lm(mpg ~ zoo_square(wt), mtcars)))), "zoo_square")

  registerS3method("predict", "zoo_own", function(object, newdata, ...) 1, envir = globalenv())
  assign("predict.zoo_own", function(object, newdata, ...) 1, envir = globalenv())
  withr::defer(rm(predict.zoo_own, envir = globalenv()))
  expect_error(
    log(structure(list(), class = "zoo_own")), "sfr_predict_body\\(predict.zoo_own\\)",
    class = "modelyard_model_rejected"
  )
})

test_that("packages of the functions in a formula come along", {
  spec <- predict_spec("predict", character(), NULL, list())
  expect_identical(check_travels(lm(mpg ~ wt, mtcars), spec), character())
  withr::local_package("rlang")
  fit <- lm(mpg ~ set_names(wt), mtcars)
  expect_identical(check_travels(fit, spec), "rlang")
  expect_identical(required_pkgs(lm(mpg ~ splines::ns(wt, 2), mtcars)), character())
  withr::local_package("splines")
  expect_identical(required_pkgs(lm(mpg ~ ns(wt, 2), mtcars)), "splines")
})

test_that("functions of R that a formula names are neither columns nor of the session", {
  spec <- predict_spec("predict", character(), NULL, list())
  rows <- transform(mtcars, g = factor(cyl))
  fits <- list(
    lm(mpg ~ C(g, contr.sum) + wt, rows), lm(mpg ~ sapply(wt, abs), rows),
    lm(mpg ~ Reduce(`+`, list(wt, hp)), rows), lm(mpg ~ ave(wt, g, FUN = mean), rows)
  )
  columns <- list(c("g", "wt"), "wt", c("wt", "hp"), c("wt", "g"))
  for (i in seq_along(fits)) {
    expect_identical(predictors(fits[[i]]), columns[[i]])
    expect_identical(check_travels(fits[[i]], spec), character())
  }
  assign("zoo_abs", function(x) abs(x), envir = globalenv())
  withr::defer(rm(zoo_abs, envir = globalenv()))
  fit <- lm(mpg ~ sapply(wt, zoo_abs), rows)
  expect_error(check_travels(fit, spec), "zoo_abs", class = "modelyard_model_rejected")
  # Columns of the names of functions: where the data has become another, or is a variable.
  home <- list2env(list(rows = transform(rows, dist = wt)), parent = globalenv())
  fit <- eval(quote(lm(mpg ~ log(dist) + hp, rows)), home)
  home$rows <- rows["mpg"]
  expect_identical(predictors(fit), c("dist", "hp"))
  within <- function(rows) {
    time <- rows$wt
    lm(mpg ~ log(time) + hp, rows)
  }
  expect_identical(predictors(within(rows)), c("time", "hp"))
  # A column that has the name of a function, in data that cannot be looked up again.
  fit <- lm(mpg ~ as.numeric(ts), transform(rows, ts = wt + 1))
  expect_identical(predictors(fit), "ts")
  expect_identical(check_travels(fit, spec), character())
})

test_that("a value of the session is told from a column, whatever the class keeps", {
  spec <- predict_spec("predict", character(), NULL, list())
  assign("zoo_limit", 3, envir = globalenv())
  withr::defer(rm(zoo_limit, envir = globalenv()))
  fit <- eval(quote(rpart::rpart(mpg ~ I(wt > zoo_limit) + hp, mtcars)), globalenv())
  expect_error(check_travels(fit, spec), "zoo_limit", class = "modelyard_model_rejected")
  expect_identical(check_travels(fit, spec, c("wt", "zoo_limit", "hp")), character())
})

test_that("a function that lme4 leaves in the session is the one of stats", {
  spec <- predict_spec("predict", character(), NULL, list())
  withr::defer(rm(offset, envir = globalenv()))
  assign("offset", stats::offset, envir = globalenv())
  fit <- lm(mpg ~ wt + offset(hp / 100), mtcars)
  expect_identical(check_travels(fit, spec), character())
  assign("offset", function(x) x + 1, envir = globalenv())
  expect_error(check_travels(fit, spec), "offset", class = "modelyard_model_rejected")
})
