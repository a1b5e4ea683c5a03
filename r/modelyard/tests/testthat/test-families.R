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
  skip_if_not_installed("prophet")
  withr::local_seed(1)
  history <- data.frame(ds = as.Date("2024-01-01") + 0:99, heat = sin(1:100), flag = rep(0:1, 50))
  history$y <- (1:100) / 10 + 2 * history$heat + rep_len(c(0, 3, 1, 5, 2, 1, 7), 100)
  model <- suppressMessages(prophet::prophet())
  model <- prophet::add_regressor(prophet::add_regressor(model, "heat"), "flag")
  model <- suppressMessages(prophet::fit.prophet(model, history))

  rows <- data.frame(
    ds = as.Date("2024-04-20") + c(5, 0, 3, 0), heat = c(1, 2, 3, 4), flag = c(0, 1, 1, 0)
  )
  alone <- lapply(seq_len(nrow(rows)), \(i) predict(model, rows[i, ])$yhat)
  before <- .Random.seed
  expect_identical(sfr_predict_local(model, rows)$prediction, unlist(alone))
  expect_identical(.Random.seed, before)

  expect_identical(predictors(model), c("ds", "heat", "flag"))
  expect_equal(training_frame(model), history[c("ds", "heat", "flag")])
  expect_error(
    sfr_predict_local(model, transform(rows, ds = format(ds))),
    class = "modelyard_model_error"
  )
})

test_that("prophet's answers keep the order of the rows in the night in which clocks go back", {
  skip_if_not_installed("prophet")
  withr::local_seed(1)
  hours <- as.POSIXct("2024-10-20", tz = "Europe/Berlin") + 3600 * (0:239)
  history <- data.frame(ds = hours, y = (1:240) / 50 + cos((0:239) * pi / 12))
  model <- suppressMessages(prophet::prophet(history, daily.seasonality = TRUE))
  # 02:45 before clocks go back at 03:00, and 02:15, 02:30 and 03:20 after that.
  rows <- data.frame(ds = as.POSIXct("2024-10-27 00:45:00", tz = "UTC") + 60 * c(45, 30, 0, 95))
  attr(rows$ds, "tzone") <- "Europe/Berlin"
  alone <- lapply(1:4, \(i) predict(model, rows[i, , drop = FALSE])$yhat)
  expect_identical(sfr_predict_local(model, rows)$prediction, unlist(alone))
  expect_s3_class(training_frame(model)$ds, "POSIXct")
})

test_that("the columns of a logistic prophet are its date and its bounds", {
  skip_if_not_installed("prophet")
  history <- data.frame(ds = as.Date("2024-01-01") + 0:59, cap = 9, floor = 1)
  history$y <- 1 + 8 / (1 + exp(-(1:60 - 30) / 8)) * (1 + sin(1:60) / 20)
  model <- prophet::prophet(growth = "logistic", weekly.seasonality = FALSE)
  expect_error(sfr_predict_local(model, history), "fit before predictions", fixed = TRUE)
  model <- suppressMessages(prophet::fit.prophet(model, history))
  expect_equal(training_frame(model), history[c("ds", "cap", "floor")])
  rows <- transform(history[c(60, 2, 31), ], cap = c(9, 12, 10))
  alone <- lapply(1:3, \(i) predict(model, rows[i, ])$yhat)
  expect_identical(sfr_predict_local(model, rows)$prediction, unlist(alone))
  expect_error(
    sfr_predict_local(model, rows[c("ds", "cap")]),
    class = "modelyard_missing_column"
  )
})

test_that("ksvm refuses factors whose levels are in another order than it was trained with", {
  skip_if_not_installed("kernlab")
  rows <- warpbreaks[c(1, 20, 40, 54), ]
  model <- kernlab::ksvm(breaks ~ tension + wool, warpbreaks, kpar = list(sigma = 0.1))
  expect_identical(
    sfr_predict_local(model, rows)$prediction, as.vector(kernlab::predict(model, rows))
  )
  rows$tension <- factor(rows$tension, c("H", "M", "L"))
  expect_error(sfr_predict_local(model, rows), class = "modelyard_type_mismatch")
})

