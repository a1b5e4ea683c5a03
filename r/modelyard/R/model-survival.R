# Survival: coxph, survreg.

required_pkgs.coxph <- function(model) {
  union("survival", formula_packages(model_terms(model)))
}
required_pkgs.survreg <- required_pkgs.coxph
model_task.coxph <- function(model) "survival"
model_task.survreg <- model_task.coxph
predict_types.coxph <- function(model) c("lp", "risk", "expected", "terms", "survival")
predict_types.survreg <- function(model) {
  c("response", "link", "lp", "linear", "terms", "quantile", "uquantile")
}

# The expected number of events of a row, and its chance to survive, depend on its time.
predictors.coxph <- function(model, args = list()) {
  found <- predictors.default(model, args)
  if (!any(args$type %in% c("expected", "survival"))) {
    return(found)
  }
  union(variables(stats::formula(model_terms(model))[[2]]), found)
}

# Some predictions need the training rows again; a model without them would look for the data
# frame of its call, which is not where it is served.
score.coxph <- function(model, rows, args = list()) {
  strata <- !is.null(attr(model_terms(model), "specials")$strata)
  needs <- strata || any(args$type %in% c("expected", "survival", "terms")) || isTRUE(args$se.fit)
  if (needs && is.null(model[["model"]]) && is.null(model[["x"]])) {
    fault("model_rejected", paste(
      "This coxph needs its training rows to predict, and has not kept them.",
      "Fit it with coxph(..., model = TRUE)."
    ))
  }
  score.default(model, rows, args)
}

refusal.coxphms <- function(model) {
  "R has no predict() for a Cox model of several states."
}

# Several quantiles of one row come as a vector.
score.survreg <- function(model, rows, args = list()) {
  # Scales of their own are told apart by the strata of the training rows.
  needs <- length(model$scale) > 1 && any(args$type %in% c("quantile", "uquantile"))
  if (needs && is.null(model[["model"]])) {
    fault("model_rejected", paste(
      "Quantiles of a survreg with strata need its training rows, and it has not kept them.",
      "Fit it with survreg(..., model = TRUE)."
    ))
  }
  answer <- score.default(model, rows, args)
  several <- is.atomic(answer) && is.null(dim(answer)) && length(answer) > 1
  if (nrow(rows) == 1 && several) t(answer) else answer
}
