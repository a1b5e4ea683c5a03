# Mixed models and generalised least squares: lmer, glmer, glmmTMB, lme, nlme, gls, gnls.
#
# A group that the model does not know is refused unless the author chose otherwise: some of these
# classes would answer NA or the mean of all groups. A grouping column holds any text for the
# contract; what is new is found here, where the choice is known.

required_pkgs.merMod <- function(model) c("lme4", formula_packages(model_terms(model)))
required_pkgs.lmerMod <- required_pkgs.merMod
required_pkgs.glmerMod <- required_pkgs.merMod
required_pkgs.nlmerMod <- required_pkgs.merMod
required_pkgs.lmerModLmerTest <- function(model) c("lmerTest", required_pkgs.merMod(model))

score.merMod <- function(model, rows, args = list()) {
  if (takes_known_groups(args)) refuse_new_groups(rows, model@flist, allow_new_levels)
  score.default(model, rows, args)
}

# `re.form = NA` asks for no group at all.
takes_known_groups <- function(args) {
  !isTRUE(args$allow.new.levels) && !identical(args$re.form, NA)
}

predictors.merMod <- function(model, args = list()) {
  if (!identical(args$re.form, NA)) {
    return(predictors.default(model, args))
  }
  fixed <- lme4::nobars(stats::formula(model))[[3]]
  columns_of_code(list(fixed, model_call(model)[["offset"]]), model)
}

known_levels.merMod <- function(model, args = list()) {
  fixed <- variables(lme4::nobars(stats::formula(model))[[3]])
  open_groups(known_levels.default(model, args), names(model@flist), fixed)
}

model_task.merMod <- function(model) {
  family <- if (inherits(model, "glmerMod")) model@resp$family$family
  if (identical(family, "binomial") && all(model@resp$y %in% 0:1)) "binary" else "regression"
}

predict_types.merMod <- function(model) c("link", "response")

required_pkgs.glmmTMB <- function(model) "glmmTMB"

score.glmmTMB <- function(model, rows, args = list()) {
  if (takes_known_groups(args)) refuse_new_groups(rows, tmb_groups(model), allow_new_levels)
  # It compares the columns made of new rows with those of its own, by name.
  for (name in intersect(names(rows), names(model$frame))) {
    attr(rows[[name]], "contrasts") <- attr(model$frame[[name]], "contrasts")
  }
  score.default(model, rows, args)
}

predictors.glmmTMB <- function(model, args = list()) {
  columns_of_code(lapply(tmb_formulas(model), function(f) f[[length(f)]]), model)
}

training_frame.glmmTMB <- function(model, args = list()) {
  raw_rows(predictors(model, args), model$frame, model)
}

known_levels.glmmTMB <- function(model, args = list()) {
  fixed <- variables(lme4::nobars(model$modelInfo$allForm$formula)[[3]])
  open_groups(categories(training_frame(model, args)), names(tmb_groups(model)), fixed)
}

model_task.glmmTMB <- function(model) {
  y <- model$frame[[model$modelInfo$respCol]]
  two <- is.factor(y) || is.null(dim(y)) && all(y %in% 0:1)
  if (model$modelInfo$family$family == "binomial" && two) "binary" else "regression"
}

# The formulas of the mean, of the inflation with zeros and of the dispersion.
tmb_formulas <- function(model) {
  model$modelInfo$allForm[c("formula", "ziformula", "dispformula")]
}

tmb_groups <- function(model) {
  lists <- lapply(unname(model$modelInfo$reTrms), function(part) as.list(part$flist))
  unlist(lists, recursive = FALSE)
}

# lme answers NA for a group it does not know. `level = 0` asks for no group.
required_pkgs.lme <- function(model) c("nlme", formula_packages(model_terms(model)))
required_pkgs.gls <- required_pkgs.lme
model_task.lme <- function(model) "regression"
model_task.gls <- model_task.lme

