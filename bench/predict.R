# In-account predictions beside R's own predict(), the two in turn within each round.
# Prints one JSON object a line: case, system, seconds.

suppressMessages(library(modelyard))
conn <- sfr_connect()
reg <- sfr_model_registry(conn, database = "BENCH", schema = "MODELS")

model <- lm(mpg ~ wt + hp + cyl + disp, data = mtcars)
mv <- sfr_log_model(
  reg,
  model = model, model_name = "SPEED",
  input_cols = list(wt = "double", hp = "double", cyl = "double", disp = "double"),
  output_cols = list(prediction = "double")
)

seconds <- function(expr) {
  started <- proc.time()[["elapsed"]]
  force(expr)
  proc.time()[["elapsed"]] - started
}

# Distinct rows every round; many small calls are timed together, as the clock ticks in ms.
rows_of <- function(n) {
  data.frame(
    wt = runif(n, 1, 6), hp = runif(n, 50, 300), cyl = sample(4:8 + 0, n, TRUE),
    disp = runif(n, 70, 470)
  )
}

emit <- function(case, system, value) {
  cat(jsonlite::toJSON(list(case = case, system = system, seconds = value), auto_unbox = TRUE), "\n")
}

label <- function(n) {
  paste(format(n, big.mark = ",", scientific = FALSE), if (n == 1) "row" else "rows")
}

set.seed(1)
for (n in c(1, 100, 1e4, 1e6)) {
  calls <- if (n <= 100) 50 else if (n <= 1e4) 10 else 1
  frames <- lapply(seq_len(calls), function(i) rows_of(n))
  for (round in seq_len(if (n == 1e6) 7 else 9)) {
    own <- seconds(for (f in frames) predict(model, f)) / calls
    ours <- seconds(for (f in frames) sfr_predict(reg, "SPEED", f)) / calls
    if (round == 1) {
      same <- identical(
        sfr_predict(reg, "SPEED", frames[[1]])$prediction, unname(predict(model, frames[[1]]))
      )
      if (!same) stop("the predictions differ at ", n, " rows")
      next
    }
    emit(label(n), "R predict()", own)
    emit(label(n), "sfr_predict()", ours)
  }
}
