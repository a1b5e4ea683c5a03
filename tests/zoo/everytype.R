# Models with a predictor of every type.

every_type <- local({
  set.seed(7)
  n <- 80
  rows <- data.frame(
    x = rnorm(n), k = sample(1:9, n, TRUE), b = sample(c(TRUE, FALSE), n, TRUE),
    f = factor(sample(c("a", "b", "c"), n, TRUE), levels = c("c", "a", "b")),
    s = sample(c("u", "v"), n, TRUE),
    d = as.Date("2024-01-01") + sample(0:99, n, TRUE),
    t = as.POSIXct("2024-01-01", tz = "UTC") + sample(0:99999, n, TRUE)
  )
  rows$y <- with(
    rows, 2 * x - k + b + as.integer(f) + (s == "u") + as.numeric(d) / 99 + rnorm(n)
  )
  rows$z <- rows$y + rnorm(n, sd = 4) > stats::median(rows$y)
  rows
})

zoo$lm_every_type <- entry(
  fit = \() lm(y ~ x + k + b + f + s + d + t, every_type),
  rows = every_type[1:24, c("x", "k", "b", "f", "s", "d", "t")],
  service = TRUE
)

zoo$glm_every_type <- entry(
  fit = \() glm(z ~ x + k + b + f + s, binomial, every_type),
  rows = every_type[1:24, c("x", "k", "b", "f", "s")],
  args = list(type = "response"),
  r = \(model, rows) predict(model, newdata = rows, type = "response"),
  service = TRUE
)

zoo$rpart_every_type <- entry(
  fit = \() rpart::rpart(y ~ x + k + b + f + s + d + t, every_type, cp = 0.001, minsplit = 8),
  rows = every_type[1:24, c("x", "k", "b", "f", "s", "d", "t")],
  pkgs = "rpart",
  service = TRUE
)

zoo$gam_every_type <- entry(
  fit = \() mgcv::gam(y ~ s(x) + s(k, k = 5) + b + f + s, data = every_type),
  rows = every_type[1:24, c("x", "k", "b", "f", "s")],
  pkgs = "mgcv", service = TRUE
)
zoo$coxph_every_type <- entry(
  fit = \() survival::coxph(survival::Surv(exp(y / 10), z) ~ x + k + b + f + s, every_type),
  rows = every_type[1:24, c("x", "k", "b", "f", "s")],
  pkgs = "survival"
)
zoo$lmer_every_type <- entry(
  fit = \() lme4::lmer(y ~ x + k + b + s + (1 | f), every_type),
  rows = every_type[1:24, c("x", "k", "b", "f", "s")],
  pkgs = "lme4"
)
zoo$glmnet_every_type <- entry(
  fit = \() glmnet::cv.glmnet(as.matrix(every_type[c("x", "k")]), every_type$y, nfolds = 5),
  rows = every_type[1:24, c("x", "k")],
  pkgs = "glmnet", args = list(s = "lambda.min"),
  r = \(model, rows) predict(model, newx = as.matrix(rows), s = "lambda.min")
)
