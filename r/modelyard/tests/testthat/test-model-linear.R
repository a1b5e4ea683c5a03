test_that("standard errors and intervals become columns", {
  fit <- lm(mpg ~ wt + hp, mtcars)
  rows <- some(mtcars, c("wt", "hp"))
  plain <- predict(fit, rows, interval = "prediction")
  expect_plain(fit, rows, as.data.frame(plain), list(interval = "prediction"))
  with_se <- predict(fit, rows, se.fit = TRUE, interval = "confidence")
  expect_plain(
    fit, rows, data.frame(with_se$fit, se.fit = unname(with_se$se.fit)),
    list(se.fit = TRUE, interval = "confidence")
  )
  terms <- predict(fit, rows, type = "terms")
  expect_plain(fit, rows, data.frame(wt = terms[, 1], hp = terms[, 2]), list(type = "terms"))
})

test_that("several responses are several columns", {
  fit <- lm(cbind(mpg, disp) ~ wt + hp, mtcars)
  rows <- some(mtcars, c("wt", "hp"))
  expect_plain(fit, rows, as.data.frame(predict(fit, rows)))
})

test_that("glm of every family, negative binomial, with offsets of both kinds", {
  data(Insurance, quine, package = "MASS", envir = environment())
  rows <- some(Insurance, c("District", "Group", "Age", "Holders"))
  inside <- glm(Claims ~ District + Group + Age + offset(log(Holders)), poisson, Insurance)
  beside <- glm(Claims ~ District + Group + Age, poisson, Insurance, offset = log(Holders))
  response <- list(type = "response")
  expect_plain(inside, rows, predict(inside, rows, type = "response"), response)
  expect_plain(beside, rows, predict(beside, rows, type = "response"), response)
  fit <- MASS::glm.nb(Days ~ Sex / (Age + Eth * Lrn), quine)
  rows <- some(quine, c("Sex", "Age", "Eth", "Lrn"))
  expect_plain(fit, rows, predict(fit, rows))
  for (family in list(gaussian(), Gamma("log"), inverse.gaussian("log"), quasipoisson())) {
    fit <- glm(mpg ~ wt + hp, family, mtcars)
    rows <- some(mtcars, c("wt", "hp"))
    expect_plain(fit, rows, predict(fit, rows, type = "response"), response)
  }
  binomial <- glm(am ~ wt, binomial, mtcars)
  plain <- predict(binomial, rows, type = "response", se.fit = TRUE)
  expect_plain(
    binomial, rows["wt"], data.frame(fit = plain$fit, se.fit = plain$se.fit),
    list(type = "response", se.fit = TRUE)
  )
  bare <- glm(am ~ wt, stats::binomial(), mtcars)
  bare$family <- NULL
  expect_equal(model_task(bare), "regression")
  expect_plain(bare, data.frame(wt = c(2, 3)), predict(bare, data.frame(wt = c(2, 3))))
  plainly <- list(fn = "predict", args = list())
  for (other in list(bare, ecdf(1:3), c(a = 2), methods::new("numeric"))) {
    expect_silent(expect_false(warn_link_scale(other, plainly)))
  }
})

test_that("what a linear model is for is told by its response", {
  expect_identical(model_task(lm(mpg ~ wt, mtcars)), "regression")
  expect_identical(model_task(glm(am ~ wt, binomial, mtcars)), "binary")
  expect_identical(model_task(glm(am ~ wt, poisson, mtcars)), "regression")
  share <- suppressWarnings(glm(mpg / 40 ~ wt, binomial, mtcars))
  expect_identical(model_task(share), "regression")
  pairs <- glm(cbind(ncases, ncontrols) ~ agegp, binomial, esoph)
  expect_identical(model_task(pairs), "regression")
})

