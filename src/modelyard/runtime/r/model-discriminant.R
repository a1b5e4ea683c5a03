# Discriminants, Bayes and the logistic kin of MASS, nnet and mda.

required_pkgs.naiveBayes <- function(model) "e1071"
required_pkgs.multinom <- function(model) "nnet"
required_pkgs.nnet <- function(model) "nnet"
required_pkgs.lda <- function(model) "MASS"
required_pkgs.qda <- function(model) "MASS"
required_pkgs.polr <- function(model) "MASS"
required_pkgs.fda <- function(model) "mda"

# Of probabilities that are all but equal (by 1e-5 of the greatest) predict() draws the class, with
# numbers from one stream for all rows: see max.col().
rowwise.multinom <- function(model, args = list()) length(model$lev) == 2 || !asks_class(args)
rowwise.nnet <- function(model, args = list()) length(model$lev) <= 2 || !asks_class(args, "raw")
rowwise.polr <- function(model, args = list()) !asks_class(args)
rowwise.lda <- rowwise.polr
rowwise.qda <- rowwise.polr

score.nnet <- function(model, rows, args = list()) {
  drawn(model, args, score.default(model, rows, args))
}
score.multinom <- score.nnet
score.polr <- score.nnet

# predict() gives a list. The class and the posterior are columns, named as data.frame() names
# them; type = "class", "posterior" or "x", which predict() does not have, chooses one of the list.
score.lda <- function(model, rows, args = list()) {
  type <- args$type
  args$type <- NULL
  asked <- if (is.null(model$terms)) quote(as.matrix(rows)) else quote(rows)
  found <- drawn(model, list(type = type), {
    clean_call(quote(predict), list(newdata = asked), args, model, rows)
  })
  if (!is.null(type)) {
    if (!type %in% names(found)) {
      fault("model_error", paste0(
        class(model)[1], " has no type ", type, ", only ", paste(names(found), collapse = ", "), "."
      ))
    }
    return(found[[type]])
  }
  columns <- as.data.frame(found$posterior, optional = TRUE)
  names(columns) <- paste0("posterior.", colnames(found$posterior))
  frame_of(c(list(class = found$class), columns))
}
score.qda <- score.lda

predictors.lda <- function(model, args = list()) {
  if (is.null(model$terms)) as.character(colnames(model$means)) else predictors.default(model, args)
}
predictors.qda <- predictors.lda

model_task.lda <- function(model) class_task(model$lev)
model_task.qda <- model_task.lda
model_task.polr <- model_task.lda
model_task.multinom <- function(model) class_task(model$lev)
model_task.naiveBayes <- function(model) class_task(model$levels)
model_task.fda <- function(model) class_task(rownames(model$means))

predict_types.lda <- function(model) c("class", "posterior", "x")
predict_types.qda <- function(model) c("class", "posterior")
predict_types.naiveBayes <- function(model) c("class", "raw")

# mda's predict() makes its matrix from the levels the rows come with.
score.fda <- function(model, rows, args = list()) {
  refuse_text(rows, names(rows), class(model)[1])
  score.default(model, rows, args)
}

# --- naiveBayes: a table a predictor; those of categories name their levels

score.naiveBayes <- function(model, rows, args = list()) {
  refuse_text(rows, names(known_levels(model)), "naiveBayes")
  score.default(model, rows, args)
}

predictors.naiveBayes <- function(model, args = list()) names(model$tables)

training_frame.naiveBayes <- function(model, args = list()) {
  found <- raw_rows(predictors(model, args), NULL, model)
  kinds <- lapply(model$tables, colnames)
  # Without its rows: numbers have a table of means and deviations, which names no level.
  if (is.null(found) && all(vapply(kinds, is.null, NA))) {
    found <- frame_of(lapply(kinds, function(kind) double()))
  }
  found
}

kept_levels.naiveBayes <- function(model) {
  kinds <- lapply(model$tables, colnames)
  # A logical predictor has a table of FALSE and TRUE, and takes logicals.
  Filter(function(levels) !is.null(levels) && !identical(levels, c("FALSE", "TRUE")), kinds)
}

known_levels.naiveBayes <- function(model, args = list()) lapply(kept_levels(model), category)

# Fitted on a matrix, nnet keeps no names of its columns.
predictors.nnet <- function(model, args = list()) {
  if (is.null(model$terms)) as.character(model$coefnames) else predictors.default(model, args)
}
