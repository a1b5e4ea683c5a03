# Components and clusters.

arrests_rows <- USArrests[(1:24) * 2, ]

zoo$prcomp <- entry(
  fit = \() stats::prcomp(USArrests, scale. = TRUE),
  rows = arrests_rows, service = TRUE,
  r = \(model, rows) predict(model, rows)
)
zoo$prcomp_formula <- entry(
  fit = \() stats::prcomp(~ Murder + Assault, USArrests, rank. = 1),
  rows = arrests_rows[c("Murder", "Assault")],
  r = \(model, rows) predict(model, rows)
)
zoo$princomp <- entry(
  fit = \() stats::princomp(USArrests, cor = TRUE),
  rows = arrests_rows,
  r = \(model, rows) predict(model, rows)
)
zoo$kmeans <- entry(
  fit = \() stats::kmeans(iris[-5], 3, nstart = 5),
  rows = iris[(1:24) * 6, -5],
  # R has no predict() for it: the number of the nearest centre, the first of equally near ones.
  r = \(model, rows) {
    vapply(seq_len(nrow(rows)), \(i) {
      distances <- rowSums(sweep(model$centers, 2, as.numeric(rows[i, ]))^2)
      if (anyNA(distances)) NA_integer_ else unname(which.min(distances))
    }, 1L)
  }
)
zoo$mclust <- entry(
  fit = \() {
    library(mclust) # Mclust() looks for mclustBIC() among what is attached
    Mclust(iris[-5], G = 3, modelNames = "VVE", verbose = FALSE)
  },
  rows = iris[(1:24) * 6, -5], pkgs = "mclust",
  r = \(model, rows) {
    found <- predict(model, rows)
    data.frame(classification = as.integer(found$classification), z = found$z)
  }
)