test_that("ranger's training rows are found where its call does not name its arguments", {
  skip_if_not_installed("ranger")
  model <- ranger::ranger(breaks ~ tension, warpbreaks, num.trees = 5)
  expect_identical(known_levels(model)$tension$levels, c("L", "M", "H"))
})

test_that("where lots decide between classes they fall the same way each time", {
  x <- c(-3, -2, -1, 1, 2, 3, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5)
  rows <- data.frame(x = x, side = factor(ifelse(x < 0, "left", "right")))
  rows$side[c(3, 4)] <- c("right", "left")
  same <- rows[rep(1L, 32), ]
  same$x <- 0
  three <- rbind(rows, transform(rows, side = ifelse(abs(x) > 2.6, "far", paste(side))))
  models <- list(
    lda = MASS::lda(side ~ x, rows),
    multinom = nnet::multinom(side ~ x, three, trace = FALSE),
    knn3 = caret::knn3(side ~ x, rows, k = 2),
    train = caret::train(side ~ x, rows,
      method = "lda", trControl = caret::trainControl("none")
    )
  )
  for (name in names(models)) {
    args <- if (name != "train") list(type = "class")
    asked <- lapply(1:3, \(i) sfr_predict_local(models[[name]], same, predict_args = args))
    # Plain predict() draws both sides, and others the next time.
    expect_setequal(asked[[1]]$prediction, c("left", "right"))
    expect_identical(asked[[2]], asked[[1]])
    expect_identical(asked[[3]], asked[[1]])
    expect_false(rowwise(models[[name]], args))
  }
  expect_true(rowwise(models$lda, list(type = "posterior")))
  expect_true(rowwise(models$multinom, list(type = "probs")))
  expect_true(rowwise(models$train, list(type = "prob")))
})

test_that("ranger starts as many threads as cpu_requests allows, and one without it", {
  skip_if_not_installed("ranger")
  model <- ranger::ranger(mpg ~ wt, mtcars, num.trees = 2, num.threads = 1)
  asked <- score.ranger
  environment(asked) <- list2env(
    list(clean_call = function(fn, given, ...) stop("threads: ", given$num.threads)),
    parent = environment(score.ranger)
  )
  expect_error(asked(model, mtcars), "threads: 1$")
  Sys.setenv(R_RANGER_NUM_THREADS = "2")
  on.exit(Sys.unsetenv("R_RANGER_NUM_THREADS"))
  expect_error(asked(model, mtcars), "threads: 2$")
})

test_that("what partykit draws by lot is refused, and what clm draws falls the same way", {
  skip_if_not_installed("partykit")
  tree <- partykit::ctree(Sepal.Length ~ Petal.Length + Petal.Width, iris)
  rows <- iris[1:3, ]
  rows$Petal.Width[2] <- -Inf
  expect_error(sfr_predict_local(tree, rows), "Petal.Width", class = "modelyard_invalid_value")
  rows$Petal.Width[2] <- Inf
  expect_identical(sfr_predict_local(tree, rows)$prediction, unname(predict(tree, rows)))
  skip_if_not_installed("ordinal")
  fit <- ordinal::clm(rating ~ temp, nominal = ~contact, data = ordinal::wine)
  expect_false(rowwise(fit, list(type = "class")))
  expect_true(rowwise(fit))
  graded <- data.frame(
    y = factor(rep(c("lo", "mid", "hi"), 40), c("lo", "mid", "hi"), ordered = TRUE),
    x = sin(1:120) + rep(1:3, 40) / 3
  )
  fit <- ordinal::clm(y ~ x, data = graded)
  far <- data.frame(x = rep(c(1e300, -1e300, Inf, -Inf), 10))
  asked <- lapply(1:3, \(i) sfr_predict_local(fit, far, predict_args = list(type = "class")))
  expect_identical(asked[[2]], asked[[1]])
  expect_identical(asked[[3]], asked[[1]])
})