test_that("a type that predict() does not have is refused, and part of a word is not", {
  fit <- glm(am ~ wt, binomial, mtcars)
  expect_error(
    sfr_predict_local(fit, mtcars["wt"], predict_args = list(type = "prob")),
    "link, response, terms",
    class = "modelyard_invalid_value"
  )
  expect_identical(
    sfr_predict_local(fit, mtcars["wt"], predict_args = list(type = "resp"))$prediction,
    unname(predict(fit, mtcars["wt"], type = "response"))
  )
})

test_that("robust, non-linear and quantile regression", {
  fit <- MASS::rlm(stack.loss ~ ., stackloss)
  rows <- some(stackloss, names(stackloss)[1:3])
  expect_plain(fit, rows, predict(fit, rows))
  set.seed(1)
  fit <- MASS::lqs(stack.loss ~ ., data = stackloss)
  expect_plain(fit, rows, predict(fit, rows))
  fit <- nls(density ~ SSlogis(log(conc), Asym, xmid, scal), DNase)
  rows <- some(DNase, "conc")
  expect_plain(fit, rows, predict(fit, rows))
  expect_identical(sample_frame(fit, 999)$conc, DNase$conc)
  factor <- 2
  fit <- nls(mpg ~ a + factor * b * wt, mtcars, start = list(a = 30, b = -2))
  expect_identical(predictors(fit), "wt")

  data(engel, package = "quantreg", envir = environment())
  fit <- quantreg::rq(foodexp ~ income, data = engel)
  rows <- some(engel, "income")
  expect_plain(fit, rows, predict(fit, rows))
  several <- quantreg::rq(foodexp ~ income, tau = c(0.1, 0.5, 0.9), data = engel)
  plain <- predict(several, rows)
  expect_plain(several, rows, setNames(as.data.frame(unclass(plain)), colnames(plain)))
})

test_that("earth by formula and by matrix", {
  fit <- earth::earth(Sepal.Length ~ Species + log(Petal.Length), iris)
  rows <- some(iris, c("Species", "Petal.Length"))
  expect_plain(fit, rows, predict(fit, rows)[, 1])
  fit <- earth::earth(x = trees[1:2], y = trees$Volume)
  rows <- some(trees, c("Girth", "Height"))
  expect_plain(fit, rows, predict(fit, rows)[, 1])
  expect_identical(sample_frame(fit), data.frame(Girth = double(), Height = double()))
  # The levels of a factor in x are not kept: its rows have to be shown.
  expect_null(sample_frame(earth::earth(x = iris[2:5], y = iris$Sepal.Length)))
  withr::local_package("earth")
  classes <- suppressWarnings(earth::earth(Species ~ ., iris, glm = list(family = binomial)))
  rows <- some(iris, names(iris)[1:4])
  expect_plain(
    classes, rows, as.vector(predict(classes, rows, type = "class")), list(type = "class")
  )
  expect_identical(model_task(classes), "multiclass")
})

test_that("flexible discriminants of mda", {
  rows <- some(iris, names(iris)[1:4])
  for (fit in list(mda::fda(Species ~ ., iris), mda::mda(Species ~ ., iris))) {
    expect_plain(fit, rows, as.character(predict(fit, rows)))
    plain <- predict(fit, rows, type = "posterior")
    expect_plain(fit, rows, as.data.frame(plain), list(type = "posterior"))
  }
})

test_that("cumulative link models give the chances of every class, or the class", {
  data(wine, package = "ordinal", envir = environment())
  fit <- ordinal::clm(rating ~ temp * contact, data = wine)
  rows <- some(wine, c("temp", "contact"))
  expect_plain(fit, rows, setNames(as.data.frame(predict(fit, rows)$fit), 1:5))
  expect_plain(
    fit, rows, as.character(predict(fit, rows, type = "class")$fit), list(type = "class")
  )
  plain <- predict(fit, rows, se.fit = TRUE)
  columns <- cbind(plain$fit, plain$se.fit)
  names <- c(paste0("fit.", 1:5), paste0("se.fit.", 1:5))
  expect_plain(fit, rows, setNames(as.data.frame(columns), names), list(se.fit = TRUE))
  expect_identical(model_task(fit), "multiclass")
})

