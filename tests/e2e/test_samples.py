"""Sample rows that are unlike the training rows, or too few: the answers are R's all the same."""

from __future__ import annotations

START = """
suppressMessages(library(modelyard)); options(modelyard.quiet = TRUE)
reg <- sfr_model_registry(sfr_connect(), database = "SAMPLES", schema = "S")
same <- function(a, b) cat(identical(unname(a), unname(b), num.eq = FALSE), "\\n")
"""


def test_levels_in_another_order_in_the_samples_change_no_answer(server):
    """These classes read a factor by the numbers of its levels."""
    done = server.r(
        START
        + """
set.seed(1)
cars <- MASS::Cars93[c("Price", "Weight", "DriveTrain")]
turned <- transform(cars, DriveTrain = factor(DriveTrain, rev(levels(DriveTrain))))
asked <- transform(cars, DriveTrain = as.character(DriveTrain))
models <- list(
  randomForest::randomForest(Price ~ ., cars, ntree = 20),
  e1071::svm(Price ~ ., cars),
  ranger::ranger(Price ~ ., cars, num.trees = 20)
)
answers <- list(predict, predict, function(m, rows) predict(m, rows)$predictions)
for (i in 1:2) {
  name <- paste0("TURNED", i)
  sfr_log_model(reg, models[[i]], name, sample_input = turned[1:9, -1])
  same(sfr_predict(reg, name, asked[-1])$prediction, answers[[i]](models[[i]], cars))
}
# The forest has kept neither these levels nor those of its data.
refused <- try(sfr_log_model(reg, models[[3]], "TURNED3", sample_input = turned[1:9, -1]))
cat(inherits(attr(refused, "condition"), "modelyard_invalid_signature"), "\n")
sfr_log_model(reg, models[[3]], "TURNED3", sample_input = cars[1:9, -1])
same(sfr_predict(reg, "TURNED3", asked[-1])$prediction, answers[[3]](models[[3]], cars))
"""
    )
    assert done.stdout.split() == ["TRUE"] * 4, done.stderr


def test_samples_that_cannot_show_what_rows_depend_on_are_not_believed(server):
    """One row equals its own mean; so does a column with one value."""
    done = server.r(
        START
        + """
model <- lm(mpg ~ I(wt - mean(wt)) + hp, data = mtcars)
rows <- mtcars[rep(1:32, 4000), c("wt", "hp")]
for (samples in list(mtcars[1, ], data.frame(wt = 3, hp = c(100, 200)))) {
  version <- sfr_log_model(reg, model, "MEAN", sample_input = samples[c("wt", "hp")])
  same(sfr_predict(reg, "MEAN", rows, version$version_name)$prediction, predict(model, rows))
}
"""
    )
    assert done.stdout.split() == ["TRUE", "TRUE"], done.stderr
