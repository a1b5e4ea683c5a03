# Models of a matrix: glmnet and cv.glmnet; mvr of pls. The matrix is built from the rows by name,
# in the order of the model's own columns, whatever order the rows have.

required_pkgs.glmnet <- function(model) "glmnet"
required_pkgs.cv.glmnet <- function(model) "glmnet"

score.glmnet <- function(model, rows, args = list()) {
  given <- list(newx = quote(as.matrix(rows)))
  if (isTRUE(glmnet_fit(model)$offset)) {
    given <- c(given, list(newoffset = rows$offset))
  }
  rows <- rows[glmnet_columns(model)]
  # Of a row with a missing value predict() would name the first class.
  if (identical(args$type, "class") && anyNA(rows)) {
    fault("model_error", "A class cannot be told of a row with missing values.")
  }
  clean_call(quote(predict), given, args, model, rows)
}
score.cv.glmnet <- score.glmnet

# A model fitted with an offset needs one for every row: the column `offset`.
predictors.glmnet <- function(model, args = list()) {
  c(glmnet_columns(model), if (isTRUE(glmnet_fit(model)$offset)) "offset")
}
predictors.cv.glmnet <- predictors.glmnet

training_frame.glmnet <- function(model, args = list()) number_columns(predictors(model, args))
training_frame.cv.glmnet <- training_frame.glmnet

model_task.glmnet <- function(model) {
  switch(class(glmnet_fit(model))[1],
    lognet = "binary",
    multnet = "multiclass",
    coxnet = "survival",
    "regression"
  )
}
model_task.cv.glmnet <- model_task.glmnet

predict_types.glmnet <- function(model) {
  c("link", "response", if (model_task(model) %in% c("binary", "multiclass")) "class")
}
predict_types.cv.glmnet <- predict_types.glmnet

glmnet_fit <- function(model) if (inherits(model, "cv.glmnet")) model$glmnet.fit else model

glmnet_columns <- function(model) {
  beta <- glmnet_fit(model)$beta
  rownames(if (is.list(beta)) beta[[1]] else beta)
}

# mvr of pls, whose formula often has a whole matrix as one variable: its columns are those of the
# rows, named <variable>.<column>.
required_pkgs.mvr <- function(model) "pls"
model_task.mvr <- function(model) "regression"

score.mvr <- function(model, rows, args = list()) {
  rows <- matrices_of(rows, matrix_variables(model))
  score.default(model, rows, args)
}

predictors.mvr <- function(model, args = list()) {
  flat_names(predictors.default(model, args), matrix_variables(model))
}

training_frame.mvr <- function(model, args = list()) {
  frame <- training_frame.default(structure(model, class = "lm"), args)
  if (!is.null(frame)) flat_columns(frame, matrix_variables(model))
}

# The variables that are matrices: name -> names of their columns.
matrix_variables <- function(model) {
  found <- Filter(is.matrix, as.list(model_frame(model))[predictors.default(model)])
  lapply(found, function(x) {
    if (is.null(colnames(x))) as.character(seq_len(ncol(x))) else colnames(x)
  })
}

flat_names <- function(names, matrices) {
  unlist(lapply(names, function(name) {
    if (is.null(matrices[[name]])) name else paste(name, matrices[[name]], sep = ".")
  }))
}

flat_columns <- function(frame, matrices) {
  columns <- lapply(names(frame), function(name) {
    if (is.null(matrices[[name]])) {
      return(frame[name])
    }
    columns <- as.data.frame(unclass(frame[[name]]))
    stats::setNames(columns, paste(name, matrices[[name]], sep = "."))
  })
  do.call(cbind, columns)
}

matrices_of <- function(rows, matrices) {
  columns <- as.list(rows)[setdiff(names(rows), flat_names(names(matrices), matrices))]
  for (name in names(matrices)) {
    part <- as.matrix(rows[paste(name, matrices[[name]], sep = ".")])
    dimnames(part) <- list(NULL, matrices[[name]])
    columns[[name]] <- part
  }
  structure(columns, class = "data.frame", row.names = .set_row_names(nrow(rows)))
}
