# Packages a model needs, with all that they need in turn, as their DESCRIPTIONs say it. One error
# names everything that is not there as it has to be, and the commands that would install it.

# Packages that are R itself.
base_packages <- c(
  "base", "compiler", "datasets", "graphics", "grDevices", "grid", "methods", "parallel",
  "splines", "stats", "stats4", "tcltk", "tools", "utils"
)

# Return if these packages, and what they need, are installed as they need each other.
# `by` says in the error who needs a package, when that is not another package.
check_packages <- function(names, by = "the model") {
  problems <- package_needs(names, by)$problems
  if (length(problems) > 0) package_fault(problems)
  invisible()
}

# The closure of packages: list(found, problems). `found` is a list by name of what each package
# says of itself, `problems` a list by name of list(reason, wanted, by).
package_needs <- function(names, by = "the model") {
  names <- unique(names)
  todo <- lapply(names, function(name) list(name = name, op = "", version = "", by = by))
  found <- list()
  problems <- list()
  while (length(todo) > 0) {
    one <- todo[[1]]
    todo <- todo[-1]
    name <- one$name
    is_new <- !name %in% c(names(found), names(problems), "R")
    if (is_new) found[[name]] <- described_package(name)
    problem <- unmet_demand(one, found[[name]])
    if (!is.null(problem)) {
      problem$by <- unique(c(problems[[name]]$by, one$by))
      problems[[name]] <- problem
    }
    if (is_new && !is.null(found[[name]])) {
      more <- package_demands(found[[name]], c("Depends", "Imports"))
      todo <- c(todo, lapply(more, c, list(by = name)))
    }
  }
  list(found = found, problems = problems)
}

# What an installed package says of itself, as a named character vector; NULL: it is not there.
described_package <- function(name) {
  loaded <- if (name %in% loadedNamespaces() && name != "base") getNamespaceInfo(name, "path")
  for (folder in c(loaded, file.path(.libPaths(), name))) {
    built <- file.path(folder, "Meta", "package.rds")
    if (file.exists(built)) {
      # One that cannot be read is as good as none; R says the same of it.
      described <- tryCatch(readRDS(built)$DESCRIPTION, error = function(e) NULL)
      if (is.character(described)) {
        return(described)
      }
    }
    # A package loaded from its sources, as developers do.
    source <- file.path(folder, "DESCRIPTION")
    if (identical(folder, loaded) && file.exists(source)) {
      return(read.dcf(source)[1, ])
    }
  }
  NULL
}

# What a package needs, as list(name, op, version) each: fields of a DESCRIPTION taken apart.
package_demands <- function(described, fields) {
  texts <- described[intersect(fields, names(described))]
  items <- trimws(unlist(strsplit(texts[!is.na(texts)], ",", fixed = TRUE)))
  pattern <- "^([A-Za-z0-9.]+)\\s*(\\(\\s*([<>=!]+)\\s*([^)[:space:]]+)\\s*\\))?"
  lapply(regmatches(items, regexec(pattern, items))[nzchar(items)], function(part) {
    list(name = part[2], op = part[4], version = part[5])
  })
}

unmet_demand <- function(demand, described) {
  version <- if (demand$name == "R") as.character(getRversion()) else described[["Version"]]
  wanted <- if (nzchar(demand$op)) paste(demand$op, demand$version) else ""
  if (is.null(version)) {
    return(list(reason = "is not installed", wanted = wanted))
  }
  if (nzchar(demand$op)) {
    met <- do.call(demand$op, list(package_version(version), package_version(demand$version)))
    if (!met) {
      return(list(reason = paste0(version, " is installed, and not ", wanted), wanted = wanted))
    }
  }
  NULL
}

# Stop with one error for all of them. Its details have one entry a package.
package_fault <- function(problems) {
  names <- names(problems)
  lines <- vapply(names, function(name) {
    one <- problems[[name]]
    wanted <- if (one$reason == "is not installed" && nzchar(one$wanted)) {
      paste0(" (", one$wanted, ")")
    }
    paste0(name, wanted, " ", one$reason, ", needed by ", paste(one$by, collapse = ", "))
  }, "", USE.NAMES = FALSE)
  # The hint has the commands for all; for several packages each has its own as well.
  details <- if (length(names) == 1) lines else vapply(seq_along(names), function(i) {
    ways <- install_commands(names[i])
    paste(c(lines[i], paste0(names(ways), ": ", ways)), collapse = "; ")
  }, "")
  message <- if (length(lines) == 1) {
    paste0("The R package ", lines, ".")
  } else {
    paste0(
      length(lines), " R packages are missing or not as they are needed: ",
      paste(names, collapse = ", "), "."
    )
  }
  together <- install_commands(setdiff(names, "R"))
  fault("missing_package",
    message,
    hint = if (length(together) > 0) paste0(
      "Install them where R runs. ",
      paste0(names(together), ": ", together, collapse = "; "), "."
    ),
    details = details, packages = setdiff(names, "R")
  )
}

