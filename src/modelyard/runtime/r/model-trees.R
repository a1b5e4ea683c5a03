# Trees and their ensembles: rpart, randomForest, ranger, gbm, partykit, bagging of ipred.

required_pkgs.rpart <- function(model) "rpart"
required_pkgs.randomForest <- function(model) "randomForest"
required_pkgs.ranger <- function(model) "ranger"
required_pkgs.gbm <- function(model) "gbm"
required_pkgs.party <- function(model) "partykit"
required_pkgs.cforest <- function(model) "partykit"
required_pkgs.regbagg <- function(model) c("rpart", "ipred")
required_pkgs.classbagg <- required_pkgs.regbagg
required_pkgs.survbagg <- required_pkgs.regbagg

# --- rpart: levels are an attribute, and missing values take surrogate splits

kept_levels.rpart <- function(model) attr(model, "xlevels")

model_task.rpart <- function(model) {
  switch(model$method,
    class = class_task(attr(model, "ylevels")),
    exp = "survival",
    "regression"
  )
}

# --- randomForest

score.randomForest <- function(model, rows, args = list()) {
  drawn(model, args, score.default(model, rows, args))
}

predictors.randomForest <- function(model, args = list()) {
  if (is.null(model$terms)) rownames(model$importance) else predictors.default(model, args)
}

kept_levels.randomForest <- function(model) Filter(is.character, as.list(model$forest$xlevels))

known_levels.randomForest <- function(model, args = list()) {
  levels <- kept_levels(model)
  classes <- attr(model$terms, "dataClasses")
  made <- lapply(names(levels), function(name) {
    # Without a formula, an ordered factor is one that counts as a number.
    ordered <- if (is.null(classes)) {
      model$forest$ncat[[name]] == 1
    } else {
      name %in% names(classes) && classes[[name]] == "ordered"
    }
    category(levels[[name]], "factor", ordered)
  })
  stats::setNames(made, names(levels))
}

# Equal votes are decided by chance, which takes its numbers from one stream for all rows.
rowwise.randomForest <- function(model, args = list()) {
  labels <- identical(model$type, "classification") &&
    (is.null(args$type) || args$type %in% c("response", "class"))
  !labels || !ties(length(model$classes), model$ntree)
}

model_task.randomForest <- function(model) {
  switch(model$type,
    regression = "regression",
    classification = class_task(model$classes),
    ""
  )
}

# --- ranger: rows are `data`; equal votes are decided by a seed, which is fixed unless given

score.ranger <- function(model, rows, args = list()) {
  texts <- names(rows)[vapply(rows, is.character, NA)]
  refuse_text(rows, setdiff(texts, names(known_levels(model))), "ranger")
  threads <- as.integer(Sys.getenv("R_RANGER_NUM_THREADS", "1")) # as cpu_requests says
  given <- list(data = quote(rows), num.threads = threads, seed = 1L, verbose = FALSE)
  found <- clean_call(quote(predict), given, args, model, rows)
  if (!is.null(found$survival)) {
    curves <- found$survival
    if (is.null(dim(curves))) curves <- matrix(curves, nrow(rows))
    colnames(curves) <- paste0("survival_", found$unique.death.times)
    return(curves)
  }
  answer <- found$predictions
  if (!is.null(found$se)) {
    return(data.frame(prediction = as.vector(answer), se = found$se))
  }
  # One row of probabilities loses its dimensions.
  if (nrow(rows) == 1 && is.null(dim(answer)) && length(answer) > 1) t(answer) else answer
}

predictors.ranger <- function(model, args = list()) model$forest$independent.variable.names

# ranger keeps its call as it was written: the data may be the second argument, without its name.
training_frame.ranger <- function(model, args = list()) {
  names <- names(model$call)
  if (length(model$call) > 2 && !"data" %in% names && !any(nzchar(names[3]))) {
    names(model$call)[3] <- "data"
  }
  found <- raw_rows(predictors(model, args), NULL, model)
  texts <- names(found)[vapply(as.list(found), function(x) is.factor(x) || is.character(x), NA)]
  told <- all(texts %in% names(kept_levels(model)))
  own <- if (told) identical(NROW(found), as.integer(model$num.samples)) else is_ranger_data(model)
  if (own) found
}

