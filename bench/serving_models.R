# The models of bench/serving.py, the rows it asks with as JSON, and R's own answers to them.
arguments <- commandArgs(TRUE)
folder <- arguments[1]
bodies <- as.integer(arguments[2])
set.seed(1)

frame <- function(n) data.frame(a = rnorm(n), b = rnorm(n), c = rnorm(n), d = rnorm(n))
known <- frame(5000)
known$y <- known$a - known$b / 3 + sin(3 * known$c) + rnorm(5000)
models <- list(
  lm = lm(y ~ a + b + c + d, data = known),
  ranger = ranger::ranger(y ~ a + b + c + d, data = known, num.trees = 500, seed = 1, num.threads = 1)
)
answers <- function(model, rows) {
  if (inherits(model, "ranger")) predict(model, rows, num.threads = 1)$predictions else predict(model, rows)
}
write_doubles <- function(numbers, name) writeBin(as.double(numbers), file.path(folder, name))

# Rows are rounded to what JSON of 15 digits says exactly, so that all parsers read the same doubles.
for (size in c(1, 100)) {
  rows <- round(frame(bodies * size / if (size > 1) 10 else 1), 6)
  write_doubles(t(as.matrix(rows)), sprintf("rows-%d", size))
  some <- seq_len(8 * size)
  for (name in names(models)) {
    write_doubles(answers(models[[name]], rows[some, ]), sprintf("answers-%s-%d", name, size))
  }
}
for (name in names(models)) saveRDS(models[[name]], file.path(folder, paste0(name, ".rds")))
