# Functions of the author's own.

zoo$custom_body <- entry(
  fit = \() list(center = colMeans(iris[1:4]), half = 0.5),
  rows = iris[(1:24) * 6, -5],
  body = function(model, input) {
    distance <- sqrt(rowSums(sweep(as.matrix(input), 2, model$center)^2))
    data.frame(distance = distance, near = distance < model$half)
  },
  r = \(model, rows) {
    distance <- sqrt(rowSums(sweep(as.matrix(rows), 2, model$center)^2))
    data.frame(distance = distance, near = distance < model$half)
  }
)
zoo$custom_across_rows <- entry(
  fit = \() list(),
  rows = mtcars[1:24, c("mpg", "hp")], independent = FALSE,
  body = function(model, input) rank(input$mpg) / nrow(input),
  r = \(model, rows) rank(rows$mpg) / nrow(rows)
)
zoo$custom_random <- entry(
  fit = \() lm(mpg ~ wt + hp, mtcars),
  rows = mtcars[1:24, c("wt", "hp")], deterministic = FALSE,
  body = function(model, input) {
    stats::predict(model, input) + stats::rnorm(nrow(input))
  }
)
