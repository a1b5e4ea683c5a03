# The account on this machine: where it is, and how it is started.

account_home <- function() {
  home <- Sys.getenv("MODELYARD_HOME")
  path.expand(if (nzchar(home)) home else "~/.modelyard")
}

# The running local server, started when there is none: list(url, token, home).
local_account <- function(home = account_home(), call = caller_env()) {
  running_account(home) %||% start_account(home, call)
}

# What server.json says, if a server answers there to its own token.
running_account <- function(home) {
  place <- read_server_file(home)
  if (is.null(place)) {
    return(NULL)
  }
  session <- new_session(utils::modifyList(place, list(home = NULL)))
  on.exit(forget(session))
  answers <- tryCatch(is.list(read_account(session)), modelyard_error = function(e) FALSE)
  if (answers) place
}

read_server_file <- function(home) {
  file <- file.path(home, "server.json")
  if (!file.exists(file)) {
    return(NULL)
  }
  found <- tryCatch(jsonlite::fromJSON(file), error = function(e) NULL)
  if (is.character(found$url) && is.character(found$token)) {
    list(url = found$url, token = found$token, home = home)
  }
}

start_account <- function(home, call) {
  command <- server_command()
  if (is.null(command)) {
    abort_code("unavailable", c(
      "The local account is not running, and there is no {.code modelyard} command to start it.",
      i = paste(
        "Put it on the PATH, or name it with {.code options(modelyard.bin = )} or",
        "{.envvar MODELYARD_BIN}; a shared account needs {.arg url} and {.arg token}."
      )
    ), call = call)
  }
  # To a file: the server keeps what it is given for its output, and would hold a pipe open.
  log <- tempfile("modelyard-start-")
  on.exit(unlink(log))
  status <- suppressWarnings(
    system2(command, c("server", "start"), stdout = log, stderr = log, stdin = "")
  )
  place <- running_account(home)
  if (is.null(place)) {
    said <- if (file.exists(log)) utils::tail(readLines(log, warn = FALSE), 5)
    abort_text(
      "unavailable", paste0("The local account could not be started (status ", status, ")."),
      hint = if (length(said) > 0) paste(said, collapse = "\n"), call = call
    )
  }
  place
}

server_command <- function() {
  named <- getOption("modelyard.bin") %||% Sys.getenv("MODELYARD_BIN")
  found <- if (nzchar(named)) path.expand(named) else unname(Sys.which("modelyard"))
  if (nzchar(found) && (file.exists(found) || nzchar(Sys.which(found)))) found
}

# A local server that was restarted has another address: every copy of the connection gets it.
find_again <- function(session, call = caller_env()) {
  place <- local_account(session$home, call)
  session$url <- sub("/+$", "", place$url)
  the$tokens[[session$id]] <- place$token
  invisible(session)
}
