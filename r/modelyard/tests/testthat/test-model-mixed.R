new_levels <- list(allow.new.levels = TRUE)

test_that("lmer and glmer, whatever their groups are made of", {
  data(sleepstudy, Pastes, cbpp, package = "lme4", envir = environment())
  fit <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  rows <- some(sleepstudy, c("Days", "Subject"))
  expect_plain(fit, rows, predict(fit, rows))
  text <- transform(rows, Subject = as.character(Subject))
  expect_plain(fit, text, predict(fit, rows))
  numbered <- transform(sleepstudy, Subject = as.integer(as.character(Subject)))
  fit <- lme4::lmer(Reaction ~ poly(Days, 2) + (1 | Subject), numbered)
  rows <- some(numbered, c("Days", "Subject"))
  expect_plain(fit, rows, predict(fit, rows))
  nested <- lme4::lmer(strength ~ 1 + (1 | batch / cask), Pastes)
  rows <- some(Pastes, c("batch", "cask"))
  expect_plain(nested, rows, predict(nested, rows))
  fit <- lme4::glmer(
    cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp,
    family = binomial
  )
  rows <- some(cbpp, c("period", "herd"))
  expect_plain(fit, rows, predict(fit, rows, type = "response"), list(type = "response"))
})

test_that("a new group is refused with the choice there is, and answered once it is made", {
  data(sleepstudy, package = "lme4", envir = environment())
  fit <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  rows <- data.frame(Days = 1:2, Subject = c("308", "nobody"))
  expect_error(
    sfr_predict_local(fit, rows), "'nobody'.*row 2.*allow.new.levels = TRUE",
    class = "modelyard_unknown_level"
  )
  expect_plain(fit, rows, predict(fit, rows, allow.new.levels = TRUE), new_levels)
  expect_null(known_levels(fit, new_levels)$Subject$levels)
  numbered <- transform(sleepstudy, Subject = as.integer(as.character(Subject)))
  fit <- lme4::lmer(Reaction ~ Days + (1 | Subject), numbered)
  expect_error(
    sfr_predict_local(fit, data.frame(Days = 1, Subject = 5L)),
    class = "modelyard_unknown_level"
  )
  nested <- lme4::lmer(strength ~ 1 + (1 | batch / cask), lme4::Pastes)
  strange <- data.frame(batch = c("A", "A"), cask = c("a", "z"))
  expect_error(sfr_predict_local(nested, strange), "row 2", class = "modelyard_unknown_level")
})

test_that("a group that is a fixed effect as well keeps its levels", {
  fit <- suppressMessages(lme4::lmer(Reaction ~ Subject + (0 + Days | Subject), lme4::sleepstudy))
  expect_length(known_levels(fit)$Subject$levels, 18)
})

test_that("glmmTMB", {
  data(Salamanders, package = "glmmTMB", envir = environment())
  salamanders <- transform(Salamanders, site = as.character(site))
  fit <- glmmTMB::glmmTMB(count ~ mined + (1 | site), family = poisson, data = salamanders)
  rows <- some(salamanders, c("mined", "site"), 3)
  expect_plain(fit, rows, predict(fit, rows, type = "response"), list(type = "response"))
  rows$site[1] <- "nowhere"
  expect_error(sfr_predict_local(fit, rows), "allow.new.levels", class = "modelyard_unknown_level")
  expect_plain(fit, rows, predict(fit, rows, allow.new.levels = TRUE), new_levels)
  inflated <- glmmTMB::glmmTMB(
    count ~ mined + (1 | site),
    ziformula = ~spp, family = poisson, data = salamanders
  )
  expect_setequal(predictors(inflated), c("mined", "site", "spp"))

  cars <- transform(mtcars, cyl = factor(cyl))
  contrasts(cars$cyl) <- contr.sum(3)
  plain <- suppressWarnings(glmmTMB::glmmTMB(mpg ~ wt + cyl, data = cars))
  rows <- data.frame(wt = c(2, 3, 4), cyl = c("4", "6", "8"))
  own <- transform(rows, cyl = factor(cyl, levels(cars$cyl)))
  contrasts(own$cyl) <- contr.sum(3)
  expect_plain(plain, rows, predict(plain, own))
})

