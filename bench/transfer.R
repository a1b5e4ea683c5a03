# 1M rows x 4 doubles to the server and back, beside serialize() and unserialize() alone.
# The model answers a constant per row, so nearly all of the time is the way there and back.
# Prints one JSON object a line: case, system, seconds.

suppressMessages(library(modelyard))
conn <- sfr_connect()
reg <- sfr_model_registry(conn, database = "BENCH", schema = "MODELS")
mv <- sfr_log_model(
  reg,
  model = list(), model_name = "ECHO",
  predict_body = sfr_predict_body(function(model, input) input),
  input_cols = list(a = "double", b = "double", c = "double", d = "double"),
  sample_input = data.frame(a = 1, b = 2, c = 3, d = 4)
)

seconds <- function(expr) {
  started <- proc.time()[["elapsed"]]
  force(expr)
  proc.time()[["elapsed"]] - started
}
emit <- function(system, value) {
  cat(jsonlite::toJSON(
    list(case = "1M x 4 doubles, there and back", system = system, seconds = value),
    auto_unbox = TRUE
  ), "\n")
}

set.seed(1)
frame <- as.data.frame(matrix(runif(4e6), ncol = 4, dimnames = list(NULL, c("a", "b", "c", "d"))))
for (round in 1:8) {
  alone <- seconds(for (way in 1:2) unserialize(serialize(frame, NULL, xdr = FALSE)))
  whole <- seconds(back <- sfr_predict(reg, "ECHO", frame))
  json <- if (round %in% 2:3) seconds(jsonlite::fromJSON(jsonlite::toJSON(frame, digits = 17)))
  if (round == 1) next
  emit("serialize() and unserialize(), twice", alone)
  emit("sfr_predict() of a model that returns its input", whole)
  if (!is.null(json)) emit("the same frame as JSON, one way, without a server", json)
}
