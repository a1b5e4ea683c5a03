# Files of the author's own, beside the model: those predict reads, and code it needs.

# Let predict find them: getOption("modelyard.user_files") is the folder of the first, the R files
# `code` are sourced, in their order, into an environment on the search path.
attach_authors <- function(user_files = NULL, code_paths = NULL, code = character()) {
  options(modelyard.user_files = user_files, modelyard.code_paths = code_paths)
  if (length(code) > 0) {
    env <- attach(NULL, name = "modelyard:code", warn.conflicts = FALSE)
    for (file in code) {
      tryCatch(sys.source(file, envir = env, keep.source = FALSE), error = function(e) {
        fault("model_rejected", paste0(
          basename(file), " of code_paths cannot be sourced: ", conditionMessage(e)
        ))
      })
    }
  }
}

detach_authors <- function() {
  options(modelyard.user_files = NULL, modelyard.code_paths = NULL)
  while ("modelyard:code" %in% search()) detach("modelyard:code", character.only = TRUE)
}
