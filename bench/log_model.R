# Logging a model, verification in a fresh R process included, beside saveRDS() and a scripted
# check of the same kind: save, then load and predict in a new Rscript.
# Prints one JSON object a line: case, system, seconds.

suppressMessages(library(modelyard))
conn <- sfr_connect()
reg <- sfr_model_registry(conn, database = "BENCH", schema = "MODELS")
model <- lm(mpg ~ wt + hp + cyl, data = mtcars)

seconds <- function(expr) {
  started <- proc.time()[["elapsed"]]
  force(expr)
  proc.time()[["elapsed"]] - started
}
emit <- function(system, value) {
  cat(jsonlite::toJSON(
    list(case = "log_model, lm", system = system, seconds = value), auto_unbox = TRUE
  ), "\n")
}

by_hand <- function() {
  path <- tempfile(fileext = ".rds")
  saveRDS(model, path)
  code <- sprintf("m <- readRDS('%s'); predict(m, mtcars[1:32, ])", path)
  system2("Rscript", c("--vanilla", "-e", shQuote(code)), stdout = FALSE)
}

for (round in 1:10) {
  saved <- seconds(for (i in 1:20) saveRDS(model, tempfile())) / 20
  script <- seconds(by_hand())
  logged <- seconds(suppressMessages(sfr_log_model(
    reg,
    model = model, model_name = "LOGGED",
    input_cols = list(wt = "double", hp = "double", cyl = "integer"),
    output_cols = list(prediction = "double")
  )))
  if (round == 1) next
  emit("saveRDS() and a check in a new Rscript", script)
  emit("sfr_log_model()", logged)
  emit("saveRDS() alone, unchecked", saved)
}