tells_levels.ranger <- function(model) FALSE

# Where a ranger was fitted is not known, so that the data of the name in its call may be another,
# and of the factors it has codes alone. Its error outside the bag tells: it is of its own response.
is_ranger_data <- function(model) {
  formula <- Find(function(x) is.call(x) && identical(x[[1]], quote(`~`)), as.list(model$call))
  response <- if (is.null(formula)) model$call$dependent.variable.name else formula[[2]]
  if (is.character(response)) response <- as.name(response)
  y <- tryCatch(eval(response, named_data(model)), error = function(e) NULL)
  p <- model$predictions
  if (is.null(y) || is.null(p) || NROW(p) != length(y)) {
    return(FALSE)
  }
  found <- switch(model$treetype,
    Regression = mean((y - p)^2, na.rm = TRUE),
    Classification = mean(as.character(y) != as.character(p), na.rm = TRUE),
    "Probability estimation" = {
      chosen <- cbind(seq_along(y), match(as.character(y), colnames(p)))
      mean((1 - p[chosen])^2, na.rm = TRUE)
    }
  )
  isTRUE(all.equal(found, model$prediction.error))
}

kept_levels.ranger <- function(model) {
  Filter(is.character, as.list(model$forest$covariate.levels))
}

rowwise.ranger <- function(model, args = list()) {
  model$treetype != "Classification" || !ties(length(model$forest$levels), model$num.trees)
}

model_task.ranger <- function(model) {
  switch(model$treetype,
    Regression = "regression",
    Survival = "survival",
    class_task(model$forest$levels)
  )
}

predict_types.randomForest <- function(model) {
  c("response", if (identical(model$type, "classification")) c("prob", "vote", "class"))
}
takes_parts.randomForest <- function(model) TRUE
predict_types.ranger <- function(model) c("response", "se", "terminalNodes", "quantiles")

# --- gbm: predict() chooses the number of trees when it is not told, and says so every time

score.gbm <- function(model, rows, args = list()) {
  refuse_text(rows, names(known_levels(model)), "gbm")
  given <- list(newdata = quote(rows), n.trees = gbm_trees(model))
  answer <- clean_call(quote(predict), given, args, model, rows)
  layers <- dim(answer)
  if (length(layers) != 3) {
    return(answer)
  }
  if (layers[3] != 1) {
    fault("contract_violation_output", "Classes by several numbers of trees are no columns.")
  }
  matrix(answer, layers[1], layers[2], dimnames = list(NULL, dimnames(answer)[[2]]))
}

# As predict.gbm() does it.
gbm_trees <- function(model) {
  if (model$train.fraction < 1) {
    return(gbm::gbm.perf(model, method = "test", plot.it = FALSE))
  }
  if (!is.null(model$cv.error)) {
    return(gbm::gbm.perf(model, method = "cv", plot.it = FALSE))
  }
  length(model$train.error)
}

# predict() does not read the offset.
predictors.gbm <- function(model, args = list()) {
  if (is.null(model_terms(model))) {
    return(model$var.names)
  }
  code <- predict_code(model_terms(model))
  is_offset <- vapply(code, function(x) is.call(x) && identical(x[[1]], quote(offset)), NA)
  columns_of_code(code[!is_offset], model)
}

training_frame.gbm <- function(model, args = list()) {
  raw_rows(predictors(model, args), NULL, model)
}

kept_levels.gbm <- function(model) {
  Filter(is.character, stats::setNames(model$var.levels, model$var.names))
}

known_levels.gbm <- function(model, args = list()) {
  levels <- kept_levels(model)
  levels <- levels[names(levels) %in% predictors(model, args)]
  # Type 0 is a number or an ordered factor; only the levels tell them apart.
  ordered <- stats::setNames(model$var.type == 0, model$var.names)
  made <- lapply(names(levels), function(name) {
    category(levels[[name]], "factor", ordered[[name]])
  })
  stats::setNames(made, names(levels))
}