test_that("gbm reads the columns of its formula, not the terms", {
  rows <- transform(mtcars, n = rep(1:4, 8))
  fit <- gbm::gbm(mpg ~ log(wt) + factor(n), "gaussian", rows, n.trees = 5, n.minobsinnode = 2)
  expect_identical(predictors(fit), c("wt", "n"))
  expect_length(known_levels(fit), 0)
  expect_identical(training_frame(fit), rows[c("wt", "n")])
  expect_plain(fit, some(rows, c("n", "wt")), predict(fit, some(rows), n.trees = 5))
  plain <- gbm::gbm.fit(mtcars[c("wt", "hp")], mtcars$mpg,
    distribution = "gaussian", n.trees = 3, verbose = FALSE, n.minobsinnode = 2
  )
  expect_identical(predictors(plain), c("wt", "hp"))
})

test_that("votes of ksvm have a row for each row", {
  rows <- iris[c(1, 60, 120), 1:4]
  fit <- kernlab::ksvm(Species ~ ., iris)
  found <- sfr_predict_local(fit, rows, predict_args = list(type = "votes"))
  votes <- kernlab::predict(fit, rows, type = "votes")
  expect_identical(unname(as.matrix(found)), unname(t(votes)))
  expect_identical(names(found), levels(iris$Species))
})

test_that("components of kernlab, densities of mclust and bruto are asked in their way", {
  x <- mtcars[c("wt", "hp")]
  some_rows <- x[c(3, 9, 20), ]
  parts <- kernlab::kpca(~ wt + hp, data = mtcars, features = 2)
  expect_identical(
    unname(as.matrix(sfr_predict_local(parts, some_rows))),
    unname(kernlab::predict(parts, some_rows))
  )
  density <- mclust::densityMclust(x, plot = FALSE, verbose = FALSE)
  expect_identical(
    sfr_predict_local(density, some_rows)$prediction, as.numeric(predict(density, some_rows))
  )
  spline <- mda::bruto(as.matrix(x), mtcars$mpg)
  expect_identical(
    sfr_predict_local(spline, some_rows)$prediction,
    as.numeric(predict(spline, as.matrix(some_rows)))
  )
})

test_that("nearest neighbours of ipred draw the same class for the same request", {
  rows <- mtcars[c("wt", "hp")]
  fit <- ipred::ipredknn(factor(am) ~ wt + hp, mtcars, k = 4)
  expect_false(rowwise(fit, list(type = "class")))
  expect_true(rowwise(fit, list(type = "prob")))
  ask <- function() sfr_predict_local(fit, rows, predict_args = list(type = "class"))
  set.seed(1)
  first <- ask()
  set.seed(2)
  expect_identical(ask(), first)
})

test_that("rqss names the columns that its smooths read", {
  withr::local_package("quantreg")
  rows <- data.frame(x = (1:40) / 40, w = sin(1:40))
  rows$y <- rows$x^2 + rows$w
  fit <- rqss(y ~ qss(x, lambda = 1) + w, data = rows)
  expect_setequal(predictors(fit), c("x", "w"))
  found <- sfr_predict_local(fit, rows[5:8, c("w", "x")])
  expect_identical(found$prediction, as.numeric(suppressWarnings(predict(fit, rows[5:8, ]))))
})

test_that("what no new row can be asked of is refused for its class", {
  for (model in list(hclust(dist(mtcars)), ar(lh))) {
    expect_error(check_predictable(model, list()), "predict_body",
      class = "modelyard_model_rejected"
    )
  }
})