# How packages are installed, by whom.
install_commands <- function(names) {
  if (length(names) == 0 || identical(names, "R")) {
    return(character())
  }
  quoted <- paste0("\"", names, "\"", collapse = ", ")
  if (length(names) > 1) quoted <- paste0("c(", quoted, ")")
  c(
    R = paste0("install.packages(", quoted, ")"),
    apt = paste("apt-get install", paste0("r-cran-", tolower(names), collapse = " ")),
    conda = paste("conda install", paste0("r-", tolower(names), collapse = " "))
  )
}

# Load packages; those that are there and do not load are one error, with what R says of each.
load_packages <- function(names, how = function(name) loadNamespace(name)) {
  failed <- character()
  for (name in names) {
    failed[name] <- tryCatch({
      suppressWarnings(suppressPackageStartupMessages(how(name)))
      NA
    }, error = function(e) sub("[. ]*$", "", gsub("\\s+", " ", conditionMessage(e))))
  }
  failed <- failed[!is.na(failed)]
  if (length(failed) > 0) {
    lines <- paste0(names(failed), " is installed and does not load: ", failed)
    fault("model_rejected",
      if (length(lines) == 1) paste0("The R package ", lines, ".") else paste0(
        length(lines), " R packages are installed and do not load: ",
        paste(names(failed), collapse = ", "), "."
      ),
      hint = "If it loads in a session of yours: a worker runs no programs and has no network.",
      details = lines
    )
  }
  invisible()
}

# Packages that predict with a model as its author said: those of its class, those to attach, and
# those that the function that is called, named or the author's own, belongs to or names.
predict_packages <- function(model, predict) {
  fn <- if (is.null(predict$fn)) "predict" else predict$fn
  parts <- strsplit(fn, "::", fixed = TRUE)[[1]]
  called <- if (!is.null(predict$body)) {
    packages_of(predict$body)
  } else if (length(parts) == 2) {
    parts[1]
  } else if (fn == "forecast") {
    "forecast"
  }
  unique(c(predict$packages, required_pkgs(model), called))
}

# Packages that a function, and functions it closes over, names: pkg::name, library(pkg) and their
# like. One that it asks for first with requireNamespace() or require() may be missing.
packages_of <- function(fn) {
  seen <- list()
  found <- character()
  todo <- list(fn)
  while (length(todo) > 0) {
    one <- todo[[1]]
    todo <- todo[-1]
    if (is.primitive(one) || any(vapply(seen, identical, NA, one))) next
    seen <- c(seen, list(one))
    home <- topenv(environment(one))
    if (isNamespace(home)) {
      # What a package defines, its DESCRIPTION answers for.
      found <- c(found, c(library = environmentName(home)))
    } else {
      found <- c(found, package_calls(formals(one)), package_calls(body(one)))
      names <- c(all.names(as.call(c(quote(list), formals(one)))), all.names(body(one)))
      todo <- c(todo, lapply(unique(names), closed_over, environment(one)))
      todo <- todo[lengths(todo) > 0]
    }
  }
  optional <- found[names(found) %in% c("requireNamespace", "require")]
  setdiff(unname(found), c(optional, base_packages, NA))
}

# The function of this name that another one brings along: not one of a package's, or the session's.
closed_over <- function(name, home) {
  while (!identical(home, globalenv()) && !identical(home, emptyenv()) && !isNamespace(home) &&
    !identical(home, baseenv())) {
    found <- get0(name, envir = home, mode = "function", inherits = FALSE)
    if (!is.null(found)) {
      return(found)
    }
    home <- parent.env(home)
  }
  NULL
}

# Packages that calls in this code name, each named by the function that is called.
package_calls <- function(code) {
  if (!is.call(code) && !is.pairlist(code)) {
    return(character())
  }
  parts <- as.list(code)
  parts <- parts[!vapply(parts, identical, NA, quote(expr = ))] # nolint: an empty argument
  inner <- unlist(lapply(unname(parts), package_calls))
  head <- if (is.call(code) && is.name(code[[1]])) as.character(code[[1]]) else ""
  if (length(code) > 1 && head %in% names_packages) {
    return(c(inner, stats::setNames(named_package(code[[2]], head), head)))
  }
  inner
}

names_packages <- c("::", ":::", "library", "require", "loadNamespace", "requireNamespace")

# library(x) takes a name, loadNamespace(x) a value.
named_package <- function(code, head) {
  quoted <- is.character(code) && length(code) == 1
  by_name <- is.name(code) && !head %in% c("loadNamespace", "requireNamespace")
  if (quoted || by_name) as.character(code) else NA_character_
}

# What R is here, and the closure of packages: what is needed to load them, and to build them.
described_environment <- function(names) {
  found <- package_needs(names)$found
  builders <- unlist(lapply(found, function(described) {
    vapply(package_demands(described, "LinkingTo"), `[[`, "", "name")
  }))
  builders <- lapply(setdiff(builders, names(found)), described_package)
  list(
    r_version = as.character(getRversion()),
    platform = R.version$platform,
    packages = lapply(unname(found), described_fields),
    builders = lapply(builders[lengths(builders) > 0], described_fields)
  )
}

described_fields <- function(described) {
  known <- c("Package", "Version", "Priority", "Depends", "Imports", "LinkingTo", "Repository")
  told <- names(described) %in% known | grepl("^Remote", names(described))
  enc2utf8(described[told & !is.na(described)])
}
