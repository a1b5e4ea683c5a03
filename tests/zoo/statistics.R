# Regression of further classes, survival and quantile models, and those that wrap others.

car_rows <- mtcars[1:24, c("wt", "hp")]

zoo$mlm <- entry(
  fit = \() lm(cbind(mpg, disp) ~ wt + hp, mtcars),
  rows = car_rows
)
zoo$aov <- entry(
  fit = \() aov(yield ~ block + N * P + K, npk),
  rows = npk[c("block", "N", "P", "K")]
)
zoo$rlm <- entry(
  fit = \() MASS::rlm(mpg ~ log(wt) + poly(hp, 2), mtcars),
  rows = car_rows, pkgs = "MASS"
)
zoo$glm_poisson <- entry(
  fit = \() glm(breaks ~ wool * tension, poisson, warpbreaks),
  rows = warpbreaks[(1:24) * 2, c("wool", "tension")], args = list(type = "response"),
  r = \(model, rows) predict(model, rows, type = "response")
)
zoo$negative_binomial <- entry(
  fit = \() MASS::glm.nb(Days ~ Sex + Age + Eth, MASS::quine),
  rows = MASS::quine[(1:24) * 6, c("Sex", "Age", "Eth")], pkgs = "MASS",
  args = list(type = "response"),
  r = \(model, rows) predict(model, rows, type = "response")
)
zoo$nls <- entry(
  fit = \() {
    nls(rate ~ top * conc / (half + conc), Puromycin[1:12, ], start = list(top = 200, half = 0.05))
  },
  rows = Puromycin["conc"]
)
zoo$loess <- entry(
  fit = \() loess(dist ~ speed, cars),
  rows = cars[(1:24) * 2, "speed", drop = FALSE]
)
zoo$ppr <- entry(
  fit = \() ppr(mpg ~ wt + hp, data = mtcars, nterms = 1),
  rows = car_rows
)
zoo$earth <- entry(
  fit = \() earth::earth(mpg ~ wt + hp, mtcars),
  rows = car_rows, pkgs = "earth"
)
# The contrasts of an ordered factor do not name its levels.
zoo$gls_ordered <- entry(
  fit = \() nlme::gls(ncontrols ~ agegp, esoph),
  rows = esoph[rep(c(1, 16, 31, 47, 63, 78), 4) + rep(0:3, each = 6), "agegp", drop = FALSE],
  r = \(model, rows) as.vector(predict(model, rows))
)
zoo$gls <- entry(
  fit = \() nlme::gls(distance ~ age + Sex, nlme::Orthodont),
  rows = as.data.frame(nlme::Orthodont)[(1:24) * 3, c("age", "Sex")], pkgs = "nlme",
  r = \(model, rows) as.vector(predict(model, rows))
)
zoo$glmer <- entry(
  fit = \() {
    lme4::glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), lme4::cbpp, binomial)
  },
  rows = lme4::cbpp[(1:24) * 2, c("period", "herd")], pkgs = "lme4",
  args = list(type = "response"),
  r = \(model, rows) predict(model, rows, type = "response")
)
zoo$rq <- entry(
  fit = \() quantreg::rq(mpg ~ wt + hp, tau = 0.4, data = mtcars),
  rows = car_rows, pkgs = "quantreg"
)
zoo$survreg <- entry(
  fit = \() survival::survreg(survival::Surv(time, status) ~ karno + celltype, survival::veteran),
  rows = survival::veteran[(1:24) * 5, c("karno", "celltype")], pkgs = "survival"
)
zoo$knn3 <- entry(
  fit = \() caret::knn3(Species ~ ., iris, k = 5),
  rows = iris[(1:24) * 6, -5], pkgs = "caret", args = list(type = "prob"),
  r = \(model, rows) predict(model, rows, type = "prob")
)
zoo$caret_train <- entry(
  fit = \() {
    caret::train(Species ~ ., iris,
      method = "rpart", trControl = caret::trainControl("none"), tuneGrid = data.frame(cp = 0.01)
    )
  },
  rows = iris[(1:24) * 6, -5], pkgs = "caret"
)
