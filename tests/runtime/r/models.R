# Rscript models.R FOLDER: a file <verdict>-<name>.rds of each, as saveRDS() writes it.
data_models <- alist(
  aov = aov(yield ~ block + N * P * K, npk),
  Arima = arima(lh, order = c(1, 0, 0)),
  auto.arima = forecast::auto.arima(AirPassengers),
  bats = forecast::bats(window(USAccDeaths, 1975)),
  blueprint = hardhat::mold(mpg ~ wt, mtcars)$blueprint,
  clm = ordinal::clm(factor(gear) ~ wt, data = mtcars),
  coxph = survival::coxph(survival::Surv(time, status) ~ age + survival::strata(sex), survival::lung),
  cv.glmnet = glmnet::cv.glmnet(as.matrix(mtcars[-1]), mtcars$mpg),
  earth = earth::earth(mpg ~ ., mtcars),
  ets = forecast::ets(AirPassengers),
  factanal = factanal(mtcars, 2),
  fda = mda::fda(Species ~ ., iris),
  glmnet = glmnet::glmnet(as.matrix(mtcars[-1]), mtcars$mpg),
  gls = nlme::gls(mpg ~ wt, mtcars),
  HoltWinters = HoltWinters(co2),
  isoreg = isoreg(1:5, c(1, 3, 2, 5, 4)),
  kmeans = kmeans(mtcars, 3),
  knn3 = caret::knn3(factor(am) ~ wt + hp, mtcars),
  lda = MASS::lda(am ~ wt + hp, mtcars),
  lm = lm(mpg ~ wt + hp, mtcars),
  lm_terms = lm(log(mpg) ~ splines::ns(wt, 3) + poly(hp, 2) + I(disp^2) * factor(cyl), mtcars),
  lm_step = step(lm(mpg ~ ., mtcars), trace = 0),
  loess = loess(mpg ~ wt, mtcars),
  loglm = MASS::loglm(~ a + b, table(a = c(1, 1, 2), b = c(1, 2, 2))),
  lqs = MASS::lqs(mpg ~ wt, data = mtcars),
  mars = mda::mars(mtcars[-1], mtcars$mpg),
  mlm = lm(cbind(mpg, hp) ~ wt, mtcars),
  multinom = nnet::multinom(factor(gear) ~ wt, mtcars, trace = FALSE),
  naiveBayes = e1071::naiveBayes(factor(am) ~ ., mtcars),
  naive_forecast = forecast::naive(lynx),
  nnet = nnet::nnet(mpg ~ wt, mtcars, size = 2, trace = FALSE),
  nnetar = forecast::nnetar(lynx),
  plsr = pls::plsr(mpg ~ ., data = mtcars),
  polr = MASS::polr(factor(gear) ~ wt, mtcars),
  ppr = ppr(mpg ~ wt + hp, data = mtcars, nterms = 1),
  prcomp = prcomp(mtcars),
  princomp = princomp(mtcars),
  qda = MASS::qda(am ~ wt + hp, mtcars),
  randomForest = randomForest::randomForest(mpg ~ ., mtcars),
  ranger = ranger::ranger(mpg ~ ., mtcars),
  recipe = recipes::prep(recipes::recipe(mpg ~ ., mtcars)),
  rq = quantreg::rq(mpg ~ wt, data = mtcars),
  smooth.spline = smooth.spline(mtcars$wt, mtcars$mpg),
  stlf = forecast::stlf(AirPassengers),
  StructTS = StructTS(log10(UKgas)),
  supsmu = supsmu(mtcars$wt, mtcars$mpg),
  survfit = survival::survfit(survival::Surv(time, status) ~ 1, survival::lung),
  survreg = survival::survreg(survival::Surv(time, status) ~ age, survival::lung),
  svm = e1071::svm(mpg ~ ., mtcars),
  tbats = forecast::tbats(window(USAccDeaths, 1975))
)

code_models <- alist(
  bam = mgcv::bam(mpg ~ s(wt), data = mtcars),
  ctree = partykit::ctree(mpg ~ ., mtcars),
  ecdf = ecdf(mtcars$mpg),
  gam = mgcv::gam(mpg ~ s(wt), data = mtcars),
  gam_Gam = gam::gam(mpg ~ gam::s(wt), data = mtcars),
  gbm = gbm::gbm(mpg ~ wt + hp, "gaussian", mtcars, n.trees = 20, n.minobsinnode = 2),
  glm = glm(am ~ wt, binomial, mtcars),
  glm.nb = MASS::glm.nb(Days ~ Sex, MASS::quine),
  glmer = lme4::glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), lme4::cbpp, binomial),
  glmmTMB = glmmTMB::glmmTMB(count ~ mined + (1 | site), glmmTMB::Salamanders, poisson),
  ksvm = kernlab::ksvm(mpg ~ ., mtcars),
  lm_braces = lm(mpg ~ I({1; wt}), mtcars), # nolint: semicolon_linter.
  lme = nlme::lme(distance ~ age, nlme::Orthodont, random = ~ 1 | Subject),
  lmer = lme4::lmer(Reaction ~ Days + (Days | Subject), lme4::sleepstudy),
  nls = nls(mpg ~ a * exp(b * wt), mtcars, start = list(a = 40, b = -.3)),
  rlm = MASS::rlm(mpg ~ wt, mtcars),
  rpart = rpart::rpart(mpg ~ ., mtcars),
  splinefun = splinefun(1:5, c(1, 3, 2, 5, 4)),
  train = caret::train(mpg ~ wt + hp, mtcars, method = "lm")
)

folder <- commandArgs(trailingOnly = TRUE)[1]
keep <- function(verdict, models) {
  for (name in names(models)) {
    set.seed(1)
    model <- suppressWarnings(suppressMessages(eval(models[[name]], globalenv())))
    saveRDS(model, file.path(folder, paste0(verdict, "-", name, ".rds")))
  }
}
keep("data", data_models)
keep("code", code_models)
