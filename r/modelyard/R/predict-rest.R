#' Score rows over REST
#'
#' Sends rows as JSON (`dataframe_split`) to a service and reads its answer in any of the forms in
#' use. Numbers travel with all their digits. With a Modelyard service dates, times and whole
#' numbers come back in the types of the model's contract. A service takes 16 MiB of JSON at once;
#' [sfr_predict()] with `service_name` sends many rows in a binary form.
#'
#' @param endpoint An endpoint from [sfr_service_endpoint()], or the address of a service or of a
#'   model at the account (`/models/...`, whose outputs come in JSON's types).
#' @param new_data A data frame of rows to score.
#' @param token A token; see [sfr_pat()] for where one is found when `NULL`.
#' @param conn A connection whose token to use.
#' @param method What to ask of the service: the last part of the address, `_` written as `-`.
#' @param timeout_sec Seconds to wait for the answer.
#' @returns A data frame of predictions, in the order of the rows.
#' @export
#' @examples
#' \dontrun{
#' endpoint <- sfr_service_endpoint(conn, "mpg_service")
#' sfr_predict_rest(endpoint, data.frame(wt = 2.5, hp = 110, cyl = 4L, disp = 160))
#' }
sfr_predict_rest <- function(endpoint, new_data, token = NULL, conn = NULL, method = "predict",
                             timeout_sec = 30) {
  url <- endpoint_url(endpoint)
  check_frame(new_data)
  token <- find_token(token, conn, endpoint, local = is_loopback(url))
  method <- gsub("_", "-", check_string(method), fixed = TRUE)
  req <- httr2::request(paste0(url, "/", method))
  req <- httr2::req_headers(req, Authorization = paste0("Snowflake Token=\"", token, "\""))
  req <- httr2::req_headers(req, Accept = "application/json", Expect = "")
  req <- httr2::req_body_raw(req, split_body(new_data), "application/json")
  resp <- perform(req, timeout_s = timeout_sec)
  refuse_page(resp)
  check_answer(resp)
  say_texts(header_texts(resp, "x-modelyard-notes"))
  warn_texts(header_texts(resp, "x-modelyard-warnings"))
  frame <- read_answer(body_text(resp), nrow(new_data))
  outputs <- service_outputs(url, token, httr2::resp_header(resp, "x-modelyard-version"))
  if (nrow(frame) == 0 && !is.null(outputs)) {
    return(empty_frame(outputs))
  }
  typed_answer(frame, outputs)
}

# A page instead of an answer is a sign-in page.
refuse_page <- function(resp, call = caller_env()) {
  type <- tryCatch(httr2::resp_content_type(resp), error = function(e) NA)
  if (identical(type, "text/html")) {
    abort_code("unauthenticated", c(
      "Authentication failed: the service answered with a web page, not with rows.",
      i = "Check the token and the address."
    ), call = call, status = httr2::resp_status(resp))
  }
}

# The output columns of the service's contract, asked once per version; NULL where a service does
# not tell, as those of others and a model's address at the account (/models/...) do not.
service_outputs <- function(url, token, version) {
  if (is.null(version)) {
    return(NULL)
  }
  key <- paste(url, version)
  if (is.null(the$signatures[[key]])) {
    req <- with_token(httr2::request(paste0(url, "/")), token)
    resp <- perform(req)
    if (httr2::resp_status(resp) == 404) {
      return(NULL)
    }
    the$signatures[[key]] <- read_json(check_answer(resp))$signature
  }
  the$signatures[[key]]$outputs
}

endpoint_url <- function(endpoint, call = caller_env()) {
  url <- if (inherits(endpoint, "sfr_endpoint")) endpoint$url else endpoint
  url <- check_string(url, "endpoint", call)
  if (!grepl("^https?://", url)) url <- paste0("https://", url)
  # Scripts give the address with or without the method.
  sub("/(predict/?)?$", "", url)
}

#' Find a token
#'
#' The first there is of: the argument; the connection's; the environment variables
#' `MODELYARD_TOKEN`, `SNOWFLAKE_PAT` and `SNOWFLAKE_TOKEN`; the local account's.
#'
#' @param token A token.
#' @param conn A connection, from [sfr_connect()].
#' @returns The token, a string, invisibly: it is not printed unless you ask for it.
#' @export
#' @examples
#' token <- sfr_pat("my-token")
sfr_pat <- function(token = NULL, conn = NULL) {
  invisible(find_token(token, conn))
}

# The local account's own token never goes to another machine (`local`).
find_token <- function(token, conn, endpoint = NULL, local = TRUE, call = caller_env()) {
  if (!is.null(token)) {
    return(check_string(token, call = call))
  }
  if (!is.null(conn)) {
    return(session_token(session_of(context(conn, call)$conn, call), call))
  }
  session <- if (inherits(endpoint, "sfr_endpoint")) endpoint$session
  known <- if (!is.null(session)) the$tokens[[session$id]]
  variables <- Sys.getenv(c("MODELYARD_TOKEN", "SNOWFLAKE_PAT", "SNOWFLAKE_TOKEN"))
  own <- if (local) read_server_file(account_home())$token
  found <- c(known, variables[nzchar(variables)], own)
  if (length(found) == 0) {
    abort_code("unauthenticated", c(
      "There is no token.",
      i = "Give {.arg token} or {.arg conn}, or set {.envvar SNOWFLAKE_PAT}."
    ), call = call)
  }
  unname(found[1])
}
