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
    c(message, detail_bullets(details, message), i = hint),
    class = c(paste0("modelyard_", code), "modelyard_error"),
    call = call, code = code, hint = hint, details = details, ...
  )
}

# The first few of the details, as bullets, but for what the message says already. A message that
# counts the other problems counts those, too, that no detail spells out.
detail_bullets <- function(details, message = "", most = 5L) {
  if (is.null(details) || nrow(details) == 0) {
    return(NULL)
  }
  rest <- details[!is_said(details, message), ]
  bullets <- utils::head(spelled(rest), most)
  if (length(bullets) == 0) {
    return(NULL)
  }
  counted <- regmatches(message, regexec("\\(([0-9,]+) more problems?\\)", message))[[1]][2]
  total <- if (is.na(counted)) nrow(rest) else as.numeric(gsub(",", "", counted))
  left <- total - length(bullets)
  if (left > 0) {
    bullets <- c(bullets, paste0("... and ", format(left, big.mark = ","), " more."))
  }
  rlang::set_names(bullets, "x")
}

# Problems in the words in which messages name one.
spelled <- function(details) {
  column <- ifelse(is.na(details$column), NA, paste("column", details$column))
  row <- ifelse(is.na(details$row), NA, paste("row", details$row))
  where <- ifelse(is.na(column), row, ifelse(is.na(row), column, paste0(column, ", ", row)))
  ifelse(is.na(where), details$reason, paste0(where, ": ", details$reason))
}

is_said <- function(details, message) {
  listed <- sub("^.*missing (column|[0-9,]+ columns) ", "", message)
  listed_only <- sub("( \\([0-9,]+ more problems?\\))?\\.$", "", listed)
  names <- strsplit(listed_only, ", ", fixed = TRUE)[[1]]
  missing <- details$reason == "missing" & is.na(details$row) & listed != message
  said <- vapply(spelled(details), grepl, NA, x = message, fixed = TRUE, USE.NAMES = FALSE)
  said | missing & details$column %in% names
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

# A print method: the lines of format(x).
print_lines <- function(x) {
  writeLines(format(x))
  invisible(x)
}
