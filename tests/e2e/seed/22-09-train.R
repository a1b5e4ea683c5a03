model <- lm(mpg ~ wt + hp + cyl, data = mtcars)

test_data <- data.frame(
  wt  = c(2.5, 3.0),
  hp  = c(110, 150),
  cyl = c(4, 6)
)

preds <- sfr_predict_local(model, test_data)
