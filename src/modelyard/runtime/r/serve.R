# The worker's side: one model loaded, then asked. Evaluated beside contract.R in an environment
# whose parent is base, so nothing of it is visible to a model's code.

served <- new.env(parent = emptyenv())

# Load the model from its serialised bytes. What fails is data, not an R error in the caller.
serve_load <- function(model, body, predict) {
  caught({
    if (nzchar(Sys.getenv("DEB_HOST_MULTIARCH"))) answer_dpkg()
    # Code an author wrote expects R as a session has it; a class's own predict() does not.
    if (!is.null(body) || length(predict$code) > 0) {
      attach_packages(c("methods", "datasets", "graphics", "grDevices"))
    }
    told <- read_model(model)
    served$model <- told$object
    lost <- told$lost
    if (!is.null(body)) {
      told <- read_model(body)
      lost <- union(lost, told$lost)
      body <- told$object
      if (!is.function(body)) {
        fault("model_rejected", paste0("The predict_body is ", class(body)[1], ", not a function."))
      }
    }
    # All that predict needs is looked for before any of it is loaded: one error names it all.
    predict$body <- body
    needed <- union(predict_packages(served$model, predict), c(predict$needs, lost))
    check_packages(needed)
    attach_packages(predict$packages)
    attach_packages(required_pkgs(served$model))
    load_packages(needed)
    attach_authors(predict$user_files, predict$code_paths, predict$code)
    served$roots <- needed
    if (asked_plainly(predict)) check_predictable(served$model, predict$args)
    if (is.null(body) && !predict$fn %in% c("predict", "forecast")) named_function(predict$fn)
    served$predict <- made_ready(predict, served$model)
    served$state <- session_state()
    list(ok = TRUE)
  }, "model_rejected")
}

# A worker runs no program. Debian's RcppParallel asks one, whenever it is loaded, where libraries
# lie: that question has its answer in the environment, and any other stays refused. A host that is
# no worker has no such answer, and runs the program.
answer_dpkg <- function() {
  answering <- function(command, ...) {
    if (identical(command, "dpkg-architecture -qDEB_HOST_MULTIARCH")) {
      return(Sys.getenv("DEB_HOST_MULTIARCH"))
    }
    r_system(command, ...)
  }
  # Away from these functions, which are not for a model's code to find.
  environment(answering) <- list2env(list(r_system = base::system), parent = baseenv())
  unlockBinding("system", baseenv())
  assign("system", answering, envir = baseenv())
  lockBinding("system", baseenv())
}

# An object from its bytes, and the packages that it refers to and R does not find: R would put
# the global environment in the place of theirs, and an empty vector in that of a value of theirs.
read_model <- function(bytes) {
  lost <- character()
  Sys.setenv("_R_NO_REPORT_MISSING_NAMESPACES_" = "false")
  on.exit(Sys.unsetenv("_R_NO_REPORT_MISSING_NAMESPACES_"))
  object <- withCallingHandlers(unserialize(bytes), warning = function(w) {
    said <- conditionMessage(w)
    pattern <- "(namespace|package called|from package)[^A-Za-z0-9.]*([A-Za-z0-9.]+)"
    part <- regmatches(said, regexec(pattern, said))[[1]]
    if (length(part) == 3) {
      lost <<- union(lost, part[3])
      tryInvokeRestart("muffleWarning")
    }
  })
  list(object = object, lost = lost)
}

# Predictions for the bytes of a data frame: list(ok, answer, warnings, doubles), or list(ok =
# FALSE, code, message). A frame of doubles is left as it is, for its numbers to be sent from where
# they are; any other answer is bytes.
serve_answer <- function(bytes, seed) {
  served$failed <- TRUE
  answer <- predicted(bytes, seed)
  if (is.object(answer)) { # a condition
    return(told_fault(answer, "model_error"))
  }
  served$failed <- FALSE
  answer
}

