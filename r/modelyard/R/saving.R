# A model as bytes: what can be saved, and what comes along unseen.

# The path of a temporary file with the model, or an abort when saving would lose it.
save_object <- function(object, call = caller_env()) {
  force(object)
  path <- tempfile("modelyard-", fileext = ".rds")
  tryCatch(
    saveRDS(object, path, version = 3),
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

# An environment that a formula or function kept is saved with the model: say what is in it.
say_captured <- function(model, large = 2^16) {
  home <- captured_environment(model)
  if (is.null(home)) {
    return(invisible())
  }
  names <- ls(home)
  sizes <- vapply(names, \(name) object_bytes(home, name), 0)
  if (sum(sizes) < large) {
    return(invisible())
  }
  names <- utils::head(names[order(-sizes)], 5)
  size <- format(structure(sum(sizes), class = "object_size"), units = "auto")
  say(c(
    i = "The model keeps the environment it was fitted in, and {size} with it: {.code {names}}.",
    " " = "Fit it at top level, or in a function that holds less, to leave them out."
  ))
}

object_bytes <- function(home, name) {
  # A promise or an active binding would run when it is looked at.
  if (bindingIsActive(name, home)) {
    return(0)
  }
  tryCatch(as.double(utils::object.size(get(name, envir = home))), error = function(e) 0)
}

captured_environment <- function(model) {
  terms <- model_terms(model)
  home <- if (is.null(terms)) NULL else attr(terms, ".Environment")
  # The global environment, namespaces and attached packages are saved by their name only.
  if (!is.null(home) && !nzchar(environmentName(home))) home
}

# Versions of the packages that predict with this model, for the record.
client_environment <- function(model, packages) {
  methods <- lapply(class(model), \(class) {
    found <- utils::getS3method("predict", class, optional = TRUE)
    if (is.function(found)) environmentName(topenv(environment(found)))
  })
  names <- unique(c(packages, unlist(methods), attr(class(model), "package")))
  names <- intersect(names, loadedNamespaces())
  versions <- lapply(rlang::set_names(names), \(p) as.character(getNamespaceVersion(p)))
  list(r_version = as.character(getRversion()), packages = as_object(versions))
}
