#' Wrap a predict function of your own
#'
#' Give the result as `predict_body` to [sfr_log_model()] or [sfr_predict_local()] when
#' `predict(model, newdata)` is not what a model needs. The function itself travels with the model
#' and is called as it is; what it uses must come from base R, from `predict_pkgs` or from
#' `package::function` calls.
#'
#' @param fn A function of the model and the rows, in this order, that returns a data frame, a
#'   matrix or a vector.
#' @returns A string of class `sfr_predict_body`: the function's code as a template with
#'   `{{MODEL}}` and `{{INPUT}}` in place of its arguments, carrying the function.
#' @export
#' @examples
#' body <- sfr_predict_body(function(model, input) {
#'   data.frame(prediction = predict(model, input), rows = nrow(input))
#' })
#' model <- lm(mpg ~ wt, data = mtcars)
#' sfr_predict_local(model, mtcars[1:2, ], predict_body = body)
sfr_predict_body <- function(fn) {
  if (!is.function(fn) || length(formals(args(fn))) < 2) {
    abort_code("invalid_value", c(
      "{.arg fn} must be a function of at least two arguments: the model and the rows."
    ))
  }
  if (!is.primitive(fn)) fn <- utils::removeSource(fn)
  new_predict_body(body_template(fn), fn)
}

new_predict_body <- function(text, fn) structure(text, fn = fn, class = "sfr_predict_body")

#' @export
format.sfr_predict_body <- function(x, ...) {
  c("<sfr_predict_body>", paste0("  ", strsplit(as.character(x), "\n", fixed = TRUE)[[1]]))
}

#' @export
print.sfr_predict_body <- function(x, ...) print_lines(x)

# The function that a predict_body means: one that sfr_predict_body() wrapped, a function, or the
# text of a template. NULL when there is none.
body_function <- function(body, call = caller_env()) {
  if (is.null(body) || is.function(body)) {
    return(body)
  }
  if (inherits(body, "sfr_predict_body") && is.function(attr(body, "fn"))) {
    return(attr(body, "fn"))
  }
  template_function(check_string(paste(body, collapse = "\n"), "predict_body", call), call)
}

# A template as a function(model, input): its `result`, or else its last value.
template_function <- function(text, call = caller_env()) {
  text <- gsub("{{UID}}", "uid", text, fixed = TRUE)
  parsed <- tryCatch(
    parse(text = text, keep.source = FALSE),
    error = function(e) {
      abort_text("invalid_value", "The predict_body is not R code.",
        hint = conditionMessage(e), call = call
      )
    }
  )
  code <- lapply(as.list(parsed), fill_placeholders)
  inner <- as.call(c(quote(`{`), code))
  outer <- bquote({
    value <- .(inner)
    get0("result", inherits = FALSE, ifnotfound = value)
  })
  fn <- as.function(alist(model = , input = , NULL))
  body(fn) <- outer
  environment(fn) <- globalenv()
  fn
}

placeholders <- list(MODEL = quote(model), INPUT = quote(input), N = quote(nrow(input)))

# {{MODEL}} is R code, a name in two pairs of braces, wherever it is not inside a text.
fill_placeholders <- function(code) {
  name <- placeholder_name(code)
  if (!is.null(name)) {
    return(placeholders[[name]])
  }
  if (is.call(code) || is.pairlist(code)) {
    for (i in which(!is_empty_code(code))) code[[i]] <- fill_placeholders(code[[i]])
  }
  code
}

# Which parts of code are left empty, as the second index of x[1, ], or NULL.
is_empty_code <- function(code) {
  vapply(seq_along(code), \(i) identical(code[[i]], quote(expr = )) || is.null(code[[i]]), NA) # nolint
}

placeholder_name <- function(code) {
  braced <- function(x) is.call(x) && length(x) == 2 && identical(x[[1]], quote(`{`))
  if (!braced(code) || !braced(code[[2]])) {
    return(NULL)
  }
  name <- code[[2]][[2]]
  if (is.name(name) && as.character(name) %in% names(placeholders)) as.character(name)
}

# The code of a function with its first two arguments as placeholders. Names that are not the
# arguments (of other arguments, after $, in texts) stay as they are.
body_template <- function(fn) {
  marks <- c("sfr_model_placeholder", "sfr_input_placeholder")
  names <- names(formals(args(fn)))[1:2]
  code <- if (is.primitive(fn)) {
    as.call(c(list(quote(fn)), lapply(names, as.name)))
  } else {
    replace_names(body(fn), rlang::set_names(lapply(marks, as.name), names))
  }
  text <- paste(deparse(code, width.cutoff = 80L), collapse = "\n")
  text <- gsub(marks[1], "{{MODEL}}", text, fixed = TRUE)
  gsub(marks[2], "{{INPUT}}", text, fixed = TRUE)
}

replace_names <- function(code, new) {
  if (is.name(code)) {
    return(new[[as.character(code)]] %||% code)
  }
  if (!is.call(code)) {
    return(code)
  }
  last <- length(code)
  if (as.character(code[[1]])[1] %in% c("$", "@")) last <- 2L
  if (identical(code[[1]], quote(`function`))) new <- new[setdiff(names(new), names(code[[2]]))]
  for (i in intersect(seq_len(last), which(!is_empty_code(code)))) {
    code[[i]] <- replace_names(code[[i]], new)
  }
  code
}
