# What a predict function of the author's own takes along: what it closes over travels with it,
# the rest of the session does not. Found out and said before anything is uploaded.

# Reports what `fn` closes over, and aborts for what cannot travel. `columns` are names of columns.
check_closure <- function(fn, packages, columns = character(), call = caller_env()) {
  if (is.primitive(fn)) {
    return(invisible())
  }
  held <- closure_bindings(fn)
  stuck <- Filter(Negate(is.null), lapply(held, \(binding) stuck_in(binding)))
  if (length(stuck) > 0) {
    names <- names(stuck)
    why <- paste(unique(unlist(stuck)), collapse = ", ")
    abort_code("model_rejected", c(
      "The predict function closes over {.code {names}}, which cannot be saved: {why}.",
      i = "Make what it needs inside the function, or log an R object that restores it."
    ), call = call)
  }
  outside <- session_names(fn, packages, columns)
  if (length(outside$session) > 0) {
    own <- outside$session
    abort_code("model_rejected", c(
      "The predict function uses {.code {own}} of your session, which does not travel with it.",
      i = "Assign {.code {own}} inside {.code local()} and make the function there, so that it
        closes over what it uses, or put that into its body."
    ), call = call)
  }
  if (length(outside$packages) > 0) {
    wanted <- outside$packages
    abort_code("model_rejected", c(
      "The predict function uses the package{?s} {.pkg {wanted}}, attached in your session only.",
      i = "Name {.pkg {wanted}} in {.arg predict_pkgs}, or call {.code package::function}."
    ), call = call)
  }
  say_closure(held)
}

say_closure <- function(held) {
  if (length(held) == 0) {
    return(invisible())
  }
  sizes <- vapply(held, \(binding) as.double(utils::object.size(binding$value)), 0)
  shown <- order(-sizes)[seq_len(min(5, length(sizes)))]
  told <- paste0(names(held)[shown], " (", vapply(sizes[shown], in_bytes, ""), ")")
  more <- length(held) - length(shown)
  others <- if (more > 0) paste0(" and ", more, " more") else ""
  say(c(i = "The predict function takes along {.code {told}}{others}."))
}

# What is bound in the environments a function closes over, up to one that is saved by its name:
# name -> list(value, active), where an active binding has no value.
closure_bindings <- function(fn) {
  found <- list()
  home <- environment(fn)
  while (!nzchar(environmentName(home)) && !identical(home, emptyenv())) {
    for (name in setdiff(ls(home, all.names = TRUE), names(found))) {
      active <- bindingIsActive(name, home)
      # An argument that was not given has no value.
      value <- if (!active) tryCatch(get(name, envir = home), error = \(e) NULL)
      found[[name]] <- list(value = value, active = active)
    }
    home <- parent.env(home)
  }
  found
}

# Why a value cannot be saved, or NULL.
stuck_in <- function(binding) {
  if (binding$active) {
    return("an active binding")
  }
  stuck_value(binding$value, new.env(parent = emptyenv()))
}

stuck_value <- function(x, seen) {
  kind <- stuck_kind(x)
  if (!is.null(kind)) {
    return(kind)
  }
  for (part in c(held_in(x, seen), attributes(x))) {
    kind <- stuck_value(part, seen)
    if (!is.null(kind)) {
      return(kind)
    }
  }
  NULL
}

stuck_kind <- function(x) {
  if (inherits(x, "connection")) {
    "a connection"
  } else if (inherits(x, "python.builtin.object")) {
    "an object of Python"
  } else if (typeof(x) == "externalptr") {
    "an external pointer"
  } else if (is.environment(x) && has_active(x)) {
    "an active binding"
  }
}

has_active <- function(home) {
  !nzchar(environmentName(home)) &&
    any(vapply(ls(home, all.names = TRUE), bindingIsActive, NA, env = home))
}

# The values inside one: of a list, a function's environment, an environment that is saved whole.
held_in <- function(x, seen) {
  if (typeof(x) == "closure") {
    return(list(environment(x)))
  }
  if (typeof(x) == "list") {
    return(unclass(x))
  }
  if (!is.environment(x) || nzchar(environmentName(x)) || exists(rlang::obj_address(x), seen)) {
    return(NULL)
  }
  assign(rlang::obj_address(x), TRUE, envir = seen)
  mget(ls(x, all.names = TRUE), envir = x)
}

# Names a function, or a function it closes over and uses, needs which a worker will not find:
# list(session, packages). A name that is found nowhere may be a column of its rows.
session_names <- function(fn, packages, columns) {
  used <- names_used(fn)
  homes <- c(
    lapply(rlang::set_names(used$functions), where_found, mode = "function"),
    lapply(rlang::set_names(setdiff(used$variables, columns)), where_found, mode = "any")
  )
  session <- unique(names(Filter(\(home) identical(home, ".GlobalEnv"), homes)))
  from <- unique(sub("^package:", "", grep("^package:", unlist(homes), value = TRUE)))
  list(session = session, packages = setdiff(from, c(packages, attached_for_bodies)))
}

# list(functions, variables) a function uses and does not hold, with those of the functions it
# closes over and calls.
names_used <- function(fn) {
  held <- lapply(closure_bindings(fn), `[[`, "value")
  found <- list(functions = character(), variables = character())
  open <- list(fn)
  while (length(open) > 0) {
    used <- codetools::findGlobals(open[[1]], merge = FALSE)
    open <- open[-1]
    own <- Filter(\(x) typeof(x) == "closure", held[intersect(unlist(used), names(held))])
    held[names(own)] <- NA
    open <- c(open, Filter(\(x) !isNamespace(topenv(environment(x))), own))
    found <- Map(\(all, new) union(all, setdiff(new, names(held))), found, used[names(found)])
  }
  found
}

# The names and texts in the code of a function and of what it closes over: where it names a column
# of its rows, that is one of them.
words_of <- function(fn) {
  if (is.primitive(fn)) {
    return(character())
  }
  held <- lapply(closure_bindings(fn), `[[`, "value")
  inner <- Filter(\(x) typeof(x) == "closure", held)
  unique(unlist(c(lapply(c(list(fn), inner), \(f) words_in(body(f))), Filter(is.character, held))))
}

words_in <- function(code) {
  if (is.name(code) || is.character(code)) {
    return(as.character(code))
  }
  if (is.call(code)) unlist(lapply(as.list(code)[!is_empty_code(code)], words_in))
}

# A worker that runs a function of the author's own has these attached.
attached_for_bodies <- c(
  "base", "stats", "utils", "methods", "datasets", "graphics", "grDevices", "modelyard"
)

# The first place on the search path with this name, or NULL.
where_found <- function(name, mode) {
  for (place in search()) {
    if (exists(name, envir = as.environment(place), mode = mode, inherits = FALSE)) {
      return(place)
    }
  }
  NULL
}
