# Kernel machines: svm of e1071; ksvm, gausspr, rvm and their kin of kernlab.

required_pkgs.svm <- function(model) "e1071"

# Probabilities and decision values come as attributes of the classes; here they are columns.
score.svm <- function(model, rows, args = list()) {
  refuse_text(rows, names(rows), "svm")
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
  # Fitted on a matrix it takes a matrix.
  asked <- if (is.null(vm_terms(model))) quote(as.matrix(rows)) else quote(rows)
  clean_call(quote(kernlab::predict), list(asked), args, model, rows)
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
