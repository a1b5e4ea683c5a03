#' The environment of a version
#'
#' `sfr_model_environment()` shows the R and the packages a version needs, with all that these need
#' in turn, and how they stand where its workers run. `sfr_provision_environment()` has a library
#' made of what is missing there, in the versions recorded, from the repositories the server is
#' configured with.
#'
#' @inheritParams versions
#' @param packages Instead of a version, for a model that is still to be logged: names of packages,
#'   or a named character vector of versions, such as `c(ranger = "0.14.1")`.
#' @returns A list of class `sfr_environment`: `r_version`, `platform`, `packages` (a data frame of
#'   `package`, `version`, `here` and `from`), `missing`, and `library`, the packages of the library
#'   that was made. `sfr_provision_environment()` gives it invisibly, and for `packages` a data
#'   frame of what the library has.
#' @name environments
#' @examples
#' \dontrun{
#' sfr_model_environment(reg, "MTCARS_MPG", "V1")
#' sfr_provision_environment(reg, "MTCARS_MPG", "V1")
#' sfr_provision_environment(reg, packages = c(ranger = "0.14.1"))
#' }
NULL

#' @rdname environments
#' @export
sfr_model_environment <- function(reg, model_name, version_name = NULL) {
  ref <- model_ref(model_name, version_name)
  new_environment(read_json(api_version(reg, "GET", ref, "environment")))
}

#' @rdname environments
#' @export
sfr_provision_environment <- function(reg, model_name = NULL, version_name = NULL,
                                      packages = NULL) {
  if (is.null(model_name) == is.null(packages)) {
    abort_code("invalid_value", "Name a version, or packages: one of the two.")
  }
  if (!is.null(packages)) {
    return(provision_packages(reg, packages))
  }
  ref <- model_ref(model_name, version_name)
  read_json(api_version(reg, "POST", ref, c("environment", "provision"), json = as_object(NULL)))
  found <- sfr_model_environment(reg, model_name, version_name)
  have <- nrow(found$library)
  if (have == 0) {
    say("{full_name(reg, ref$model)} needs no library: its packages are here.")
  } else {
    say("The library of {full_name(reg, ref$model)} has {have} package{?s}.")
  }
  invisible(found)
}

provision_packages <- function(reg, packages, call = caller_env()) {
  names <- names(packages) %||% rep("", length(packages))
  packages <- check_texts(packages, call = call)
  any_version <- !nzchar(names)
  wanted <- as.list(packages)
  wanted[any_version] <- list(NULL)
  names(wanted) <- ifelse(any_version, packages, names)
  found <- api_json(context(reg, call)$conn, "POST", "environments",
    json = list(packages = as_object(wanted)), call = call
  )
  made <- package_frame(found$library$packages)
  say("The library has {nrow(made)} package{?s}.")
  invisible(made)
}

new_environment <- function(about) {
  closure <- about$environment$closure
  changed <- about$here$different
  here <- vapply(closure, \(package) {
    other <- Filter(\(one) identical(one$package, package$name), changed)
    if (package$name %in% unlist(about$here$missing)) {
      NA_character_
    } else if (length(other) > 0) {
      other[[1]]$here
    } else {
      package$version
    }
  }, "")
  origin <- vapply(closure, \(package) package$origin$Repository %||% package$priority, "")
  structure(
    list(
      version_name = about$version, r_version = about$environment$r_version,
      r_here = about$here$r_version, platform = about$environment$platform,
      roots = as.character(unlist(about$environment$roots)),
      packages = cbind(package_frame(closure), here = here, from = origin),
      missing = as.character(unlist(about$here$missing)),
      library = package_frame(about$here$library$packages)
    ),
    class = c("sfr_environment", "list")
  )
}

package_frame <- function(packages) {
  data.frame(
    package = vapply(packages %||% list(), \(package) package$name, ""),
    version = vapply(packages %||% list(), \(package) package$version, "")
  )
}

#' @export
format.sfr_environment <- function(x, ...) {
  added <- x$packages[x$packages$from != "base", ]
  other <- which(added$here != added$version)
  needed <- paste(added$package, added$version, collapse = ", ")
  c(
    "<sfr_environment>",
    paste0("  R:        ", x$r_version, if (x$r_here != x$r_version) paste0(", here ", x$r_here)),
    paste0("  platform: ", x$platform),
    paste0("  packages: ", if (nzchar(needed)) needed else "only those of R itself"),
    if (length(x$missing) > 0) paste0("  missing:  ", paste(x$missing, collapse = ", ")),
    if (length(other) > 0) {
      paste0("  differ:   ", paste(added$package[other], added$here[other], collapse = ", "))
    },
    if (nrow(x$library) > 0) {
      paste0("  library:  ", paste(x$library$package, x$library$version, collapse = ", "))
    }
  )
}

#' @export
print.sfr_environment <- function(x, ...) print_lines(x)
