# Models of matrices, with a matrix as one variable of the formula.

zoo$plsr_matrix <- entry(
  fit = \() {
    utils::data("yarn", package = "pls", envir = environment())
    yarn$NIR <- yarn$NIR[, c(1, 60, 120, 180, 240)]
    pls::plsr(density ~ NIR, 3, data = yarn)
  },
  rows = {
    utils::data("yarn", package = "pls", envir = environment())
    wanted <- yarn$NIR[1:24, c(1, 60, 120, 180, 240)]
    stats::setNames(as.data.frame(unclass(wanted)), paste0("NIR.", seq_len(5)))
  },
  pkgs = "pls", args = list(ncomp = 2),
  r = \(model, rows) {
    nir <- as.matrix(rows)
    dimnames(nir) <- NULL
    as.vector(predict(model, data.frame(NIR = I(nir)), ncomp = 2))
  }
)
zoo$pcr <- entry(
  fit = \() pls::pcr(mpg ~ wt + hp + log(disp), 2, data = mtcars, scale = TRUE),
  rows = mtcars[1:24, c("wt", "hp", "disp")], pkgs = "pls",
  r = \(model, rows) {
    found <- predict(model, rows)
    structure(found[, 1, ], dim = dim(found)[-2], dimnames = list(NULL, paste(1:2, "comps")))
  }
)
zoo$plsda <- entry(
  fit = \() caret::plsda(iris[1:4], iris$Species, ncomp = 2),
  rows = iris[(1:24) * 6, -5], pkgs = c("pls", "caret")
)
