#' Score rows with a logged model
#'
#' Scores in the account, or through a deployed service when `service_name` is given. Rows are
#' checked against the model's contract; columns beyond it are kept in the answer and never reach
#' the model.
#'
#' @param reg A registry from [sfr_model_registry()], or a connection.
#' @param model_name A model, also as `DB.SCHEMA.MODEL`, `MODEL/V2` or `MODEL@alias`.
#' @param new_data A data frame of rows to score.
#' @param version_name A version or an alias; the default version when `NULL`.
#' @param service_name Name of a service from [sfr_deploy_model()] to send the rows to.
#' @param partition_column Not used: for models of one partition only.
#' @param strict_input_validation `TRUE` refuses columns the contract does not have, and names
#'   that differ by case.
#' @param ... Not used: other arguments are named in a message and ignored.
#' @returns A data frame: the columns of `new_data`, then the predictions, in the order of the
#'   rows. Only the predictions where the model's answers have rows of their own.
#' @export
#' @examples
#' \dontrun{
#' new_cars <- sfr_query(conn, "SELECT wt, hp, cyl FROM car_data LIMIT 100")
#' scores <- sfr_predict(reg, "MTCARS_MPG", new_cars)
#' }
sfr_predict <- function(reg, model_name, new_data, version_name = NULL, service_name = NULL,
                        partition_column = NULL, strict_input_validation = NULL, ...) {
  context(reg)
  if (is.data.frame(model_name) && missing(new_data)) {
    abort_code("invalid_value", c(
      "{.arg model_name} is missing: {.fn sfr_predict} takes a registry, a model and rows.",
      i = "For example {.code sfr_predict(reg, \"MTCARS_MPG\", new_data)}."
    ))
  }
  ref <- model_ref(model_name, version_name)
  check_frame(new_data)
  strict <- check_flag(strict_input_validation, null = TRUE)
  if (!is.null(partition_column)) say_dropped("partition_column")
  say_dropped(names(list(...)), names(formals(sfr_predict)))
  service_name <- check_string(service_name, null = TRUE)
  resp <- if (is.null(service_name)) {
    api_model(reg, "POST", ref$model, "predict",
      query = list(version = ref$version, strict = if (isTRUE(strict)) "true"),
      frame = new_data, accept = frame_type
    )
  } else {
    ask_service(reg, service_name, ref, new_data, strict)
  }
  say_texts(header_texts(resp, "x-modelyard-notes"))
  warn_texts(header_texts(resp, "x-modelyard-warnings"))
  join_answer(new_data, read_frame(resp), httr2::resp_header(resp, "x-modelyard-rows"))
}

# The rows to a service, at its own address. It must serve the model, and the version when one
# is named.
ask_service <- function(reg, service_name, ref, rows, strict, call = caller_env()) {
  service <- get_service(reg, service_name, call)
  other <- tolower(sub("^.*\\.", "", ref$model)) != tolower(service$model)
  wanted <- tolower(sub("^@", "", ref$version %||% service$version))
  if (other || !wanted %in% tolower(sub("^@", "", c(service$version, service$alias)))) {
    abort_code("conflict", c(
      "The service {.val {service_name}} serves {service$model} {service$version}.",
      i = "Leave {.arg version_name} out to score with what the service serves."
    ), call = call)
  }
  req <- httr2::request(paste0(service_url(service, call), "/predict"))
  req <- httr2::req_url_query(req, !!!compact(list(strict = if (isTRUE(strict)) "true")))
  req <- httr2::req_headers(req, Accept = frame_type)
  req <- with_token(req, session_token(session_of(context(reg)$conn, call), call))
  check_answer(perform(with_body(req, NULL, rows, NULL), call), call)
}

# The input columns, then the answer's. A prediction whose name is taken gets another, and says so.
join_answer <- function(new_data, answer, rows = NULL) {
  if (identical(rows, "free") || nrow(answer) != nrow(new_data)) {
    return(answer)
  }
  taken <- intersect(names(answer), names(new_data))
  if (length(taken) > 0) {
    names <- make.unique(c(names(new_data), names(answer)))[-seq_along(new_data)]
    new <- names[match(taken, names(answer))]
    say(c(i = "The rows have {.field {taken}} already: the prediction is {.field {new}}."))
    names(answer) <- names
  }
  columns <- c(plain_columns(new_data), as.list(answer))
  structure(columns, class = "data.frame", row.names = attr(new_data, "row.names"))
}

plain_columns <- function(frame) {
  rlang::set_names(lapply(seq_along(frame), \(j) frame[[j]]), names(frame))
}