model_task.gbm <- function(model) {
  switch(model$distribution$name,
    bernoulli = ,
    adaboost = ,
    huberized = "binary",
    multinomial = "multiclass",
    coxph = "survival",
    "regression"
  )
}

predict_types.gbm <- function(model) c("link", "response")

# --- partykit: a missing value without a surrogate split goes down a branch drawn at random, and so
# does -Inf, which lies in none of its intervals

score.party <- function(model, rows, args = list()) {
  refuse_lots(rows, anyNA, "null_not_allowed", "a missing value")
  refuse_lots(rows, function(x) is.numeric(x) && any(x == -Inf), "invalid_value", "-Inf")
  score.default(model, rows, args)
}

refuse_lots <- function(rows, has, code, what) {
  columns <- names(rows)[vapply(rows, has, NA)]
  if (length(columns) > 0) {
    fault(code, paste0(
      "A tree of partykit sends a row with ", what, " (", paste(columns, collapse = ", "),
      ") down a branch drawn at random, so there is no one answer."
    ))
  }
}
score.cforest <- score.party

training_frame.party <- function(model, args = list()) {
  raw_rows(predictors(model, args), model$data, model)
}
training_frame.cforest <- training_frame.party

# --- nearest neighbours and bagging of ipred

# Of classes with equally many neighbours one is drawn.
required_pkgs.ipredknn <- function(model) "ipred"
score.ipredknn <- function(model, rows, args = list()) {
  drawn(model, args, score.default(model, rows, args))
}
rowwise.ipredknn <- function(model, args = list()) !asks_class(args, "prob")

# The classes of equally many trees are decided by chance.
score.classbagg <- function(model, rows, args = list()) {
  drawn(model, args, score.default(model, rows, args))
}
rowwise.classbagg <- function(model, args = list()) !asks_class(args)

predictors.regbagg <- function(model, args = list()) names(model$X)
predictors.classbagg <- predictors.regbagg
predictors.survbagg <- predictors.regbagg

training_frame.regbagg <- function(model, args = list()) {
  if (is.data.frame(model$X)) model$X
}
training_frame.classbagg <- training_frame.regbagg
training_frame.survbagg <- training_frame.regbagg

model_task.regbagg <- function(model) "regression"
model_task.classbagg <- function(model) class_task(levels(model$y))
model_task.survbagg <- function(model) "survival"

# --- what several have in common

class_task <- function(levels) if (length(levels) == 2) "binary" else "multiclass"

# Whether classes can have equally many of the votes.
ties <- function(classes, votes) classes != 2 || votes %% 2 == 0

# Text where a model was trained on levels it does not look up: its codes would be those of the
# request's own texts, and the answer another number without a word.
refuse_text <- function(rows, names, what) {
  names <- Filter(function(name) is.character(rows[[name]]), intersect(names, names(rows)))
  if (length(names) > 0) {
    fault("type_mismatch", paste0(
      what, " takes ", paste(names, collapse = ", "),
      " as a factor with the levels it was trained on, and text was given. Log the model with a ",
      "sample_input in which it is that factor."
    ))
  }
}

# An answer in which lots decide between classes: they fall the same way each time.
drawn <- function(model, args, expr) if (rowwise(model, args)) expr else with_fixed_seed(expr)

# Whether labels are asked for, where predict() takes `default` without a type.
asks_class <- function(args, default = "class") {
  type <- if (is.null(args$type)) default else args$type[1]
  nzchar(type) && startsWith("class", type)
}

# An expression that draws random numbers, from the same ones each time; the session's own stream
# of them is left as it was.
with_fixed_seed <- function(expr) {
  home <- globalenv()
  before <- get0(".Random.seed", envir = home, inherits = FALSE)
  on.exit({
    if (is.null(before)) rm(".Random.seed", envir = home) else assign(".Random.seed", before, home)
  })
  set.seed(1L, "Mersenne-Twister", "Inversion", "Rejection")
  expr
}
