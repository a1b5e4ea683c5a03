# Trees and their ensembles.

cars93 <- local({
  columns <- c("Price", "Horsepower", "EngineSize", "Weight", "Type", "Origin", "AirBags")
  MASS::Cars93[columns]
})
cars93_rows <- cars93[(1:24) * 3, -1]
leavers <- local({
  data(attrition, package = "modeldata", envir = environment())
  columns <- c(
    "Attrition", "Age", "MonthlyIncome", "Department", "OverTime", "JobSatisfaction"
  )
  attrition[1:400, columns]
})
leavers_rows <- leavers[(1:24) * 16, -1]
iris_rows <- iris[(1:24) * 6, -5]

zoo$rpart_class <- entry(
  fit = \() rpart::rpart(Attrition ~ ., leavers, cp = 0.005, minsplit = 10),
  rows = leavers_rows, pkgs = "rpart", args = list(type = "class"),
  r = \(model, rows) predict(model, rows, type = "class")
)
zoo$rpart_prob <- entry(
  fit = \() rpart::rpart(Attrition ~ ., leavers, cp = 0.005, minsplit = 10),
  rows = leavers_rows, pkgs = "rpart",
  r = \(model, rows) predict(model, rows)
)
zoo$rpart_poisson <- entry(
  fit = \() rpart::rpart(skips ~ Opening + Solder + Mask + PadType + Panel, rpart::solder.balance,
    method = "poisson", cp = 0.005
  ),
  rows = rpart::solder.balance[(1:24) * 29, c("Opening", "Solder", "Mask", "PadType", "Panel")],
  pkgs = "rpart"
)

zoo$randomforest_regression <- entry(
  fit = \() randomForest::randomForest(Price ~ ., cars93, ntree = 60),
  rows = cars93_rows, pkgs = "randomForest", service = TRUE
)
zoo$randomforest_class <- entry(
  fit = \() randomForest::randomForest(Attrition ~ ., leavers, ntree = 61),
  rows = leavers_rows, pkgs = "randomForest"
)
# Equal votes are decided by chance: the seed is fixed, and rows are not independent.
zoo$randomforest_ties <- entry(
  fit = \() randomForest::randomForest(Attrition ~ ., leavers, ntree = 4),
  rows = leavers_rows, pkgs = "randomForest", independent = FALSE,
  r = \(model, rows) {
    set.seed(1)
    predict(model, rows)
  }
)
zoo$randomforest_prob <- entry(
  fit = \() randomForest::randomForest(x = leavers[-1], y = leavers$Attrition, ntree = 60),
  rows = leavers_rows, pkgs = "randomForest", args = list(type = "prob"),
  r = \(model, rows) predict(model, rows, type = "prob")
)
zoo$randomforest_votes <- entry(
  fit = \() randomForest::randomForest(Species ~ ., iris, ntree = 60),
  rows = iris_rows, pkgs = "randomForest", args = list(type = "vote", norm.votes = FALSE),
  r = \(model, rows) predict(model, rows, type = "vote", norm.votes = FALSE)
)

zoo$ranger_regression <- entry(
  fit = \() ranger::ranger(Price ~ ., cars93, num.trees = 60, num.threads = 1, seed = 1),
  rows = cars93_rows, pkgs = "ranger", service = TRUE,
  r = \(model, rows) predict(model, data = rows, num.threads = 1)$predictions
)
zoo$ranger_class <- entry(
  fit = \() {
    ranger::ranger(Attrition ~ ., leavers,
      num.trees = 60, num.threads = 1, seed = 1, respect.unordered.factors = "order"
    )
  },
  rows = leavers_rows, pkgs = "ranger", independent = FALSE,
  # The seed decides ties between classes.
  r = \(model, rows) predict(model, data = rows, num.threads = 1, seed = 1)$predictions
)
zoo$ranger_probability <- entry(
  fit = \() {
    ranger::ranger(Species ~ ., iris,
      num.trees = 60, probability = TRUE, num.threads = 1, seed = 1
    )
  },
  rows = iris_rows, pkgs = "ranger",
  r = \(model, rows) predict(model, data = rows, num.threads = 1)$predictions
)
zoo$ranger_survival <- entry(
  fit = \() {
    ranger::ranger(survival::Surv(time, status) ~ trt + celltype + karno + age,
      survival::veteran[seq(1, 137, 3), ],
      num.trees = 40, num.threads = 1, seed = 1
    )
  },
  rows = survival::veteran[(1:24) * 5, c("trt", "celltype", "karno", "age")], pkgs = "ranger",
  r = \(model, rows) {
    found <- predict(model, data = rows, num.threads = 1)
    names <- paste0("survival_", found$unique.death.times)
    matrix(found$survival, nrow(rows), dimnames = list(NULL, names))
  }
)
zoo$ranger_quantiles <- entry(
  fit = \() {
    ranger::ranger(Price ~ ., cars93,
      num.trees = 60, quantreg = TRUE, num.threads = 1, seed = 1
    )
  },
  rows = cars93_rows, pkgs = "ranger",
  args = list(type = "quantiles", quantiles = c(0.1, 0.5, 0.9)),
  r = \(model, rows) {
    predict(model,
      data = rows, type = "quantiles", quantiles = c(0.1, 0.5, 0.9), num.threads = 1
    )$predictions
  }
)

