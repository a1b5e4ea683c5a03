# What one request could leave behind for the next, and how it is put back. Called after an answer
# has gone, before the next request is read, so that nobody waits for it.
#
# Packages that a request loads or attaches stay: they are what the version's code needs, and R
# cannot forget their methods. Native code, and bindings inside of packages, are not looked at.

session_state <- function() {
  suppressWarnings(rm(".Random.seed", envir = globalenv()))
  state <- new.env(parent = emptyenv())
  # As R keeps them, so that finding them unchanged takes no copy.
  state$options <- as.pairlist(as.list(.Options))
  state$wd <- getwd()
  state$raw_variables <- raw_variables()
  state$variables <- Sys.getenv()
  state$locale <- Sys.getlocale()
  state$locales <- vapply(locale_categories, Sys.getlocale, "")
  state$raw_kind <- raw_kind()
  state$kind <- RNGkind()
  state$globals <- all_of(globalenv())
  state$search <- search()
  remember_methods(state)
  state
}

locale_categories <- c("LC_COLLATE", "LC_CTYPE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME")

# The same as Sys.getenv() and RNGkind(), without the time these take to make them readable.
raw_variables <- function() .Internal(Sys.getenv(character(), ""))
raw_kind <- function() .Internal(RNGkind(NULL, NULL, NULL))

all_of <- function(env) as.list.environment(env, all.names = TRUE)

# Put the session back as `state` says, all of it after a request that `failed`. NULL, or what
# cannot be put back: then no other request may run here.
restore_session <- function(state, failed = FALSE) {
  setTimeLimit()
  setSessionTimeLimit()
  if (!identical(.Options, state$options)) restore_options(state$options)
  if (!identical(getwd(), state$wd)) setwd(state$wd)
  if (!identical(raw_variables(), state$raw_variables)) restore_variables(state)
  if (!identical(Sys.getlocale(), state$locale)) restore_locale(state)
  if (!identical(raw_kind(), state$raw_kind)) restore_kind(state$kind)
  if (!identical(all_of(globalenv()), state$globals)) restore_globals(state$globals)
  if (!identical(search(), state$search)) restore_search(state)
  if (failed || methods_differ(state)) restore_methods(state)
  state$lost
}

restore_options <- function(saved) {
  added <- setdiff(names(.Options), names(saved))
  options(c(as.list(saved), stats::setNames(vector("list", length(added)), added)))
}

restore_variables <- function(state) {
  saved <- state$variables
  Sys.unsetenv(setdiff(names(Sys.getenv()), names(saved)))
  do.call(Sys.setenv, as.list(saved))
  if (!identical(Sys.getenv(), saved)) state$lost <- "environment variables"
  state$raw_variables <- raw_variables() # the same, in another order
}

restore_locale <- function(state) {
  for (category in locale_categories) Sys.setlocale(category, state$locales[[category]])
  if (!identical(Sys.getlocale(), state$locale)) state$lost <- "the locale"
}

restore_kind <- function(kind) suppressWarnings(RNGkind(kind[1], kind[2], kind[3]))

restore_globals <- function(saved) {
  there <- names(all_of(globalenv()))
  rm(list = setdiff(there, names(saved)), envir = globalenv())
  list2env(saved, globalenv())
}

# Data that was attached goes; packages stay, and belong to the state from now on.
restore_search <- function(state) {
  for (name in setdiff(search(), state$search)) {
    if (!startsWith(name, "package:")) detach(name, character.only = TRUE)
  }
  if (!all(state$search %in% search())) state$lost <- "a package that was detached"
  state$search <- search()
}

# Their bindings are not locked, since packages register over each other: MASS, when it is loaded
# late, over confint.glm. So a method under the name of another is seen only of the model's predict().
method_tables <- list(
  base = baseenv()[[".__S3MethodsTable__."]],
  stats = asNamespace("stats")[[".__S3MethodsTable__."]]
)

# A table of methods as it is. Methods that nobody has called yet are only promises to read them:
# they are copied as such, since reading them all would take longer than the rest of a start.
copy_of_table <- function(table, into = new.env(parent = emptyenv())) {
  .Internal(importIntoEnv(into, names(table), table, names(table)))
  into
}

remember_methods <- function(state) {
  state$methods <- lapply(method_tables, copy_of_table)
  state$counts <- lengths(method_tables)
  state$namespaces <- loadedNamespaces()
  predicts <- paste0("predict.", class(served$model))
  state$predicts <- mget(predicts, method_tables$stats, ifnotfound = list(NULL))
}

# Whether methods have come or gone, or the model's own predict() is another.
methods_differ <- function(state) {
  predicts <- names(state$predicts)
  !identical(lengths(method_tables), state$counts) ||
    !identical(mget(predicts, method_tables$stats, ifnotfound = list(NULL)), state$predicts)
}

restore_methods <- function(state) {
  if (identical(loadedNamespaces(), state$namespaces)) {
    for (name in names(method_tables)) {
      table <- method_tables[[name]]
      rm(list = setdiff(names(table), names(state$methods[[name]])), envir = table)
      copy_of_table(state$methods[[name]], table)
    }
  }
  remember_methods(state)
}
