#' Connect to a Modelyard account
#'
#' With no address, the local account is found in `MODELYARD_HOME` (`~/.modelyard` when that is not
#' set) and its server is started when it is not running. An address and a token reach a shared
#' account.
#'
#' The first of these that is there decides:
#' 1. the arguments `url` and `token`;
#' 2. the environment variables `MODELYARD_URL` and `MODELYARD_TOKEN`;
#' 3. the profile `name` of `connections.toml`, in `MODELYARD_HOME` or in Snowflake's own folder,
#'    with the keys `url`, `token`, `database`, `schema` and `role`;
#' 4. the local account.
#'
#' The token is kept outside the connection object, so it is neither printed nor saved with it.
#'
#' @param name Name of a profile in `connections.toml`.
#' @param account,user,authenticator,private_key_file Accepted so that scripts written for
#'   Snowflake run; not used.
#' @param warehouse Kept as a label; there are no warehouses to choose from.
#' @param database,schema Where tables and models are looked up when they are named alone; the
#'   account's defaults when `NULL`.
#' @param role Kept as a label: the token decides what is allowed.
#' @param ... Not used: other arguments are named in a message and ignored.
#' @param url Address of the account's server.
#' @param token Token for it.
#' @param .use_snowflakeauth Not used.
#' @returns A connection, of class `sfr_connection`.
#' @export
#' @examples
#' \dontrun{
#' conn <- sfr_connect()
#' conn <- sfr_connect(url = "https://models.example.org", token = Sys.getenv("MY_TOKEN"))
#' }
sfr_connect <- function(name = NULL, account = NULL, user = NULL, warehouse = NULL,
                        database = NULL, schema = NULL, role = NULL, authenticator = NULL,
                        private_key_file = NULL, ..., url = NULL, token = NULL,
                        .use_snowflakeauth = TRUE) {
  given <- list(
    account = account, user = user, authenticator = authenticator,
    private_key_file = private_key_file
  )
  say_ignored(c(names(compact(given)), names(list(...))))
  place <- find_place(
    check_string(name, null = TRUE), check_string(url, null = TRUE),
    check_string(token, null = TRUE)
  )
  session <- new_session(place)
  about <- tryCatch(
    read_account(session),
    error = function(e) {
      forget(session)
      rlang::cnd_signal(e)
    }
  )
  session$warehouse <- warehouse
  session$database <- check_string(database, null = TRUE) %||% place$database %||%
    about$default_database
  session$schema <- check_string(schema, null = TRUE) %||% place$schema %||% about$default_schema
  session$role <- role %||% place$role %||% about$role
  new_connection(session, about)
}

say_ignored <- function(names) {
  names <- names[nzchar(names)]
  if (length(names) > 0) {
    say(c(
      i = "Ignored {.arg {names}}: a Modelyard account is reached by {.arg url} and {.arg token}."
    ))
  }
}

# Where to connect: list(url, token) and what a profile adds; `home` when it is the local account.
find_place <- function(name, url, token, call = caller_env()) {
  if (!is.null(url)) {
    return(list(url = url, token = token %||% need_token(url, call)))
  }
  if (nzchar(Sys.getenv("MODELYARD_URL"))) {
    url <- Sys.getenv("MODELYARD_URL")
    if (!is.null(name)) {
      say(c(i = "{.envvar MODELYARD_URL} is set, so the profile {.val {name}} was not looked up."))
    }
    return(list(url = url, token = token %||% need_token(url, call)))
  }
  profile <- find_profile(name, call)
  if (!is.null(profile$url)) {
    profile$token <- token %||% profile$token %||% need_token(profile$url, call)
    return(profile)
  }
  place <- utils::modifyList(as.list(profile), local_account(call = call))
  if (!is.null(token)) {
    # A token of one's own is not the owner's, which a restarted local server would be asked with.
    place$token <- token
    place$home <- NULL
  }
  place
}

need_token <- function(url, call) {
  token <- Sys.getenv("MODELYARD_TOKEN")
  if (!nzchar(token)) {
    abort_code("unauthenticated", c(
      "There is no token for {.url {url}}.",
      i = "Give {.arg token} or set {.envvar MODELYARD_TOKEN}."
    ), call = call)
  }
  token
}

# A session is shared by every copy of a connection; its secret is kept in the package.
new_session <- function(place) {
  session <- new.env(parent = emptyenv())
  session$url <- sub("/+$", "", place$url)
  session$id <- new_key()
  session$home <- place$home
  the$tokens[[session$id]] <- place$token
  structure(session, class = "sfr_session")
}

session_of <- function(conn, call = caller_env()) {
  session <- if (inherits(conn, "sfr_session")) conn else check_connection(conn, call)$session
  if (is.null(session) || is.null(session$url)) {
    abort_code("unavailable", c(
      "The connection is closed.",
      i = "Open another with {.fn sfr_connect}."
    ), call = call)
  }
  session
}

session_token <- function(session, call = caller_env()) {
  token <- the$tokens[[session$id]]
  if (is.null(token)) {
    abort_code("unauthenticated", c(
      "The connection's token is gone: it is never saved with the connection.",
      i = "Connect again with {.fn sfr_connect}."
    ), call = call)
  }
  token
}

forget <- function(session) {
  the$tokens[[session$id]] <- NULL
  session$url <- NULL
}

read_account <- function(session, call = caller_env()) {
  api_json(session, "GET", "account", call = call)
}

new_connection <- function(session, about) {
  structure(
    list(
      session = session, dbi_con = NULL, account = session$url, user = about$actor,
      database = session$database, schema = session$schema, warehouse = session$warehouse,
      role = session$role, auth_method = "token", environment = "local", created_at = Sys.time()
    ),
    class = c("sfr_connection", "list")
  )
}
