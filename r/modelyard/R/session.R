# This session, for the record of a version: what R is, and the packages that predict with a model.

client_environment <- function(model, spec) {
  methods <- lapply(class(model), \(class) {
    found <- utils::getS3method("predict", class, optional = TRUE)
    if (is.function(found)) environmentName(topenv(environment(found)))
  })
  names <- setdiff(
    c(predict_packages(model, spec), unlist(methods)), c(".GlobalEnv", "R_GlobalEnv", "base", "")
  )
  found <- package_needs(names)$found
  versions <- lapply(found, \(described) described[["Version"]])
  list(
    r_version = as.character(getRversion()), platform = R.version$platform,
    packages = as_object(versions), repositories = as_object(own_repositories())
  )
}

# Where this session gets packages from, when that was chosen: "@CRAN@" asks first.
own_repositories <- function() {
  repos <- getOption("repos")
  repos <- repos[!is.na(repos) & grepl("^[a-z]+://", repos)]
  if (length(repos) == 0) {
    return(NULL)
  }
  names <- names(repos) %||% rep("", length(repos))
  names[!nzchar(names)] <- paste0("R", seq_along(repos))[!nzchar(names)]
  rlang::set_names(as.list(unname(repos)), names)
}

# What conda may not have: an R of the last days, and packages the author forgot to name.
warn_conda <- function(spec, conda_deps, pin_versions, call = caller_env()) {
  released <- as.Date(paste(R.version$year, R.version$month, R.version$day, sep = "-"))
  days <- as.integer(Sys.Date() - released)
  if (isTRUE(pin_versions) && days < 30) {
    cli::cli_warn(c(
      "R {getRversion()} is {days} day{?s} old: conda may not have it yet.",
      i = "{.code pin_versions = FALSE} leaves the version open in {.file environment.yml}."
    ), call = call)
  }
  named <- sub("^(.*::)?([A-Za-z0-9_.-]+).*$", "\\2", tolower(as.character(unlist(conda_deps))))
  missing <- spec$packages[!paste0("r-", tolower(spec$packages)) %in% named]
  if (length(conda_deps) > 0 && length(missing) > 0) {
    entries <- paste0("r-", tolower(missing))
    cli::cli_warn(c(
      "{.arg conda_deps} does not name {.val {entries}}, and {.arg predict_pkgs} does.",
      i = "The version's {.file environment.yml} names {.val {entries}} all the same."
    ), call = call)
  }
  invisible()
}
