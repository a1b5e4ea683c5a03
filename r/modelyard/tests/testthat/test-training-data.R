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

test_that("a model finds its rows in its call, or where it keeps them", {
  formula <- mpg ~ log(wt) + factor(cyl)
  inline <- do.call("lm", list(formula, data = mtcars))
  expect_identical(training_frame(inline), mtcars[c("wt", "cyl")])
  rows <- mtcars
  fit <- glm(formula, data = rows)
  rows <- NULL
  expect_identical(training_frame(fit), mtcars[c("wt", "cyl")])
})