test_that("lme gives the prediction of the group, and of none with level = 0", {
  data(Orthodont, Oats, package = "nlme", envir = environment())
  fit <- nlme::lme(distance ~ age * Sex, random = ~ age | Subject, Orthodont)
  rows <- some(Orthodont, c("age", "Sex", "Subject"))
  expect_plain(fit, rows, predict(fit, rows))
  expect_plain(fit, rows[1:2], predict(fit, rows, level = 0), list(level = 0))
  both <- predict(fit, rows, level = 0:1)
  plain <- data.frame(
    Subject = as.character(both$Subject), predict.fixed = both$predict.fixed,
    predict.Subject = as.vector(both$predict.Subject)
  )
  expect_plain(fit, rows, plain, list(level = c(0, 1)))
  rows$Subject <- as.character(rows$Subject)
  rows$Subject[3] <- "M99"
  expect_error(
    sfr_predict_local(fit, rows), "'M99'.*row 3.*level = 0",
    class = "modelyard_unknown_level"
  )
  nested <- nlme::lme(yield ~ nitro, random = ~ 1 | Block / Variety, Oats)
  rows <- some(Oats, c("nitro", "Block", "Variety"))
  expect_plain(nested, rows, predict(nested, rows))
  rows$Variety <- c("Victory", "Unknown")
  expect_error(sfr_predict_local(nested, rows), "row 2", class = "modelyard_unknown_level")
})

test_that("gls, gnls and nlme", {
  data(Ovary, Orthodont, Soybean, package = "nlme", envir = environment())
  fit <- nlme::gls(
    follicles ~ sin(2 * pi * Time) + cos(2 * pi * Time), Ovary,
    correlation = nlme::corAR1(form = ~ 1 | Mare)
  )
  rows <- some(Ovary, "Time")
  expect_plain(fit, rows, predict(fit, rows))
  fit <- nlme::gls(distance ~ age * Sex, Orthodont)
  expect_identical(known_levels(fit)$Sex$levels, c("Male", "Female"))
  fit <- nlme::gnls(weight ~ SSlogis(Time, Asym, xmid, scal), Soybean)
  rows <- some(Soybean, "Time")
  expect_plain(fit, rows, predict(fit, rows))
  fit <- nlme::nlme(
    height ~ SSasymp(age, Asym, R0, lrc),
    data = Loblolly, fixed = Asym + R0 + lrc ~ 1,
    random = Asym ~ 1, start = c(Asym = 103, R0 = -8.5, lrc = -3.3)
  )
  rows <- some(Loblolly, c("age", "Seed"))
  expect_plain(fit, rows, predict(fit, rows))
})

test_that("a row of nested groups may lack the inner one", {
  fit <- nlme::lme(distance ~ age, nlme::Orthodont, random = ~ 1 | Sex / Subject)
  rows <- as.data.frame(nlme::Orthodont)[1:4, c("age", "Sex", "Subject")]
  expect_identical(sfr_predict_local(fit, rows)$prediction, as.vector(predict(fit, rows)))
  rows$Subject[2] <- NA
  found <- sfr_predict_local(fit, rows)$prediction
  expect_identical(is.na(found), c(FALSE, TRUE, FALSE, FALSE))
  rows$Subject <- "M99"
  expect_error(sfr_predict_local(fit, rows), class = "modelyard_unknown_level")
})

test_that("gnls reads what its parameters depend on", {
  rows <- transform(mtcars, g = factor(am))
  fit <- nlme::gnls(mpg ~ a + b * wt, rows, params = list(a ~ g, b ~ 1), start = c(20, 5, -3))
  expect_setequal(predictors(fit), c("wt", "g"))
})

test_that("a part of the name of an argument is enough, as it is for R", {
  fit <- lme4::lmer(Reaction ~ Days + (1 | Subject), lme4::sleepstudy)
  rows <- data.frame(Days = 1, Subject = "nobody")
  plain <- predict(fit, rows, allow.new.levels = TRUE)
  expect_plain(fit, rows, plain, list(allow = TRUE))
})