score.lme <- function(model, rows, args = list()) {
  if (asks_groups(args)) refuse_new_groups(rows, model$groups, population_level, nested = "/")
  # Of several levels one row comes in another shape than more: it is asked twice.
  alone <- nrow(rows) == 1 && length(args$level) > 1
  if (alone) rows <- rows[c(1, 1), , drop = FALSE]
  answer <- score.default(model, rows, args)
  if (alone) answer[1, , drop = FALSE] else answer
}

predictors.lme <- function(model, args = list()) {
  fixed <- predictors.default(model, args)
  if (!asks_groups(args)) {
    return(fixed)
  }
  random <- all.vars(nlme::asOneFormula(stats::formula(model$modelStruct$reStruct)))
  unique(c(fixed, random, names(model$groups)))
}

training_frame.lme <- function(model, args = list()) {
  wanted <- predictors(model, args)
  if (is.data.frame(model$data) && all(wanted %in% names(model$data))) {
    return(stats::na.omit(as.data.frame(unclass(model$data)[wanted])))
  }
  training_frame.default(model, args)
}

known_levels.lme <- function(model, args = list()) {
  open_groups(known_levels.gls(model, args), names(model$groups), predictors.default(model, args))
}

# A matrix of contrasts names the levels it was made for, but not that of an ordered factor.
known_levels.gls <- function(model, args = list()) {
  found <- categories(training_frame(model, args))
  named <- Filter(Negate(is.null), lapply(model$contrasts, rownames))
  for (name in setdiff(names(named), names(found))) found[[name]] <- category(named[[name]])
  found
}

# nlme and gnls: the variables of the model's formula that are no parameters, those the parameters
# depend on, and the groups.
predictors.nlme <- function(model, args = list()) {
  groups <- if (asks_groups(args)) names(model$groups)
  unique(c(nonlinear_columns(model, names(model$plist)), groups))
}
predictors.gnls <- function(model, args = list()) nonlinear_columns(model, names(model$plist))

nonlinear_columns <- function(model, parameters) {
  depend <- rapply(as.list(model$plist), all.vars, classes = "formula", how = "unlist")
  # gnls has them in its call alone.
  params <- model_call(model)[["params"]]
  if (is.call(params)) depend <- c(depend, setdiff(all.vars(params), parameters))
  unique(c(setdiff(variables(stats::formula(model)[[3]]), parameters), depend))
}

asks_groups <- function(args) is.null(args$level) || any(unlist(args$level) > 0)

allow_new_levels <- "predict_args = list(allow.new.levels = TRUE)"
population_level <- "predict_args = list(level = 0)"

# Stop when a row has a group the model was not fitted on. `groups` are factors named by their
# columns: a:b by several. In nested groups the values of a column are pasted to those before it.
refuse_new_groups <- function(rows, groups, choice, nested = NULL) {
  before <- NULL
  for (name in names(groups)) {
    columns <- if (is.null(nested)) strsplit(name, ":", fixed = TRUE)[[1]] else name
    if (!all(columns %in% names(rows))) next
    value <- do.call(paste, c(lapply(rows[columns], as.character), sep = ":"))
    value[!stats::complete.cases(rows[columns])] <- NA
    if (!is.null(before)) {
      value <- ifelse(is.na(before) | is.na(value), NA, paste(before, value, sep = nested))
    }
    if (!is.null(nested)) before <- value
    known <- groups[[name]]
    new <- which(!is.na(value) & !value %in% if (is.factor(known)) levels(known) else known)
    if (length(new) > 0) {
      fault("unknown_level", paste0(
        "The model does not know the group '", value[new[1]], "' of column ", name, " in row ",
        new[1], ". For predictions of new groups log the model with ", choice, "."
      ))
    }
  }
}

# Levels without those of grouping columns, which any text may be; columns that stand in the fixed
# part as well keep theirs.
open_groups <- function(levels, groups, fixed) {
  groups <- unlist(strsplit(as.character(groups), ":", fixed = TRUE))
  for (name in setdiff(intersect(groups, names(levels)), fixed)) {
    levels[[name]] <- category(NULL, "string")
  }
  levels
}
