# The models of bench/bridge.py: linear models, so that little of the time is the model's own.
folder <- commandArgs(TRUE)[1]
set.seed(1)
n <- 1000

numbers <- data.frame(a = rnorm(n), b = rnorm(n), c = rnorm(n), d = rnorm(n))
numbers$y <- numbers$a - numbers$b / 3 + rnorm(n)
save_both <- function(model, name) {
  saveRDS(model, file.path(folder, paste0(name, ".rds")))
  writeBin(serialize(model, NULL), file.path(folder, paste0(name, ".raw")))
}
save_both(lm(y ~ a + b + c + d, data = numbers), "numbers")

mixed <- data.frame(
  a = rnorm(n), i = sample(100L, n, TRUE), flag = runif(n) > 0.5,
  size = factor(sample(c("small", "medium", "large"), n, TRUE)),
  city = sample(sprintf("city %02d", 1:20), n, TRUE)
)
mixed$y <- mixed$a + mixed$i / 100 + rnorm(n)
save_both(lm(y ~ a + i + flag + size + city, data = mixed), "mixed")
