# Rscript frames.R <folder of the zoo> <family> <name> <frames> <seed> <to>: fits a model of the
# zoo, makes up frames of its columns, and lets plain R score each of them.
#
# Written to <to>: model.rds; told.json (columns, how many rows each frame has, what became of it);
# rows.bin, every column of all frames one after the other, as doubles and as bytes that say what
# is missing; answers.bin, the doubles plain R answered, frame by frame and column by column.

arguments <- commandArgs(trailingOnly = TRUE)
names(arguments) <- c("zoo", "family", "name", "frames", "seed", "to")
for (file in c("entry.R", "cases.R", paste0(arguments[["family"]], ".R"))) {
  source(file.path(arguments[["zoo"]], file), encoding = "UTF-8")
}
entry <- zoo[[arguments[["name"]]]]
for (package in entry$pkgs) suppressMessages(library(package, character.only = TRUE))
set.seed(1)
model <- suppressWarnings(entry$fit())
saveRDS(model, file.path(arguments[["to"]], "model.rds"), version = 2)
columns <- as.list(entry$rows)

answer <- function(rows) {
  tryCatch(
    {
      found <- suppressMessages(suppressWarnings(entry$r(model, rows)))
      as.matrix(if (is.matrix(found)) unname(found) else as.vector(found))
    },
    error = function(e) NULL
  )
}

# Which columns may be missing: those without which plain R still answers.
nullable <- vapply(names(columns), function(name) {
  row <- entry$rows[1, , drop = FALSE]
  row[[name]][1] <- NA
  found <- answer(row)
  !is.null(found) && nrow(found) == 1
}, NA)

extremes <- c(0, -0.0, 1, -1, 5e-324, 1e-300, 1e300, -1e300, .Machine$double.xmax, Inf, -Inf, NaN)

# Values of a column: mostly like those it has, some between and around them, few of them extreme.
made_up <- function(x, n, wild) {
  drawn <- x[sample.int(length(x), n, replace = TRUE)]
  if (is.double(x) && !is.object(x)) {
    around <- stats::rnorm(n, mean(x), 2 * stats::sd(x) + 1)
    drawn <- ifelse(stats::runif(n) < 0.5, drawn, around)
    far <- which(stats::runif(n) < wild)
    drawn[far] <- sample(extremes, length(far), replace = TRUE)
  } else if (is.integer(x) && !is.object(x)) {
    around <- as.integer(round(stats::runif(n, min(x) - 3, max(x) + 3)))
    drawn <- ifelse(stats::runif(n) < 0.5, drawn, around)
    far <- which(stats::runif(n) < wild)
    drawn[far] <- sample(c(0L, -1L, .Machine$integer.max, -.Machine$integer.max),
      length(far),
      replace = TRUE
    )
  } else if (is.factor(x)) {
    drawn <- factor(sample(levels(x), n, replace = TRUE), levels(x), ordered = is.ordered(x))
  }
  drawn
}

# One frame in five has extreme values, one in five missing ones, where they may be missing.
frame <- function(i) {
  n <- sample.int(40, 1)
  wild <- if (i %% 5 == 0) 0.1 else 0
  lack <- if (i %% 5 == 1) 0.15 else 0
  made <- lapply(names(columns), function(name) {
    x <- made_up(columns[[name]], n, wild)
    if (nullable[[name]]) x[stats::runif(n) < lack] <- NA
    x
  })
  structure(stats::setNames(made, names(columns)), class = "data.frame", row.names = seq_len(n))
}

set.seed(as.integer(arguments[["seed"]]))
frames <- lapply(seq_len(as.integer(arguments[["frames"]])), frame)
answers <- lapply(frames, answer)

rows_file <- file(file.path(arguments[["to"]], "rows.bin"), "wb")
for (name in names(columns)) {
  for (rows in frames) {
    x <- rows[[name]]
    missing <- if (is.double(x)) is.na(x) & !is.nan(x) else is.na(x)
    # Text goes as the number of its value among those the column has.
    codes <- if (is.character(x)) match(x, sort(unique(columns[[name]]))) else as.double(x)
    writeBin(as.double(codes), rows_file)
    writeBin(as.raw(missing), rows_file)
  }
}
close(rows_file)
answers_file <- file(file.path(arguments[["to"]], "answers.bin"), "wb")
for (found in answers) if (!is.null(found)) writeBin(as.double(found), answers_file)
close(answers_file)

cat(jsonlite::toJSON(list(
  columns = unname(Map(\(x, name) list(
    name = name, kind = kind_of(x), nullable = nullable[[name]],
    values = as.list(if (is.factor(x)) levels(x) else if (is.character(x)) sort(unique(x))),
    ordered = is.ordered(x)
  ), columns, names(columns))),
  args = if (length(entry$args) > 0) entry$args else structure(list(), names = character()),
  packages = as.list(entry$pkgs), sizes = vapply(frames, nrow, 1L),
  # Rows and columns of each answer; -1 where plain R stopped.
  answered = vapply(answers, \(a) if (is.null(a)) -1L else nrow(a), 1L),
  outputs = max(vapply(answers, \(a) if (is.null(a)) 0L else ncol(a), 1L)),
  seed = as.integer(arguments[["seed"]])
), auto_unbox = TRUE, digits = NA), file = file.path(arguments[["to"]], "told.json"))
