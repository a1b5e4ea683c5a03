# A model as bytes: what can be saved. What came along unseen, the server finds in the file.

# The path of a temporary file with the model, or an abort when saving would lose it.
save_object <- function(object, call = caller_env()) {
  force(object)
  path <- tempfile("modelyard-", fileext = ".rds")
  # Numbers hardly compress: for a large model the last per cents would take minutes.
  large <- utils::object.size(object) > 2^24
  file <- gzfile(path, "wb", compression = if (large) 1 else 6)
  on.exit(close(file))
  tryCatch(
    saveRDS(object, file, version = 3),
    error = function(e) {
      unlink(path)
      code <- if (grepl("space|write", conditionMessage(e))) "storage_full" else "model_rejected"
      abort_text(code, "The model could not be saved.", hint = conditionMessage(e), call = call)
    }
  )
  path
}

check_model <- function(model, call = caller_env()) {
  kind <- class(model)[1]
  if (is.null(model)) {
    abort_code("model_rejected", "{.arg model} is NULL, which is no model.", call = call)
  }
  if (inherits(model, "connection")) {
    abort_code("model_rejected", c(
      "{.arg model} is a connection ({.cls {kind}}), which lives only in this session.",
      i = "Log the object that was read from it."
    ), call = call)
  }
  outside <- typeof(model) == "externalptr" || inherits(model, "python.builtin.object")
  if (outside) {
    abort_code("model_rejected", c(
      "{.arg model} is a {.cls {kind}} that points outside R: its file would hold nothing.",
      i = "Save it by the package's own means, and log an R object that restores it."
    ), call = call)
  }
  model
}