test_that("a cumulative link model needs the columns of its scale and of its thresholds", {
  skip_if_not_installed("ordinal")
  wine <- ordinal::wine
  for (fit in list(
    ordinal::clm(rating ~ temp, scale = ~contact, data = wine),
    ordinal::clm(rating ~ temp, nominal = ~contact, data = wine)
  )) {
    expect_identical(predictors(fit), c("temp", "contact"))
    expect_identical(names(known_levels(fit)), c("temp", "contact"))
    expect_error(sfr_predict_local(fit, wine["temp"]), class = "modelyard_missing_column")
    rows <- wine[c(70, 3, 41), c("contact", "temp")]
    found <- sfr_predict_local(fit, rows)
    expected <- predict(fit, rows, type = "prob")$fit
    expect_identical(unname(as.matrix(found)), unname(expected))
  }
})

test_that("svm refuses factors that make other columns than it was trained on", {
  rows <- data.frame(y = (1:30)^2, g = factor(rep(c("a", "b", "c"), each = 10)))
  fit <- e1071::svm(y ~ g, rows)
  turned <- data.frame(g = factor("b", c("c", "b", "a")))
  spec <- predict_spec("predict", character(), NULL, list())
  expect_error(run_predict(fit, turned, spec), "ga, gb, gc.*gc, gb, ga",
    class = "modelyard_type_mismatch"
  )
  expect_identical(
    run_predict(fit, rows[c(1, 15), "g", drop = FALSE], spec)$frame$prediction,
    as.vector(predict(fit, rows[c(1, 15), ]))
  )
})

test_that("a column that scale() made a matrix of takes plain numbers", {
  rows <- mtcars
  rows$wide <- scale(rows$wt)
  for (fit in list(lm(mpg ~ wide, rows), glm(am ~ wide, binomial, rows, model = FALSE))) {
    expect_identical(sfr_input_cols(sample_frame(fit, 3)), list(wide = "double"))
    expected <- unname(predict(fit, rows[1:3, ]))
    expect_identical(sfr_predict_local(fit, data.frame(wide = rows$wide[1:3])),
      data.frame(prediction = expected))
  }
})

test_that("contrasts that were set on a column are refused where they make the prediction", {
  rows <- data.frame(y = c(1, 3, 2, 5, 4, 6, 1, 2), x = 1:8 / 3, g = factor(rep(c("a", "b"), 4)))
  contrasts(rows$g) <- contr.sum(2)
  spec <- predict_spec("predict", character(), NULL, list())
  scored <- function(fit) {
    samples <- choose_samples(fit, spec, NULL, NULL, NULL)
    score_samples(fit, spec, samples, complete_inputs(NULL, samples, fit, spec))
  }
  expect_error(scored(pls::plsr(y ~ x + g, data = rows, ncomp = 1)), "contrasts.*g",
    class = "modelyard_model_rejected"
  )
  fit <- lm(y ~ x + g, rows)
  expect_identical(scored(fit)$predictions$prediction, unname(predict(fit, rows)))
})

test_that("a session's contrasts are refused where no row would show them", {
  withr::local_options(contrasts = c("contr.sum", "contr.poly"))
  spec <- predict_spec("predict", character(), NULL, list())
  scored <- function(fit, given = NULL) {
    samples <- choose_samples(fit, spec, NULL, given, NULL)
    score_samples(fit, spec, samples, complete_inputs(NULL, samples, fit, spec))
  }
  rows <- transform(mtcars, g = factor(cyl))
  fit <- caret::knnreg(mpg ~ g + wt, rows)
  expect_error(scored(fit), "contrasts", class = "modelyard_model_rejected")
  expect_equal(nrow(scored(fit, rows[1:4, c("g", "wt")])$rows), 4)
  expect_null(scored(caret::knnreg(mpg ~ wt, rows))$why)
})
