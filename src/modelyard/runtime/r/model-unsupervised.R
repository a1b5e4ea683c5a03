# Components and clusters.

predictors.prcomp <- function(model, args = list()) as.character(rownames(model$rotation))
predictors.princomp <- function(model, args = list()) as.character(rownames(model$loadings))

training_frame.prcomp <- function(model, args = list()) {
  raw_rows(predictors(model, args), NULL, model)
}
training_frame.princomp <- training_frame.prcomp

known_levels.prcomp <- function(model, args = list()) list()
known_levels.princomp <- known_levels.prcomp

model_task.prcomp <- function(model) "transform"
model_task.princomp <- model_task.prcomp

# R has no predict() for kmeans: the number of the nearest centre, the first of equally near ones.
score.kmeans <- function(model, rows, args = list()) {
  centers <- model$centers
  wanted <- predictors(model)
  values <- as.matrix(if (length(wanted) > 0) rows[wanted] else rows)
  distances <- vapply(seq_len(nrow(centers)), function(j) {
    rowSums(sweep(values, 2, centers[j, ])^2)
  }, numeric(nrow(values)))
  dim(distances) <- c(nrow(values), nrow(centers))
  nearest <- rep(NA_integer_, nrow(values))
  whole <- which(!is.na(rowSums(distances)))
  nearest[whole] <- apply(distances[whole, , drop = FALSE], 1, which.min)
  nearest
}

predictors.kmeans <- function(model, args = list()) as.character(colnames(model$centers))
training_frame.kmeans <- function(model, args = list()) {
  wanted <- predictors(model)
  # Centres are rows like any other.
  if (length(wanted) > 0) as.data.frame(model$centers)
}
known_levels.kmeans <- function(model, args = list()) list()
model_task.kmeans <- function(model) "cluster"

required_pkgs.Mclust <- function(model) "mclust"
required_pkgs.MclustDA <- required_pkgs.Mclust

# The cluster or class of a row, and the probability of each.
score.Mclust <- function(model, rows, args = list()) {
  found <- score.default(model, rows, args)
  chances <- as.data.frame(found$z, optional = TRUE)
  labels <- colnames(found$z)
  if (is.null(labels)) labels <- seq_len(ncol(found$z))
  names(chances) <- paste0("z.", labels)
  chosen <- found$classification
  if (is.numeric(chosen)) chosen <- as.integer(chosen)
  frame_of(c(list(classification = chosen), chances))
}
score.MclustDA <- score.Mclust

# A density, or what is asked for, and no cluster.
score.densityMclust <- function(model, rows, args = list()) score.default(model, rows, args)
model_task.densityMclust <- function(model) ""

predictors.Mclust <- function(model, args = list()) as.character(colnames(model$data))
training_frame.Mclust <- function(model, args = list()) {
  wanted <- predictors(model)
  if (length(wanted) > 0) as.data.frame(model$data)
}
known_levels.Mclust <- function(model, args = list()) list()
model_task.Mclust <- function(model) "cluster"

# What cannot be asked about new rows, and why.
refusal.hclust <- function(model) {
  paste(
    "A hierarchical clustering is a tree of the rows it was made from: it has no rule that puts",
    "a new row into a cluster. Log a kmeans() of the same data, or give a predict_body that cuts",
    "the tree and says which cluster is near."
  )
}
refusal.dendrogram <- refusal.hclust
