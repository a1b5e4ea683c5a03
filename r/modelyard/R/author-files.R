# user_files and code_paths: files of the author's own that travel with a version.

# A character vector of paths here, named by their roles in the version: user/<path>, code/<path>.
author_files <- function(user_files = NULL, code_paths = NULL, call = caller_env()) {
  found <- c(user_roles(user_files, call), code_roles(code_paths, call))
  if (length(found) == 0) {
    return(character())
  }
  twice <- unique(names(found)[duplicated(tolower(names(found)))])
  if (length(twice) > 0) {
    abort_code("invalid_value",
      "Two files would have the same place in the version: {.file {twice}}.",
      call = call
    )
  }
  outside <- grepl("(^|[/\\\\])\\.\\.?([/\\\\]|$)|//|\\\\|^[^/]*/$", names(found))
  if (any(outside)) {
    abort_code("invalid_name", c(
      "{.arg user_files} names a place outside the version: {.val {names(found)[outside]}}.",
      i = "The names of {.arg user_files} are folders such as {.val lookup} or {.val lookup/eu}."
    ), call = call)
  }
  found
}

# list(folder = paths), as Snowflake's registry takes them, or plain paths; * and ? match files.
user_roles <- function(user_files, call) {
  if (length(user_files) == 0) {
    return(character())
  }
  groups <- lapply(as.list(user_files), \(paths) check_texts(paths, "user_files", call = call))
  given <- unlist(groups)
  found <- lapply(path.expand(given), matching_files)
  missing <- vapply(found, \(paths) length(paths) == 0 || !all(file.exists(paths)), NA)
  stop_missing(given[missing], "user_files", call)
  paths <- unlist(found)
  stop_folders(paths, call)
  folders <- names(user_files) %||% rep("", length(groups))
  folder <- rep(rep(folders, lengths(groups)), lengths(found))
  stats::setNames(
    paths, file.path("user", ifelse(nzchar(folder), file.path(folder, basename(paths)),
      basename(paths)
    ))
  )
}

matching_files <- function(path) if (grepl("[*?]", path)) sort(Sys.glob(path)) else path

# Files, and folders with all that is in them under the folder's own name.
code_roles <- function(code_paths, call) {
  if (length(code_paths) == 0) {
    return(character())
  }
  paths <- path.expand(check_texts(unlist(code_paths), "code_paths", call = call))
  stop_missing(paths[!file.exists(paths)], "code_paths", call)
  found <- lapply(paths, function(path) {
    if (!dir.exists(path)) {
      return(stats::setNames(path, file.path("code", basename(path))))
    }
    inside <- list.files(path, recursive = TRUE)
    inside <- inside[!grepl("(^|/)(__pycache__|\\.git)/", inside)]
    stats::setNames(
      file.path(path, inside), file.path("code", basename(normalizePath(path)), inside)
    )
  })
  unlist(found)
}

stop_missing <- function(paths, arg, call) {
  if (length(paths) > 0) {
    abort_code("not_found", "{.arg {arg}} names what is not there: {.file {paths}}.", call = call)
  }
}

stop_folders <- function(paths, call) {
  folders <- paths[dir.exists(paths)]
  if (length(folders) > 0) {
    abort_code("invalid_value", c(
      "{.arg user_files} names files, not folders: {.file {folders}}.",
      i = "For the files of a folder write {.file {file.path(folders[1], '*')}}."
    ), call = call)
  }
}

# `code` with the files as a worker has them: in a folder of their own, R code sourced.
with_author_files <- function(files, code) {
  if (length(files) == 0) {
    return(code)
  }
  folder <- tempfile("modelyard-version-")
  places <- file.path(folder, names(files))
  for (place in unique(dirname(places))) {
    dir.create(place, recursive = TRUE, showWarnings = FALSE)
  }
  file.copy(files, places)
  Sys.chmod(places, "0444")
  on.exit({
    detach_authors()
    unlink(folder, recursive = TRUE, force = TRUE)
  })
  has <- \(kind) any(startsWith(names(files), paste0(kind, "/")))
  sources <- sort(grep("^code/.*\\.[Rr]$", names(files), value = TRUE), method = "radix")
  attach_authors(
    if (has("user")) file.path(folder, "user"), if (has("code")) file.path(folder, "code"),
    file.path(folder, sources)
  )
  code
}

say_author_files <- function(files) {
  if (length(files) > 0) {
    bytes <- structure(file.size(files), class = "object_size")
    sizes <- vapply(unclass(bytes), \(b) format(structure(b, class = "object_size"), "auto"), "")
    listed <- paste0(names(files), " (", sizes, ")")
    say(c(i = "{length(files)} file{?s} of your own travel{?s/} with the version: {listed}."))
  }
}
