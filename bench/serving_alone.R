# R alone, for bench/serving.py: for each line of seconds, the median milliseconds of predict() for so
# long, one row a call, another row each time.
model <- readRDS(commandArgs(TRUE)[1])
if (inherits(model, "ranger")) suppressPackageStartupMessages(library(ranger))
rows <- as.data.frame(matrix(rnorm(4000), ncol = 4, dimnames = list(NULL, c("a", "b", "c", "d"))))
rows <- split(rows, seq_len(1000))

lines <- file("stdin", "r")
while (length(line <- readLines(lines, 1))) {
  took <- numeric()
  end <- Sys.time() + as.numeric(line)
  while (Sys.time() < end || length(took) < 5) {
    row <- rows[[length(took) %% 1000 + 1]]
    begun <- Sys.time()
    predict(model, row)
    took[length(took) + 1] <- as.numeric(Sys.time() - begun, units = "secs")
  }
  cat(1e3 * median(took), "\n")
}
