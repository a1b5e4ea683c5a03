# Discriminants, Bayes, ordered and multinomial logits, neural networks of MASS, nnet and mda.

iris_rows <- iris[(1:24) * 6, -5]
births <- local({
  births <- MASS::birthwt
  births$race <- factor(births$race, labels = c("white", "black", "other"))
  births$low <- factor(births$low, labels = c("no", "yes"))
  births$smoke <- births$smoke == 1
  births[c("low", "age", "lwt", "race", "smoke", "bwt")]
})
births_rows <- births[(1:24) * 7, c("age", "lwt", "race", "smoke")]
housing_rows <- MASS::housing[(1:24) * 3, c("Infl", "Type", "Cont")]

# Class and posterior, as data.frame(predict(model)[c("class", "posterior")]) names them.
class_posterior <- function(found) {
  data.frame(class = as.character(found$class), posterior = found$posterior)
}

zoo$lda <- entry(
  fit = \() MASS::lda(Species ~ ., iris),
  rows = iris_rows, pkgs = "MASS", service = TRUE, independent = FALSE,
  r = \(model, rows) class_posterior(predict(model, rows))
)
zoo$lda_class <- entry(
  fit = \() MASS::lda(low ~ age + lwt + race + smoke, births),
  rows = births_rows, pkgs = "MASS", args = list(type = "class"), independent = FALSE,
  r = \(model, rows) predict(model, rows)$class
)
zoo$lda_matrix <- entry(
  fit = \() MASS::lda(as.matrix(iris[-5]), iris$Species),
  rows = iris_rows, pkgs = "MASS", args = list(type = "posterior"),
  r = \(model, rows) predict(model, as.matrix(rows))$posterior
)
zoo$qda <- entry(
  fit = \() MASS::qda(Species ~ ., iris),
  rows = iris_rows, pkgs = "MASS", independent = FALSE,
  r = \(model, rows) class_posterior(predict(model, rows))
)
zoo$mda <- entry(
  fit = \() mda::mda(Species ~ ., iris),
  rows = iris_rows, pkgs = "mda", args = list(type = "posterior"),
  r = \(model, rows) predict(model, rows, type = "posterior")
)
zoo$fda <- entry(
  fit = \() mda::fda(Species ~ ., iris),
  rows = iris_rows, pkgs = "mda"
)
zoo$naivebayes_class <- entry(
  fit = \() e1071::naiveBayes(low ~ age + lwt + race + smoke, births),
  rows = births_rows, pkgs = "e1071"
)
zoo$naivebayes_raw <- entry(
  fit = \() e1071::naiveBayes(iris[-5], iris$Species, laplace = 1),
  rows = iris_rows, pkgs = "e1071", args = list(type = "raw"),
  r = \(model, rows) predict(model, rows, type = "raw")
)
zoo$polr_class <- entry(
  fit = \() MASS::polr(Sat ~ Infl + Type + Cont, MASS::housing, weights = Freq),
  rows = housing_rows, pkgs = "MASS", service = TRUE, independent = FALSE
)
zoo$polr_probs <- entry(
  fit = \() MASS::polr(Sat ~ Infl + Type + Cont, MASS::housing, weights = Freq),
  rows = housing_rows, pkgs = "MASS", args = list(type = "probs"),
  r = \(model, rows) {
    found <- predict(model, rows, type = "probs")
    if (is.matrix(found)) found else t(found)
  }
)
zoo$multinom_class <- entry(
  fit = \() nnet::multinom(race ~ age + lwt + smoke, births, trace = FALSE),
  rows = births_rows[c("age", "lwt", "smoke")], pkgs = "nnet", independent = FALSE
)
zoo$multinom_probs <- entry(
  fit = \() nnet::multinom(Species ~ ., iris, trace = FALSE),
  rows = iris_rows, pkgs = "nnet", args = list(type = "probs"),
  r = \(model, rows) {
    found <- predict(model, rows, type = "probs")
    if (is.matrix(found)) found else t(found)
  }
)
zoo$nnet_regression <- entry(
  fit = \() {
    nnet::nnet(bwt / 5000 ~ age + lwt + race + smoke, births,
      size = 3, decay = 0.01, linout = TRUE, trace = FALSE
    )
  },
  rows = births_rows, pkgs = "nnet",
  r = \(model, rows) predict(model, rows)
)
zoo$nnet_class <- entry(
  fit = \() nnet::nnet(Species ~ ., iris, size = 3, decay = 0.01, trace = FALSE),
  rows = iris_rows, pkgs = "nnet", args = list(type = "class"), independent = FALSE,
  r = \(model, rows) predict(model, rows, type = "class")
)
zoo$nnet_raw <- entry(
  fit = \() {
    nnet::nnet(as.matrix(iris[-5]), nnet::class.ind(iris$Species),
      size = 3, softmax = TRUE, trace = FALSE
    )
  },
  rows = iris_rows, pkgs = "nnet",
  r = \(model, rows) predict(model, as.matrix(rows))
)
