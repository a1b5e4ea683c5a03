# Kernel machines: svm of e1071; ksvm, gausspr, rvm and their kin of kernlab.

required_pkgs.svm <- function(model) "e1071"

# Probabilities and decision values come as attributes of the classes; here they are columns.
score.svm <- function(model, rows, args = list()) {
  refuse_text(rows, names(rows), "svm")
  refuse_other_levels(rows, model_terms(model), colnames(model$SV), "svm")
  answer <- score.default(model, rows, args)
  extra <- lapply(c("probabilities", "decision.values"), function(name) attr(answer, name))
  extra <- Filter(is.matrix, extra)
  if (length(extra) == 0) {
    return(answer)
  }
  columns <- lapply(extra, function(values) as.data.frame(values, optional = TRUE))
  frame_of(c(list(prediction = as.vector(answer)), unlist(columns, recursive = FALSE)))
}

predictors.svm <- function(model, args = list()) {
  if (is.null(model$terms)) colnames(model$SV) else predictors.default(model, args)
}

# It keeps no levels, only the columns they made: data that makes others has changed since the fit.
training_frame.svm <- function(model, args = list()) {
  frame <- training_frame.default(model, args)
  if (is.null(frame) || !other_levels(frame, model_terms(model), colnames(model$SV))) frame
}

model_task.svm <- function(model) {
  # C- and nu-classification, one-classification, eps- and nu-regression.
  switch(model$type + 1L,
    class_task(model$levels),
    class_task(model$levels),
    "binary",
    "regression",
    "regression"
  )
}

score.vm <- function(model, rows, args = list()) {
  refuse_text(rows, names(rows), class(model))
  refuse_other_levels(rows, vm_terms(model), vm_columns(model), class(model))
  # Fitted on a matrix it takes a matrix.
  asked <- if (is.null(vm_terms(model))) quote(as.matrix(rows)) else quote(rows)
  answer <- clean_call(quote(kernlab::predict), list(asked), args, model, rows)
  if (!identical(args$type, "votes")) {
    return(answer)
  }
  # Votes come with a row for each class.
  matrix(t(answer), nrow(rows), dimnames = list(NULL, methods::slot(model, "lev")))
}

# Components, whose predict() is of kernlab alone.
score.prc <- function(model, rows, args = list()) {
  clean_call(quote(kernlab::predict), list(quote(rows)), args, model, rows)
}
score.kfa <- score.prc
model_task.prc <- function(model) "transform"
model_task.kfa <- model_task.prc

# predict() makes a matrix of the rows and takes it by position, whatever levels its columns are of.
refuse_other_levels <- function(rows, terms, trained, what) {
  if (other_levels(rows, terms, trained)) {
    fault("type_mismatch", paste0(
      what, " was trained on the columns ", paste(trained, collapse = ", "),
      ", and the levels of the factors given make ",
      paste(matrix_columns(rows, terms), collapse = ", "), ". Log the model with a sample_input ",
      "whose factors have the levels it was trained with."
    ))
  }
}

# Whether the factors of rows make other columns than those a model was trained on; of another
# number of them R itself says so.
other_levels <- function(rows, terms, trained) {
  if (is.null(terms) || length(trained) == 0 || !any(vapply(rows, is.factor, NA))) {
    return(FALSE)
  }
  given <- matrix_columns(rows, terms)
  # kernlab keeps their names as data.frame() writes them.
  as_kept <- function(names) make.names(names, unique = TRUE)
  length(given) == length(trained) && !identical(as_kept(given), as_kept(trained))
}

matrix_columns <- function(rows, terms) {
  colnames(stats::model.matrix(stats::delete.response(terms), rows[0, , drop = FALSE]))
}

predictors.vm <- function(model, args = list()) {
  terms <- vm_terms(model)
  if (is.null(terms)) vm_columns(model) else variables(stats::delete.response(terms))
}

model_task.vm <- function(model) {
  kind <- methods::slot(model, "type")
  if (grepl("reg|svr", kind[1])) {
    return("regression")
  }
  if (grepl("one", kind[1])) "binary" else class_task(methods::slot(model, "lev"))
}

vm_terms <- function(model) {
  terms <- methods::slot(model, "terms")
  if (inherits(terms, "terms")) terms
}

vm_columns <- function(model) {
  x <- methods::slot(model, "xmatrix")
  if (is.list(x)) x <- x[[1]]
  if (is.matrix(x)) as.character(colnames(x)) else character()
}
