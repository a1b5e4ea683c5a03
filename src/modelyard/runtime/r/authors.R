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
    attr(env, "before") <- register_methods(env)
  }
}

detach_authors <- function() {
  options(modelyard.user_files = NULL, modelyard.code_paths = NULL)
  while ("modelyard:code" %in% search()) {
    unregister_methods(attr(as.environment("modelyard:code"), "before"))
    detach("modelyard:code", character.only = TRUE)
  }
}

# Register the S3 methods among the functions of `env`, as a package's are: R does not look for
# methods on the search path. Returns what was there before: a list of list(table, name, method).
register_methods <- function(env) {
  before <- list()
  for (name in Filter(function(name) is.function(env[[name]]), ls(env, all.names = TRUE))) {
    dots <- gregexpr(".", name, fixed = TRUE)[[1]]
    for (at in dots[dots > 1]) {
      generic <- substr(name, 1, at - 1)
      home <- generic_home(generic, env)
      if (is.null(home)) next
      table <- home[[".__S3MethodsTable__."]]
      before <- c(before, list(list(table = table, name = name, method = table[[name]])))
      registerS3method(generic, substring(name, at + 1), env[[name]], envir = env)
    }
  }
  before
}

unregister_methods <- function(before) {
  # A generic of the author's own had no table, and goes with its environment.
  # The last one first: all.equal.house() is one of all() and of all.equal().
  for (one in rev(Filter(function(one) !is.null(one$table), before))) {
    rm(list = one$name, envir = one$table)
    if (!is.null(one$method)) assign(one$name, one$method, envir = one$table)
  }
}

# Where R looks for the registered methods of a generic; NULL for what is none.
generic_home <- function(name, env) {
  generic <- get0(name, env, mode = "function")
  if (is.primitive(generic) || identical(unname(.knownS3Generics[name]), "base")) {
    return(.BaseNamespaceEnv)
  }
  if (isS4(generic)) generic <- methods::finalDefaultMethod(generic@default)
  if (!is.null(generic) && utils::isS3stdGeneric(generic)) environment(generic)
}
