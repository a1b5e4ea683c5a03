# Around the R code that predicts, in a host that is not ours: what a number may depend on is as it
# is in a worker while R works, and as the host had it afterwards.

pinned_load <- function(model, body, predict) pinned(serve_load(model, body, predict))

pinned_answer <- function(rows, seed) {
  pinned({
    answer <- caught(
      {
        if (!is.null(seed)) set.seed(seed)
        answer <- predict_frame(served$model, rows, served$predict)
        list(ok = TRUE, frame = answer$frame, warnings = answer$warnings)
      },
      "model_error"
    )
    served$failed <- !answer$ok
    serve_restore()
    answer
  })
}

pinned <- function(code) {
  kinds <- c("LC_COLLATE", "LC_CTYPE", "LC_MONETARY", "LC_TIME")
  locale <- vapply(kinds, Sys.getlocale, "")
  zone <- Sys.getenv("TZ", NA)
  on.exit({
    for (kind in kinds) Sys.setlocale(kind, locale[[kind]])
    if (is.na(zone)) Sys.unsetenv("TZ") else Sys.setenv(TZ = zone)
    options(before)
  })
  before <- options(
    OutDec = ".", digits = 7L, scipen = 0L, warn = 0L, na.action = "na.omit",
    contrasts = c(unordered = "contr.treatment", ordered = "contr.poly")
  )
  for (kind in kinds) {
    if (!nzchar(suppressWarnings(Sys.setlocale(kind, "C.UTF-8")))) {
      return(list(
        ok = FALSE, code = "unavailable",
        message = "This host has no locale C.UTF-8, in which the model was proven."
      ))
    }
  }
  Sys.setenv(TZ = "UTC")
  code
}
