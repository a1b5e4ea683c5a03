# Every abort and every message of the package goes through here.

# Abort with the class of `code`. `message` is a cli template of our own; outside text goes into
# it by name ("{text}") and never as the template.
abort_code <- function(code, message, call = caller_env(), .envir = parent.frame(), ...) {
  cli::cli_abort(
    message,
    class = c(paste0("modelyard_", code), "modelyard_error"),
    call = call, .envir = .envir, code = code, ...
  )
}

# Abort with text from elsewhere: nothing in it is evaluated.
abort_text <- function(code, message, hint = NULL, details = NULL, call = caller_env(), ...) {
  rlang::abort(
    c(message, detail_bullets(details), i = hint),
    class = c(paste0("modelyard_", code), "modelyard_error"),
    call = call, code = code, hint = hint, details = details, ...
  )
}

# The first few of the details, as bullets, but for the first of all: the message names it.
detail_bullets <- function(details, most = 5L) {
  if (is.null(details) || nrow(details) < 2) {
    return(NULL)
  }
  rest <- details[-1, ]
  shown <- utils::head(rest, most)
  where <- ifelse(is.na(shown$row), "", paste0(", row ", shown$row))
  column <- ifelse(is.na(shown$column), "", paste0(shown$column, where, ": "))
  bullets <- paste0(column, shown$reason)
  left <- nrow(rest) - nrow(shown)
  if (left > 0) bullets <- c(bullets, paste0("... and ", left, " more."))
  rlang::set_names(bullets, "x")
}

# Say that something changed, unless the user wants quiet.
say <- function(message, .envir = parent.frame()) {
  if (!isTRUE(getOption("modelyard.quiet"))) {
    cli::cli_inform(message, .envir = .envir)
  }
  invisible()
}

# Say text that came from elsewhere, each on its own line.
say_texts <- function(texts) {
  for (text in texts) say(c(i = "{text}"))
  invisible()
}

# Say it the first time only.
say_once <- function(id, message, .envir = parent.frame()) {
  if (!id %in% the$said) {
    the$said <- c(the$said, id)
    say(message, .envir = .envir)
  }
  invisible()
}

warn_texts <- function(texts) {
  for (text in texts) cli::cli_warn("{text}")
  invisible()
}

# A print method: the lines of format(x), as one message.
print_lines <- function(x) {
  rlang::inform(paste(format(x), collapse = "\n"))
  invisible(x)
}
