# Frames on the wire: R's own serialised form of a plain data frame. The same bytes in the package
# and in a worker, so that both ends of every way agree.

# Longer character columns travel as one block of bytes, which is quick to read and write anywhere.
long_text <- 500L

# The bytes of a data frame of plain columns. Version 2 has no compact sequences and no session
# encoding in it.
frame_bytes <- function(frame) {
  n <- .row_names_info(frame, 2L)
  if (n > long_text) {
    columns <- lapply(unclass(frame), function(x) if (is.character(x)) pack_strings(x) else x)
    frame <- as_plain_frame(columns, names(frame), n)
  }
  serialize(frame, NULL, xdr = FALSE, version = 2L)
}

# The data frame of such bytes.
frame_of_bytes <- function(bytes) {
  frame <- unserialize(bytes)
  for (column in frame) {
    if (is.object(column) && inherits(column, "modelyard_strings")) {
      return(unpacked_frame(frame))
    }
  }
  frame
}

unpacked_frame <- function(frame) {
  columns <- lapply(unclass(frame), function(x) {
    if (inherits(x, "modelyard_strings")) unpack_strings(x) else x
  })
  as_plain_frame(columns, names(frame), .row_names_info(frame, 2L))
}

as_plain_frame <- function(columns, names, n) {
  structure(columns, names = names, row.names = .set_row_names(n), class = "data.frame")
}

pack_strings <- function(x) {
  missing <- which(is.na(x))
  x[missing] <- ""
  # One vector of bytes holds at most 2^31 - 1 of them.
  if (sum(as.double(nchar(x, "bytes"))) + length(x) >= 2^31 - 1) {
    x[missing] <- NA
    return(x)
  }
  structure(writeBin(x, raw()), class = "modelyard_strings", n = length(x), na = missing)
}

# Packed are either the bytes of each text with a NUL after it, or codes of the distinct ones.
unpack_strings <- function(x) {
  if (is.integer(x)) {
    return(attr(x, "levels")[x])
  }
  text <- readBin(unclass(x), "character", attr(x, "n"))
  Encoding(text) <- "UTF-8"
  text[attr(x, "na")] <- NA_character_
  text
}
