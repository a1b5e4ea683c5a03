# Times as ISO 8601 text, without losing the fraction R's doubles hold.

parse_times <- function(x, zone = "UTC") {
  pattern <- paste0(
    "^(\\d{4}-\\d{2}-\\d{2})", "([T ](\\d{2}:\\d{2})(:\\d{2})?(\\.\\d+)?)?",
    "(Z|[+-]\\d{2}:?\\d{2})?$"
  )
  parts <- regmatches(x, regexec(pattern, x, perl = TRUE))
  seconds <- vapply(parts, parse_time, 0, zone = zone)
  time_column(seconds, zone)
}

parse_time <- function(part, zone) {
  if (length(part) == 0 || is.na(part[1])) {
    return(NA_real_)
  }
  clock <- paste0(
    if (nzchar(part[4])) part[4] else "00:00", if (nzchar(part[5])) part[5] else ":00"
  )
  offset <- part[7]
  within <- if (nzchar(offset)) "UTC" else zone
  time <- as.POSIXct(paste(part[2], clock), format = "%Y-%m-%d %H:%M:%S", tz = within)
  as.numeric(time) + as.numeric(paste0("0", part[6])) - offset_seconds(offset)
}

offset_seconds <- function(offset) {
  if (offset %in% c("", "Z")) {
    return(0)
  }
  digits <- gsub("[^0-9]", "", offset)
  size <- as.numeric(substr(digits, 1, 2)) * 3600 + as.numeric(substr(digits, 3, 4)) * 60
  if (startsWith(offset, "-")) -size else size
}

# Seconds as they come back from whole nanoseconds.
from_nanoseconds <- function(seconds) {
  whole <- floor(seconds)
  whole + round((seconds - whole) * 1e9) / 1e9
}

format_times <- function(x) {
  seconds <- as.numeric(x)
  whole <- floor(seconds)
  nanos <- round((seconds - whole) * 1e9)
  whole <- whole + (nanos >= 1e9)
  nanos <- ifelse(nanos >= 1e9, 0, nanos)
  fraction <- ifelse(nanos > 0, sub("0+$", "", sprintf(".%09.0f", nanos)), "")
  time <- as.POSIXct(whole, origin = "1970-01-01", tz = "UTC")
  text <- paste0(four_digits(time), format(time, "-%m-%dT%H:%M:%S"))
  ifelse(is.na(seconds), NA_character_, paste0(text, fraction, "Z"))
}

format_dates <- function(x) {
  x <- structure(as.numeric(x), class = "Date")
  ifelse(is.na(x), NA_character_, paste0(four_digits(x), format(x, "-%m-%d")))
}

# The year as ISO 8601 wants it; %Y pads on some systems only.
four_digits <- function(x) sprintf("%04d", as.POSIXlt(x, tz = "UTC")$year + 1900L)
