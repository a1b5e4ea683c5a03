# How the story is told: step() shows each expression, runs it, prints what the console would
# print, and says how long it took; beside() holds the numbers against R's own.

telling <- new.env()
telling$step <- 0L
telling$checks <- 0L
telling$file <- "examples/mtcars/story.R"
telling$began <- Sys.time()
options(width = min(100L, max(60L, cli::console_width() - 4L)))

# The blocks of every step() of the story, as they stand in the file.
telling$sources <- Filter(
  function(e) is.call(e) && as.character(e[[1]])[1] %in% c("step", "refused"),
  as.list(parse(telling$file, keep.source = TRUE))
)

indented <- function(lines, by = "    ") {
  cat(paste0(by, lines, "\n"), sep = "")
}

source_of <- function(block, i) {
  ref <- attr(block, "srcref")[[i]]
  lines <- as.character(ref, useSource = TRUE)
  width <- ref[5] - 1L
  lines[-1] <- sub(sprintf("^ {0,%d}", width), "", lines[-1])
  lines
}

open_step <- function(title) {
  telling$step <- telling$step + 1L
  left <- cli::style_bold(sprintf("%d. %s", telling$step, title))
  cat("\n", format(cli::rule(left = left)), "\n", sep = "")
  telling$sources[[telling$step]][[3]]
}

close_step <- function(started) {
  took <- as.numeric(difftime(Sys.time(), started, units = "secs"))
  cat(cli::col_grey(sprintf("    %.2f s", took)), "\n", sep = "")
}

show_code <- function(lines) {
  lines <- paste0(c("> ", rep("+ ", length(lines) - 1L)), lines)
  indented(cli::col_cyan(lines))
}

# A data frame is shown without the columns that would not fit; they are named.
show_value <- function(value) {
  wide <- character()
  if (is.data.frame(value)) {
    cells <- vapply(value, function(x) max(0L, nchar(as.character(x)), na.rm = TRUE), 1L)
    wide <- names(value)[cells > 30L]
    value <- value[setdiff(names(value), wide)]
  }
  indented(utils::capture.output(print(value)))
  if (length(wide) > 0) {
    note("(and ", paste(wide, collapse = ", "), ")")
  }
}

run_block <- function(code, block) {
  for (i in seq_along(code)[-1]) {
    show_code(source_of(block, i))
    value <- withVisible(eval(code[[i]], globalenv()))
    if (value$visible) {
      show_value(value$value)
    }
  }
}

# Run a block as if it were typed at the console, in the global environment.
step <- function(title, code) {
  block <- open_step(title)
  started <- Sys.time()
  run_block(substitute(code), block)
  close_step(started)
}

# Run a block whose last line must be refused; what it must name is searched in the message.
refused <- function(title, code, names) {
  block <- open_step(title)
  started <- Sys.time()
  refusal <- tryCatch(
    {
      run_block(substitute(code), block)
      NULL
    },
    modelyard_error = identity
  )
  if (is.null(refusal)) {
    stop("this had to be refused, and was not", call. = FALSE)
  }
  message <- cli::ansi_strip(conditionMessage(refusal))
  indented(c(cli::col_yellow("Refused, as it should be:"), strsplit(message, "\n")[[1]]))
  absent <- names[!vapply(names, grepl, logical(1), x = message, fixed = TRUE)]
  if (length(absent) > 0) {
    stop("the refusal does not name ", paste(absent, collapse = ", "), call. = FALSE)
  }
  close_step(started)
}

note <- function(...) {
  indented(cli::col_grey(strwrap(paste0(...), 76)))
}

# Predictions of the registry beside R's own; anything but the same bits ends the story.
beside <- function(what, got, own, show = 4L) {
  own <- as.vector(unname(own))
  shown <- utils::head(seq_along(own), show)
  digits <- function(x) sprintf("%.17g", x[shown])
  header <- sprintf("%-24s %-24s", what, "R's own predict()")
  indented(c(cli::style_bold(header), sprintf("%-24s %-24s", digits(got), digits(own))))
  if (length(own) > show) {
    indented(sprintf("... %d more rows", length(own) - show))
  }
  if (!identical(got, own, num.eq = FALSE)) {
    stop(what, " does not give the numbers R gives", call. = FALSE)
  }
  telling$checks <- telling$checks + 1L
  tick <- cli::col_green(cli::symbol$tick)
  rows <- if (length(own) == 1) "1 row" else paste(length(own), "rows")
  indented(paste0(tick, " identical(), bit for bit, ", rows))
}

# A curl line that scores one row of the service; run here too, where there is a curl.
curl_line <- function(url, token, body) {
  sprintf(
    "curl -s %s/predict -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '%s'",
    url, token, body
  )
}

run_curl <- function(line) {
  if (!nzchar(Sys.which("curl"))) {
    note("There is no curl on this machine, so the line was not tried.")
    return(invisible(NULL))
  }
  answer <- system(line, intern = TRUE)
  indented(answer)
  jsonlite::fromJSON(answer, simplifyVector = FALSE)$data[[1]][[2]][[1]]
}
