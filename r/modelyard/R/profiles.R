# Profiles of connections.toml: sections of key = "value".

profile_files <- function() {
  snowflake <- Sys.getenv("SNOWFLAKE_HOME", "~/.snowflake")
  path.expand(file.path(
    c(account_home(), snowflake, "~/.config/snowflake"), "connections.toml"
  ))
}

# The profile with this name. Without a name: `default` in the account's own folder, or nothing.
find_profile <- function(name, call = caller_env()) {
  files <- if (is.null(name)) profile_files()[1] else profile_files()
  files <- files[file.exists(files)]
  for (file in files) {
    found <- read_profiles(file)[[name %||% "default"]]
    if (!is.null(found)) {
      return(found[intersect(names(found), c("url", "token", "database", "schema", "role"))])
    }
  }
  if (!is.null(name)) {
    abort_code("not_found", c(
      "There is no profile {.val {name}} in {.file connections.toml}.",
      i = if (length(files) > 0) "Looked in {.file {files}}." else "There is no such file."
    ), call = call)
  }
  NULL
}

read_profiles <- function(file) {
  profiles <- list()
  section <- ""
  for (line in trimws(readLines(file, warn = FALSE, encoding = "UTF-8"))) {
    if (grepl("^\\[[^]]+\\]", line)) {
      section <- sub("^connections\\.", "", gsub("[]\"']|^\\[|\\].*$", "", line))
      profiles[[section]] <- profiles[[section]] %||% list()
    } else if (nzchar(section) && grepl("^[A-Za-z_][A-Za-z0-9_-]*\\s*=", line)) {
      key <- trimws(sub("=.*$", "", line))
      profiles[[section]][[key]] <- toml_value(sub("^[^=]*=", "", line))
    }
  }
  profiles
}

# A quoted text, or the bare word before a comment.
toml_value <- function(text) {
  text <- trimws(text)
  if (grepl("^'", text)) {
    return(sub("^'([^']*)'.*$", "\\1", text))
  }
  if (grepl("^\"", text)) {
    quoted <- regmatches(text, regexpr("^\"([^\"\\\\]|\\\\.)*\"", text))
    return(if (length(quoted) == 1) jsonlite::fromJSON(quoted) else "")
  }
  trimws(sub("#.*$", "", text))
}
