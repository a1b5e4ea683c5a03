# A server that answers from a table and keeps what it was asked.

fake_server <- function(routes, env = parent.frame()) {
  force(env)
  asked <- new.env(parent = emptyenv())
  asked$requests <- list()
  httr2::local_mock(function(req) {
    path <- sub("^https?://[^/]+", "", req$url)
    method <- if (is.null(req$method)) if (is.null(req$body)) "GET" else "POST" else req$method
    asked$requests <- c(asked$requests, list(list(
      method = method, path = utils::URLdecode(sub("\\?.*$", "", path)),
      query = httr2::url_parse(req$url)$query, headers = req$headers, body = req$body$data
    )))
    key <- paste(method, utils::URLdecode(sub("\\?.*$", "", path)))
    answer <- routes[[key]]
    if (is.null(answer)) {
      return(error_answer(404, "not_found", paste("No route", key)))
    }
    if (is.function(answer)) answer <- answer(asked$requests[[length(asked$requests)]])
    if (inherits(answer, "httr2_response")) answer else json_answer(answer)
  }, env = env)
  asked
}

json_answer <- function(x, status = 200, headers = list()) {
  httr2::response(
    status_code = status,
    headers = c(list(`content-type` = "application/json"), headers),
    body = charToRaw(if (is.character(x)) x else to_json(x))
  )
}

frame_answer <- function(frame, headers = list()) {
  httr2::response(
    headers = c(list(`content-type` = "application/x-rds"), headers), body = write_frame(frame)
  )
}

error_answer <- function(status, code, message, hint = NULL, details = list()) {
  json_answer(
    list(error = list(
      code = code, message = message, hint = hint, details = details, request_id = "r-1"
    )),
    status
  )
}

about_account <- list(
  version = "0.1.0", url = "http://127.0.0.1:8000", actor = "owner", role = "owner",
  default_database = "MODELYARD", default_schema = "PUBLIC", r_version = "4.2.2"
)

# A connection to nowhere; its requests go to fake_server().
fake_connection <- function(token = "mdy_secret") {
  session <- new_session(list(url = "http://127.0.0.1:8000", token = token, home = NULL))
  session$database <- "ML_DB"
  session$schema <- "MODELS"
  session$role <- "owner"
  new_connection(session, about_account)
}

fake_registry <- function(...) sfr_model_registry(fake_connection(), ...)

body_json <- function(request) {
  jsonlite::fromJSON(request$body, simplifyVector = FALSE)
}

about_version <- function(version = "V1", model = "MTCARS_MPG", ...) {
  utils::modifyList(list(
    model = model, database = "ML_DB", schema = "MODELS", version = version, ordinal = 1L,
    comment = "LM predicting MPG", created_at = "2024-05-31T12:00:00Z", created_by = "owner",
    aliases = I("production"), is_default = TRUE, metrics = list(rmse = 2.45), tags = as_object(NULL),
    signature = list(
      inputs = list(list(name = "wt", type = "double"), list(name = "cyl", type = "integer")),
      outputs = list(list(name = "prediction", type = "double")), rows = "same"
    ),
    task = "UNKNOWN", functions = I("PREDICT"), services = list(), notes = list()
  ), list(...))
}

quietly <- function(code) withr::with_options(list(modelyard.quiet = TRUE), code)

# A real server, named by MODELYARD_E2E_URL and MODELYARD_E2E_TOKEN.
skip_without_server <- function() {
  if (!all(nzchar(Sys.getenv(c("MODELYARD_E2E_URL", "MODELYARD_E2E_TOKEN"))))) {
    skip("NO SERVER: set MODELYARD_E2E_URL and MODELYARD_E2E_TOKEN to test against a real one")
  }
}

# A registry of its own for each test, so that a server may be used again.
real_registry <- function() {
  skip_without_server()
  schema <- gsub("[^A-Za-z0-9]", "_", paste0("T", new_key()))
  conn <- sfr_connect(
    url = Sys.getenv("MODELYARD_E2E_URL"), token = Sys.getenv("MODELYARD_E2E_TOKEN")
  )
  sfr_model_registry(sfr_use(conn, database = "E2E_DB", schema = schema))
}
