# Models with a predictor of every type.

every_type <- local({
  n <- 80
  x <- ((1:n) * 37 %% 101) / 17 - 2
  rows <- data.frame(
    x = x, k = (1:n * 7L) %% 9L + 1L, b = (1:n) %% 3 == 0,
    f = factor(c("a", "b", "c", "b")[(1:n) %% 4 + 1], levels = c("c", "a", "b")),
    s = c("u", "v", "v")[(1:n) %% 3 + 1],
    d = as.Date("2024-01-01") + (1:n * 11) %% 100,
    t = as.POSIXct("2024-01-01", tz = "UTC") + (1:n * 7919) %% 99999
  )
  noise <- sin(1:n * 12.9898) * 0.7
  rows$y <- with(rows, 2 * x - k + b + as.integer(f) + (s == "u") + as.numeric(d) / 99 + noise)
  rows$z <- rows$y + 3 * sin(1:n * 78.233) > stats::median(rows$y)
  rows
})

zoo$lm_every_type <- entry(
  fit = \() lm(y ~ x + k + b + f + s + d + t, every_type),
  rows = every_type[1:24, c("x", "k", "b", "f", "s", "d", "t")],
  service = TRUE
)

zoo$glm_every_type <- entry(
  fit = \() glm(z ~ x + k + b + f + s, binomial, every_type),
  rows = every_type[1:24, c("x", "k", "b", "f", "s")],
  args = list(type = "response"),
  r = \(model, rows) predict(model, newdata = rows, type = "response"),
  service = TRUE
)