# The same, or the error, told once its calls are left: they may fill the stack or the memory. Left
# by a return, as callCC() does: tryCatch() costs more than everything else here.
predicted <- function(bytes, seed) {
  failure <- NULL
  delayedAssign("leave", return(failure))
  found <- watched(
    {
      rows <- frame_of_bytes(bytes)
      if (!is.null(seed)) set.seed(seed)
      frame <- as_frame(call_predict(served$model, rows, served$predict))
      if (all_doubles(frame)) frame else frame_bytes(frame)
    },
    failed = function(e, warnings) {
      failure <<- with_warning(e, warnings)
      leave
    }
  )
  list(TRUE, found$value, found$warnings, is.list(found$value))
}

# An error of a model's own code with the last thing R warned of before it: of a file that cannot be
# opened only the warning says which.
with_warning <- function(e, warnings) {
  if (length(warnings) == 0 || inherits(e, "modelyard_error")) {
    return(e)
  }
  last <- warnings[length(warnings)]
  text <- paste0(text_of_condition(e), " (R warned before: ", last, ")")
  structure(list(message = text, call = NULL, package = unclass(e)$package), class = class(e))
}

all_doubles <- function(frame) {
  for (column in frame) {
    if (!is.double(column) || !is.null(attributes(column))) {
      return(FALSE)
    }
  }
  length(frame) > 0L
}

# Called after every answer: what a model has changed in the session ends with its request. NULL,
# or what cannot be put back.
serve_restore <- function() {
  failed <- isTRUE(served$failed)
  served$failed <- FALSE
  restore_session(served$state, failed)
}

# What can be told about the loaded model without asking it to predict.
serve_inspect <- function(n) {
  model <- served$model
  args <- served$predict$args
  caught(list(
    ok = TRUE,
    class = class(model),
    task = model_task(model),
    levels = known_levels(model, args),
    frame = sample_bytes(model, n, args),
    predictors = if (asked_plainly(served$predict)) predictors(model, args) else character(),
    row_independent = !asked_plainly(served$predict) || rowwise(model, args),
    link_scale = is_link_scale(model, served$predict)
  ), "model_error")
}

# The raw training rows that a model kept, as bytes, or NULL. Of a column, only what a contract can
# hold of it travels.
sample_bytes <- function(model, n, args) {
  frame <- sample_frame(model, n, args)
  if (!is.null(frame)) {
    columns <- lapply(unclass(frame), function(x) {
      if (!is.factor(x) && !inherits(x, c("Date", "POSIXct"))) attributes(x) <- NULL
      x
    })
    frame_bytes(as_plain_frame(columns, names(frame), .row_names_info(frame, 2L)))
  }
}

# What R is, and the closure of what predict needs: what was said or found at load, and what was
# loaded since, such as a package that a method asks for when it runs.
serve_environment <- function() {
  own <- names(package_needs(served$roots)$found)
  since <- setdiff(loadedNamespaces(), c(own, base_packages))
  # Of those, the ones that no other asks for.
  asked <- unlist(lapply(since, function(name) {
    setdiff(names(package_needs(name)$found), name)
  }))
  roots <- sort(unique(c(served$roots, setdiff(since, asked))))
  found <- described_environment(c(setdiff(roots, base_packages), loadedNamespaces()))
  c(found, list(roots = setdiff(roots, base_packages)))
}

serve_r_version <- function() as.character(getRversion())

# A generalised linear model asked without `type` answers on the scale of its link, as R does.
is_link_scale <- function(model, predict) {
  inherits(model, "glm") && asked_plainly(predict) && is.null(predict$args$type) &&
    !identical(model$family$link, "identity")
}

caught <- function(expr, code) tryCatch(expr, error = function(e) told_fault(e, code))

# An error as data: list(ok = FALSE, code, message), and what an error of ours says beside it.
told_fault <- function(e, code) {
  if (inherits(e, "packageNotFoundError")) {
    e <- tryCatch(check_packages(e$package), error = identity)
  }
  classes <- grep("^modelyard_(?!error$)", class(e), value = TRUE, perl = TRUE)
  found <- if (length(classes) > 0) sub("^modelyard_", "", classes[1]) else code
  text <- enc2utf8(text_of_condition(e))
  if (grepl("cannot allocate (vector|memory)|memory exhausted", text)) found <- "memory_limit"
  told <- if (length(classes) > 0) {
    Filter(is.character, list(hint = e$hint, details = e$details, names = e$packages))
  }
  c(list(ok = FALSE, code = found, message = substr(text, 1L, 2000L)), told)
}
