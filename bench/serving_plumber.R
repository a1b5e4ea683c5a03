# An lm or a ranger behind plumber, one process, as users of vetiver deploy: rows are records of JSON.
arguments <- commandArgs(TRUE)
model <- readRDS(arguments[1])
if (inherits(model, "ranger")) suppressPackageStartupMessages(library(ranger))

answer <- function(req) {
  rows <- jsonlite::fromJSON(req$postBody)$dataframe_records
  found <- predict(model, rows)
  list(data = as.numeric(if (inherits(model, "ranger")) found$predictions else found))
}

api <- plumber::pr()
# NA: as many digits as jsonlite writes, which is 15 of a double's 17; plumber's own way keeps 4.
api <- plumber::pr_post(api, "/predict", answer, serializer = plumber::serializer_json(digits = NA))
api <- plumber::pr_set_docs(api, FALSE)
plumber::pr_run(api, host = "127.0.0.1", port = as.integer(arguments[2]), quiet = TRUE)
