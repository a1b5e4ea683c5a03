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

test_that("data that was changed after the fit is not taken for what it was", {
  rows <- data.frame(
    y = c(1, 3, 2, 5, 4, 6), f = factor(rep(c("lo", "mid", "hi"), 2), c("lo", "mid", "hi")),
    at = as.POSIXct("2024-07-01 22:00:00", tz = "Asia/Kolkata") + 3600 * 0:5
  )
  home <- list2env(list(rows = rows), parent = globalenv())
  for (formula in c("y ~ as.integer(f)", "y ~ as.numeric(format(at, '%H'))")) {
    home$rows <- rows
    fit <- eval(str2lang(paste0("lm(", formula, ", rows)")), home)
    expect_equal(nrow(training_frame(fit)), 6)
    expected <- unname(predict(fit, rows))
    home$rows$f <- factor(as.character(rows$f))
    attr(home$rows$at, "tzone") <- "UTC"
    expect_null(training_frame(fit))
    expect_identical(sfr_predict_local(fit, rows)$prediction, expected)
  }
  home$rows <- rows
  home$rows$k <- 1:6
  fit <- eval(quote(lm(y ~ log(k), rows)), home)
  expect_equal(nrow(training_frame(fit)), 6)
  home$rows$k <- factor(1:6)
  expect_identical(training_frame(fit), data.frame(k = double()))
  home$rows <- rows
  fit <- eval(quote(lm(y ~ as.integer(f), rows, subset = y > 1, na.action = na.exclude)), home)
  expect_equal(nrow(training_frame(fit)), 6)
})

test_that("data that was changed is not taken for that of a model without a frame either", {
  set.seed(1)
  rows <- data.frame(
    y = seq(1, 9, length.out = 30), x = sin(1:30), s = rep(c("u", "v", "w"), 10),
    g = factor(rep(c("a", "b", "c"), each = 10)),
    o = factor(rep(c("lo", "mid", "hi"), 10), c("lo", "mid", "hi"), ordered = TRUE)
  )
  home <- list2env(list(rows = rows), parent = globalenv())
  calls <- list(
    svm = quote(e1071::svm(y ~ x + g, rows)),
    rpart = quote(rpart::rpart(y ~ x + g + o, rows)),
    lda = quote(MASS::lda(o ~ x + g, rows)),
    nnet = quote(nnet::nnet(y ~ x + g, rows, size = 2, trace = FALSE)),
    gbm = quote(gbm::gbm(y ~ x + g + o, "gaussian", rows, n.trees = 3, n.minobsinnode = 2)),
    lm = quote(lm(y ~ x + factor(s) + g, rows, model = FALSE))
  )
  for (name in names(calls)) {
    home$rows <- rows
    fit <- eval(calls[[name]], home)
    known <- known_levels(fit)[["g"]]
    expect_identical(known$levels, c("a", "b", "c"), info = name)
    expect_equal(nrow(training_frame(fit)), 30, info = name)
    changes <- list(g = factor(rows$g, c("c", "a", "b")), g = as.integer(rows$g), x = rows$s)
    if (name == "lm") changes$s <- factor(rows$s, c("w", "v", "u"))
    for (column in seq_along(changes)) {
      home$rows <- rows
      home$rows[[names(changes)[column]]] <- changes[[column]]
      expect_equal(NROW(training_frame(fit)), 0, info = name)
      if (name != "svm") expect_identical(known_levels(fit)[["g"]], known, info = name)
    }
  }
})

test_that("data that is named with its package is found", {
  fit <- randomForest::randomForest(medv ~ rm + chas, MASS::Boston, ntree = 3)
  expect_identical(training_frame(fit), MASS::Boston[c("rm", "chas")])
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

test_that("data of a name that R has too is found, and not missed where it is gone", {
  home <- new.env(parent = globalenv())
  home$df <- mtcars
  home$train <- 1:20
  fits <- list(
    evalq(lm(mpg ~ wt, df[1:20, ], model = FALSE), home),
    evalq(lm(mpg ~ wt, subset(df, cyl > 4), model = FALSE), home),
    evalq(lm(mpg ~ wt, df[train, ], model = FALSE), home)
  )
  expect_identical(vapply(fits, \(fit) nrow(training_frame(fit)), 1L), c(20L, 21L, 20L))
  rm("df", "train", envir = home)
  for (fit in fits) {
    expect_identical(training_frame(fit), data.frame(wt = double()))
    rows <- some(mtcars, "wt")
    expect_identical(sfr_predict_local(fit, rows)$prediction, unname(predict(fit, rows)))
  }
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

test_that("data whose rows are not those of the model's frame is not its own", {
  home <- new.env(parent = globalenv())
  home$rows <- data.frame(y = sqrt(1:30), k = as.double(1:30))
  fit <- evalq(lm(y ~ I(k * k), rows), home)
  expect_identical(training_frame(fit), home$rows["k"])
  home$rows$k <- 1:30
  home$rows <- home$rows[5:20, ]
  expect_identical(training_frame(fit), data.frame(k = double()))
  expect_identical(sfr_predict_local(fit, data.frame(k = 50000))$prediction,
    unname(predict(fit, data.frame(k = 50000)))
  )
})

test_that("codes of a factor are not read from data where nothing keeps its levels", {
  home <- new.env(parent = globalenv())
  home$rows <- transform(mtcars, g = factor(cyl), t = as.POSIXlt("2024-01-01", tz = "UTC") + wt)
  calls <- list(
    quote(rpart::rpart(mpg ~ wt + as.integer(g), rows)),
    quote(lm(mpg ~ wt + as.integer(g), rows, model = FALSE)),
    quote(lm(mpg ~ as.numeric(format(t, "%S")), rows, model = FALSE))
  )
  for (call in calls) expect_null(training_frame(eval(call, home)))
  fit <- evalq(lm(mpg ~ wt + factor(g) + g, rows, model = FALSE), home)
  expect_equal(nrow(training_frame(fit)), 32)
})

test_that("times of the class POSIXlt are sampled", {
  rows <- mtcars
  rows$t <- as.POSIXlt(as.POSIXct("2024-01-01", tz = "UTC") + rows$wt)
  fit <- lm(mpg ~ as.numeric(t) + hp, rows)
  expect_equal(nrow(sample_frame(fit, 5)), 5)
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

test_that("a model finds its rows in its call, or where it keeps them", {
  formula <- mpg ~ log(wt) + factor(cyl)
  inline <- do.call("lm", list(formula, data = mtcars))
  expect_identical(training_frame(inline), mtcars[c("wt", "cyl")])
  rows <- mtcars
  fit <- glm(formula, data = rows)
  rows <- NULL
  expect_identical(training_frame(fit), mtcars[c("wt", "cyl")])
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
