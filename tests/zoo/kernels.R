# Kernel machines of e1071 and kernlab.

iris_rows <- iris[(1:24) * 6, -5]
cars93 <- MASS::Cars93[c("Price", "Horsepower", "EngineSize", "Weight", "Type", "Origin")]
cars93_rows <- cars93[(1:24) * 3, -1]

zoo$svm_class <- entry(
  fit = \() e1071::svm(Species ~ ., iris),
  rows = iris_rows, pkgs = "e1071", service = TRUE
)
zoo$svm_regression <- entry(
  fit = \() e1071::svm(Price ~ ., cars93),
  rows = cars93_rows, pkgs = "e1071"
)
zoo$svm_probability <- entry(
  fit = \() e1071::svm(Species ~ ., iris, probability = TRUE),
  rows = iris_rows, pkgs = "e1071", args = list(probability = TRUE, decision.values = TRUE),
  r = \(model, rows) {
    found <- predict(model, rows, probability = TRUE, decision.values = TRUE)
    data.frame(
      prediction = as.character(found), attr(found, "probabilities"),
      attr(found, "decision.values"),
      check.names = FALSE
    )
  }
)
zoo$svm_matrix <- entry(
  fit = \() e1071::svm(as.matrix(iris[-5]), iris$Species, kernel = "linear"),
  rows = iris_rows, pkgs = "e1071",
  r = \(model, rows) predict(model, as.matrix(rows))
)
zoo$svm_one_class <- entry(
  fit = \() e1071::svm(~ Sepal.Length + Petal.Length, iris, type = "one-classification"),
  rows = iris_rows[c("Sepal.Length", "Petal.Length")], pkgs = "e1071"
)

zoo$ksvm_class <- entry(
  fit = \() kernlab::ksvm(Species ~ ., iris, kpar = list(sigma = 0.5)),
  rows = iris_rows,
  r = \(model, rows) kernlab::predict(model, rows)
)
zoo$ksvm_prob <- entry(
  fit = \() kernlab::ksvm(Species ~ ., iris, kpar = list(sigma = 0.5), prob.model = TRUE),
  rows = iris_rows, args = list(type = "probabilities"),
  r = \(model, rows) kernlab::predict(model, rows, type = "probabilities")
)
zoo$ksvm_regression <- entry(
  fit = \() kernlab::ksvm(Price ~ ., cars93, kpar = list(sigma = 0.1)),
  rows = cars93_rows,
  r = \(model, rows) kernlab::predict(model, rows)
)
zoo$gausspr <- entry(
  fit = \() kernlab::gausspr(Price ~ ., cars93, kpar = list(sigma = 0.1)),
  rows = cars93_rows,
  r = \(model, rows) kernlab::predict(model, rows)
)
zoo$rvm <- entry(
  fit = \() kernlab::rvm(as.matrix(cars93[2:4]), cars93$Price, kpar = list(sigma = 0.1)),
  rows = cars93_rows[1:3],
  r = \(model, rows) kernlab::predict(model, as.matrix(rows))
)