test_that("ranger does not take another data frame of the same name for its own", {
  skip_if_not_installed("ranger")
  fit_forest <- function(zoo_rows, ...) ranger::ranger(y ~ x + g, zoo_rows, num.trees = 9, ...)
  rows <- data.frame(x = 1:60 / 7, g = factor(rep(c("lo", "mid", "hi"), 20), c("lo", "mid", "hi")))
  rows$y <- rows$x + 5 * as.integer(rows$g)
  other <- transform(rows, g = factor(paste(g)), y = rev(y))
  withr::defer(rm(zoo_rows, envir = globalenv()))
  fits <- list(fit_forest(rows), fit_forest(transform(rows, y = factor(y > 10))))
  fits[[3]] <- fit_forest(transform(rows, y = factor(y > 10)), probability = TRUE)
  own <- list(rows, transform(rows, y = factor(y > 10)), transform(rows, y = factor(y > 10)))
  for (i in 1:3) {
    assign("zoo_rows", own[[i]], envir = globalenv())
    expect_identical(training_frame(fits[[i]]), own[[i]][c("x", "g")])
    assign("zoo_rows", transform(other, y = rev(own[[i]]$y)), envir = globalenv())
    expect_null(training_frame(fits[[i]]))
    assign("zoo_rows", own[[i]][1:40, ], envir = globalenv())
    expect_null(training_frame(fits[[i]]))
  }
})

test_that("sample rows are whole ones where there are any", {
  tree <- partykit::ctree(Ozone ~ Solar.R + Wind, subset(airquality, !is.na(Ozone)))
  expect_false(anyNA(sample_frame(tree, 32)))
  tree$data$Wind <- NA_real_
  expect_equal(nrow(sample_frame(tree, 8)), 8)
})

test_that("levels that nothing keeps are not guessed against the author's rows", {
  skip_if_not_installed("ranger")
  home <- globalenv()
  withr::defer(rm(zoo_rows, envir = home))
  spec <- predict_spec("predict", character(), NULL, list())
  rows <- data.frame(x = 1:60 / 7, g = factor(rep(c("a", "b", "c"), 20)))
  rows$y <- rows$x + 5 * as.integer(rows$g)
  rows$c <- factor(rows$y > 10)
  fits <- list(
    quote(ranger::ranger(y ~ x + g, zoo_rows, num.trees = 9)),
    quote(mda::fda(c ~ x + g, zoo_rows)), quote(mda::mda(c ~ x + g, zoo_rows))
  )
  for (code in fits) {
    assign("zoo_rows", rows, envir = home)
    fit <- eval(code, home)
    inputs <- function(given) {
      complete_inputs(NULL, choose_samples(fit, spec, NULL, given, NULL), fit, spec)
    }
    found <- inputs(droplevels(rows[c(1, 3, 6), c("x", "g")]))
    expect_identical(unlist(found[[2]]$levels), c("a", "b", "c"))
    assign("zoo_rows", transform(rows, g = factor(g, c("c", "b", "a"))), envir = home)
    expect_error(inputs(rows[1:6, c("x", "g")]), "kept neither",
      class = "modelyard_invalid_signature"
    )
  }
})

test_that("numbers of a known unit are asked for where a type holds none", {
  fit <- lm(dist ~ speed, cars)
  odd <- list(
    difftime = function(m, i) data.frame(wait = as.difftime(i$speed, units = "mins")),
    integer64 = function(m, i) data.frame(id = bit64::as.integer64(i$speed))
  )
  for (name in names(odd)) {
    if (name == "integer64") skip_if_not_installed("bit64")
    expect_error(
      sfr_predict_local(fit, cars[1:2, ], predict_body = sfr_predict_body(odd[[name]])), name,
      class = "modelyard_contract_violation_output"
    )
  }
})

test_that("naiveBayes of numbers alone knows its columns", {
  fit <- e1071::naiveBayes(Species ~ ., iris)
  expect_identical(sfr_input_cols(training_frame(fit)), lapply(iris[1:4], \(x) "double"))
})

test_that("the offset that was an argument of gam() is no column, as its predict() reads none", {
  rows <- transform(mtcars, z = log(wt))
  fit <- mgcv::gam(carb ~ s(hp, k = 4), poisson, rows, offset = z)
  expect_plain(fit, some(rows, "hp"), predict(fit, some(rows, "hp")))
})
