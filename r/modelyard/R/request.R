# The only HTTP of the package.

# One call of the account's API. `path` is its parts after /api/v1; `query` and `json` leave out
# what is NULL. Exactly one of json, frame, file (a path) or none is the body.
api <- function(conn, method, path, query = list(), json = NULL, frame = NULL, file = NULL,
                accept = "application/json", headers = list(), call = caller_env()) {
  session <- session_of(conn, call)
  build <- function() {
    req <- httr2::request(paste0(session$url, "/api/v1/", url_path(path)))
    req <- with_token(httr2::req_method(req, method), session_token(session, call))
    req <- httr2::req_url_query(req, !!!compact(query))
    req <- httr2::req_headers(req, Accept = accept, !!!headers)
    with_body(req, json, frame, file)
  }
  resp <- tryCatch(perform(build(), call), modelyard_unavailable = identity)
  if (inherits(resp, "condition")) {
    # A local account that was restarted answers elsewhere; nothing was sent, so ask again there.
    if (!isTRUE(resp$refused) || is.null(session$home)) rlang::cnd_signal(resp)
    find_again(session, call)
    resp <- perform(build(), call)
  }
  check_answer(resp, call)
}

with_body <- function(req, json, frame, file) {
  if (!is.null(json)) {
    req <- httr2::req_body_raw(req, to_json(json), "application/json")
  } else if (!is.null(frame)) {
    req <- httr2::req_body_raw(req, write_frame(frame), frame_type)
  } else if (!is.null(file)) {
    req <- httr2::req_body_file(req, file, "application/octet-stream")
  }
  # Without this curl waits a second for permission before it sends a large body.
  httr2::req_headers(req, Expect = "")
}

with_token <- function(req, token) {
  httr2::req_headers(req, Authorization = paste("Bearer", token))
}

# Send it. No retry here and no random wait: httr2's default backoff draws from R's generator,
# which would change the numbers of a user's own simulation.
perform <- function(req, call = caller_env(), timeout_s = getOption("modelyard.timeout_s")) {
  req <- httr2::req_error(req, is_error = \(resp) FALSE)
  req <- httr2::req_retry(req, max_tries = 1, backoff = \(i) 0)
  req <- httr2::req_user_agent(req, user_agent())
  req <- httr2::req_options(req, connecttimeout = 10)
  if (!is.null(timeout_s)) req <- httr2::req_timeout(req, timeout_s)
  # A proxy never reaches this machine's own loopback.
  if (is_loopback(req$url)) req <- httr2::req_options(req, noproxy = "*")
  trusted <- trusted_file(req$url)
  if (!is.null(trusted)) req <- httr2::req_options(req, cainfo = trusted)
  tryCatch(
    httr2::req_perform(req),
    error = function(e) {
      abort_text(
        "unavailable",
        paste0("No answer from ", sub("^(https?://[^/?]+).*$", "\\1", req$url), "."),
        hint = conditionMessage(e), call = call,
        refused = grepl("connect", conditionMessage(e), ignore.case = TRUE) &&
          !grepl("time", conditionMessage(e), ignore.case = TRUE)
      )
    }
  )
}

# Asked once a session: reading a package's description takes as long as building a request.
user_agent <- function() {
  if (is.null(the$user_agent)) {
    the$user_agent <- paste0(
      "modelyard-r/", utils::packageVersion("modelyard"), " R/", getRversion()
    )
  }
  the$user_agent
}

# Whom to trust at https besides whom the system does: the file that MODELYARD_CA names, or on this
# machine the certificate that was made for the account. NULL: the system's own.
trusted_file <- function(url) {
  if (!startsWith(url, "https:")) {
    return(NULL)
  }
  file <- Sys.getenv("MODELYARD_CA")
  if (!nzchar(file) && is_loopback(url)) file <- file.path(account_home(), "tls", "ca.pem")
  if (file.exists(file)) normalizePath(file) else NULL
}

is_loopback <- function(url) {
  grepl("^https?://(127\\.|localhost[:/]|\\[::1\\])", paste0(url, "/"))
}

# The response, or the condition that its error envelope describes.
check_answer <- function(resp, call = caller_env()) {
  status <- httr2::resp_status(resp)
  if (status < 400) {
    return(resp)
  }
  error <- read_error(resp)
  abort_text(
    error$code, error$message,
    hint = error$hint, details = error$details, call = call,
    status = status, request_id = error$request_id
  )
}

read_error <- function(resp) {
  error <- tryCatch(
    jsonlite::fromJSON(body_text(resp), simplifyVector = FALSE)$error,
    error = function(e) NULL
  )
  if (!is.list(error) || !is.character(error$code)) {
    status <- httr2::resp_status(resp)
    return(list(
      code = unnamed_error(status),
      message = paste0("The server answered with status ", status, "."),
      hint = first_line(resp)
    ))
  }
  error$message <- paste0(error$message %||% error$code)
  error$details <- read_details(error$details)
  error
}

# What an answer without our envelope (a proxy's, another server's) most likely means.
unnamed_error <- function(status) {
  known <- c(
    "401" = "unauthenticated", "403" = "forbidden", "404" = "not_found", "413" = "too_large",
    "415" = "unsupported_media_type", "429" = "overloaded", "502" = "unavailable",
    "503" = "unavailable", "504" = "unavailable"
  )
  if (as.character(status) %in% names(known)) {
    return(known[[as.character(status)]])
  }
  if (status < 500) "malformed_request" else "internal"
}

read_details <- function(details) {
  if (length(details) == 0) {
    return(NULL)
  }
  data.frame(
    column = vapply(details, \(d) as.character(d$column %||% NA), ""),
    row = vapply(details, \(d) as.integer(d$row %||% NA), 1L),
    reason = vapply(details, \(d) as.character(d$reason %||% ""), "")
  )
}

first_line <- function(resp) {
  text <- trimws(gsub("<[^>]*>", " ", body_text(resp)))
  if (nzchar(text)) substr(strsplit(text, "\n", fixed = TRUE)[[1]][1], 1, 200)
}

body_text <- function(resp) {
  if (length(resp$body) == 0) {
    return("")
  }
  text <- httr2::resp_body_raw(resp)
  text <- rawToChar(text[text != as.raw(0)])
  Encoding(text) <- "UTF-8"
  text
}

# The JSON body of an answer, as nested lists.
read_json <- function(resp, call = caller_env()) {
  force(resp)
  tryCatch(
    jsonlite::fromJSON(body_text(resp), simplifyVector = FALSE),
    error = function(e) {
      abort_text("internal", "The server's answer is not JSON.",
        hint = first_line(resp), call = call
      )
    }
  )
}

api_json <- function(conn, method, path, ..., call = caller_env()) {
  read_json(api(conn, method, path, ..., call = call), call)
}

# A header that holds a JSON array of texts.
header_texts <- function(resp, name) {
  text <- httr2::resp_header(resp, name)
  if (is.null(text)) {
    return(character())
  }
  tryCatch(as.character(unlist(jsonlite::fromJSON(text))), error = function(e) character())
}

url_path <- function(parts) {
  paste(vapply(parts, utils::URLencode, "", reserved = TRUE), collapse = "/")
}

compact <- function(x) x[!vapply(x, is.null, NA)]

# A key under which a repeated request is the same request. Not from R's random numbers: drawing
# one would change what the user draws next.
new_key <- function() {
  parts <- c(
    Sys.info()[["nodename"]], Sys.getpid(), format(Sys.time(), "%Y%m%d%H%M%OS6"),
    basename(tempfile("k"))
  )
  gsub("[^A-Za-z0-9.-]", "", paste(parts, collapse = "-"))
}
