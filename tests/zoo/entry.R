# What a model of the zoo is: how it is fitted, the rows it takes, and what plain R says of them.
#
# A file tests/zoo/<family>.R holds `zoo$<name> <- entry(...)`, each on its own line. Everything is
# evaluated where modelyard is not attached, so `r` can only be R's own predict(), written by hand.

zoo <- new.env()

# fit    a function of nothing that gives the model; the seed is 1 when it is called
# rows   a data frame of the raw predictors, of their right types: 6 to 32 rows, none missing.
#        For a forecast data.frame(period = 1:h)
# r      function(model, rows): what plain R answers, as a vector, a matrix or a data frame with
#        the columns that are to be served. Where R has no one-row form, this brings it into shape
# args, fn, pkgs, body, answer_rows   predict_args, predict_fn, predict_pkgs, predict_body, rows of
#        sfr_log_model()
# independent     whether a row's answer does not depend on the others, which the log must find out
# deterministic   whether the same rows give the same answer twice, which the log must find out
# missing         "asked", or "refused" where the class takes no missing value though R answers
# infinite        "asked", or "refused" where R draws the answer for -Inf by lot
# new_text        what a text is that the training data did not have: "refused" as an unknown
#                 level, or "asked" when the model knows no levels and is asked
# service         whether to try it through a deployed service too
entry <- function(fit, rows, r = \(model, rows) predict(model, newdata = rows), args = list(),
                  fn = "predict", pkgs = character(), body = NULL, answer_rows = "same",
                  independent = TRUE, deterministic = TRUE, missing = "asked",
                  infinite = "asked", new_text = "refused", service = FALSE) {
  stopifnot(
    is.function(fit), is.function(r), is.data.frame(rows), nrow(rows) >= 6, nrow(rows) <= 32,
    !anyNA(rows), missing %in% c("asked", "refused"), infinite %in% c("asked", "refused"),
    new_text %in% c("refused", "asked")
  )
  row.names(rows) <- NULL
  as.list(environment())
}
