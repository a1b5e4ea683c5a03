#' Time predictions
#'
#' Scores the same rows `n` times, in the account or through a service
#' (`sfr_benchmark_inference()`) or over REST (`sfr_benchmark_rest()`).
#'
#' @inheritParams sfr_predict
#' @inheritParams sfr_predict_rest
#' @param service_name Name of a service; `NULL` scores in the account.
#' @param n How many times.
#' @param verbose Say the result.
#' @returns A list, invisibly: `timings`, `mean_sec`, `median_sec`, `min_sec`, `max_sec`,
#'   `total_sec`, `n` and `last_result`; for REST also `method`.
#' @name benchmark
#' @examples
#' \dontrun{
#' sfr_benchmark_inference(reg, "MTCARS_MPG", mtcars, "mpg_service", n = 20)
#' }
NULL

#' @rdname benchmark
#' @export
sfr_benchmark_inference <- function(reg, model_name, new_data, service_name = NULL, n = 10L,
                                    version_name = NULL, verbose = TRUE) {
  time_calls(n, verbose, function() {
    sfr_predict(reg, model_name, new_data, version_name = version_name, service_name = service_name)
  })
}

#' @rdname benchmark
#' @export
sfr_benchmark_rest <- function(endpoint, new_data, n = 10L, token = NULL, conn = NULL,
                               method = "predict", verbose = TRUE) {
  found <- time_calls(n, verbose, function() {
    sfr_predict_rest(endpoint, new_data, token = token, conn = conn, method = method)
  })
  invisible(c(found, list(method = "rest")))
}

time_calls <- function(n, verbose, fn, call = caller_env()) {
  n <- check_count(n, call = call)
  if (n < 1) abort_code("invalid_value", "{.arg n} must be at least 1.", call = call)
  verbose <- check_flag(verbose, call = call)
  last <- NULL
  timings <- vapply(seq_len(n), function(i) {
    started <- proc.time()[["elapsed"]]
    last <<- fn()
    proc.time()[["elapsed"]] - started
  }, 0)
  found <- list(
    timings = timings, mean_sec = mean(timings), median_sec = stats::median(timings),
    min_sec = min(timings), max_sec = max(timings), total_sec = sum(timings), n = as.integer(n),
    last_result = last
  )
  if (verbose) {
    ms <- round(c(found$median_sec, found$max_sec) * 1000, 1)
    say("{n} call{?s}: median {ms[1]} ms, longest {ms[2]} ms.")
  }
  invisible(found)
}