zoo$gbm_regression <- entry(
  fit = \() {
    gbm::gbm(Price ~ ., "gaussian", cars93,
      n.trees = 80, n.minobsinnode = 5, interaction.depth = 2
    )
  },
  rows = cars93_rows, pkgs = "gbm", service = TRUE,
  r = \(model, rows) predict(model, rows, n.trees = 80)
)
zoo$gbm_bernoulli <- entry(
  fit = \() {
    gbm::gbm(ifelse(Attrition == "Yes", 1, 0) ~ Age + MonthlyIncome + Department + OverTime +
      JobSatisfaction, "bernoulli", leavers, n.trees = 80, cv.folds = 0)
  },
  rows = leavers_rows, pkgs = "gbm", args = list(type = "response", n.trees = 50),
  r = \(model, rows) predict(model, rows, n.trees = 50, type = "response")
)
zoo$gbm_multinomial <- entry(
  fit = \() quietly(gbm::gbm(Species ~ ., "multinomial", iris, n.trees = 40)),
  rows = iris_rows, pkgs = "gbm", args = list(type = "response"),
  r = \(model, rows) {
    found <- predict(model, rows, n.trees = 40, type = "response")
    matrix(found, nrow(rows), dimnames = list(NULL, dimnames(found)[[2]]))
  }
)

zoo$ctree <- entry(
  fit = \() partykit::ctree(Price ~ ., cars93),
  rows = cars93_rows, pkgs = "partykit", missing = "refused", infinite = "refused"
)
zoo$ctree_prob <- entry(
  fit = \() partykit::ctree(Attrition ~ ., leavers),
  rows = leavers_rows, pkgs = "partykit", missing = "refused", infinite = "refused", args = list(type = "prob"),
  r = \(model, rows) predict(model, rows, type = "prob")
)
zoo$cforest <- entry(
  fit = \() partykit::cforest(Species ~ ., iris, ntree = 20),
  rows = iris_rows, pkgs = "partykit", missing = "refused", infinite = "refused"
)
zoo$lmtree <- entry(
  fit = \() partykit::lmtree(Price ~ Horsepower | Weight + Type + Origin, cars93, minsize = 15),
  rows = cars93_rows[c("Horsepower", "Weight", "Type", "Origin")], pkgs = "partykit", missing = "refused", infinite = "refused"
)
zoo$glmtree <- entry(
  fit = \() {
    partykit::glmtree(Attrition ~ Age | MonthlyIncome + Department + OverTime, leavers,
      family = binomial, minsize = 40
    )
  },
  rows = leavers_rows[c("Age", "MonthlyIncome", "Department", "OverTime")], pkgs = "partykit", missing = "refused", infinite = "refused"
)

zoo$bagging_regression <- entry(
  fit = \() ipred::bagging(Price ~ ., cars93, nbagg = 10),
  rows = cars93_rows, pkgs = "ipred"
)
zoo$bagging_class <- entry(
  fit = \() ipred::bagging(Attrition ~ ., leavers, nbagg = 10),
  rows = leavers_rows, pkgs = "ipred", args = list(type = "prob"),
  r = \(model, rows) predict(model, rows, type = "prob")
)
