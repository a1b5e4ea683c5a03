local_places <- function(env = parent.frame()) {
  home <- withr::local_tempdir(.local_envir = env)
  withr::local_envvar(
    MODELYARD_HOME = home, MODELYARD_URL = NA, MODELYARD_TOKEN = NA, SNOWFLAKE_HOME = home,
    MODELYARD_BIN = NA, SNOWFLAKE_PAT = NA, SNOWFLAKE_TOKEN = NA, .local_envir = env
  )
  home
}

test_that("arguments, then the environment, then a profile decide", {
  home <- local_places()
  fake_server(list("GET /api/v1/account" = about_account))
  writeLines(c(
    "[default]", "url = \"http://default:1\"", "token = 'd'", "# a comment",
    "[connections.lab]", "url = \"http://lab:1\" # here", "token = \"l\"", "database = \"LAB\""
  ), file.path(home, "connections.toml"))
  expect_identical(sfr_connect()$account, "http://default:1")
  lab <- sfr_connect(name = "lab")
  expect_identical(c(lab$account, lab$database, lab$schema), c("http://lab:1", "LAB", "PUBLIC"))
  expect_error(sfr_connect(name = "none"), class = "modelyard_not_found")
  withr::local_envvar(MODELYARD_URL = "http://env:1", MODELYARD_TOKEN = "e")
  expect_identical(sfr_connect()$account, "http://env:1")
  expect_message(sfr_connect(name = "lab"), "was not looked up")
  expect_identical(sfr_connect(url = "http://arg:1/", token = "a")$account, "http://arg:1")
})

test_that("an address without a token is refused", {
  local_places()
  expect_error(sfr_connect(url = "http://x:1"), class = "modelyard_unauthenticated")
})

test_that("the running local account is found", {
  home <- local_places()
  asked <- fake_server(list("GET /api/v1/account" = about_account))
  writeLines('{"url":"http://127.0.0.1:8123","token":"mdy_local","pid":1}', file.path(home, "server.json"))
  conn <- sfr_connect()
  expect_identical(conn$account, "http://127.0.0.1:8123")
  expect_identical(conn$database, "MODELYARD")
  expect_identical(asked$requests[[1]]$headers$Authorization, "Bearer mdy_local")
})

test_that("the local account is started when it is not running", {
  skip_on_os("windows")
  home <- local_places()
  command <- file.path(home, "modelyard")
  writeLines(c(
    "#!/bin/sh", "test \"$1 $2\" = 'server start' || exit 9",
    "echo '{\"url\":\"http://127.0.0.1:8124\",\"token\":\"t\"}' > \"$MODELYARD_HOME/server.json\""
  ), command)
  Sys.chmod(command, "700")
  withr::local_envvar(MODELYARD_BIN = command)
  fake_server(list("GET /api/v1/account" = about_account))
  expect_identical(sfr_connect()$account, "http://127.0.0.1:8124")
})

test_that("a server that does not start says why", {
  skip_on_os("windows")
  home <- local_places()
  command <- file.path(home, "modelyard")
  writeLines(c("#!/bin/sh", "echo 'the {port} is taken'", "exit 3"), command)
  Sys.chmod(command, "700")
  withr::local_options(modelyard.bin = command)
  expect_error(sfr_connect(), "the {port} is taken", fixed = TRUE, class = "modelyard_unavailable")
})

test_that("without a command to start it there is one clear error", {
  local_places()
  withr::local_envvar(PATH = withr::local_tempdir())
  expect_snapshot(sfr_connect(), error = TRUE)
})

test_that("arguments of the reference are ignored with one message", {
  local_places()
  fake_server(list("GET /api/v1/account" = about_account))
  expect_snapshot(
    conn <- sfr_connect(account = "xy", user = "me", insecure = TRUE, url = "http://x:1", token = "t")
  )
})

test_that("the token is in nothing that is printed or saved", {
  conn <- fake_connection("mdy_very_secret")
  reg <- sfr_model_registry(conn)
  expect_snapshot(print(conn), transform = \(x) sub("http://[^ ]*", "<url>", x))
  shown <- paste(c(
    utils::capture.output(str(conn)), utils::capture.output(dput(unclass(conn)[-1])),
    utils::capture.output(print(conn), type = "message"), format(conn$session),
    rawToChar(serialize(list(conn, reg), NULL, ascii = TRUE))
  ), collapse = "\n")
  expect_false(grepl("mdy_very_secret", shown, fixed = TRUE))
})

test_that("a connection without its token says what to do", {
  conn <- unserialize(serialize(fake_connection(), NULL))
  the$tokens[[conn$session$id]] <- NULL
  expect_error(sfr_status(conn), class = "modelyard_unauthenticated")
})

test_that("the context is shared, live and can be changed", {
  conn <- fake_connection()
  copy <- conn
  conn <- sfr_use(conn, database = "OTHER")
  expect_identical(copy$database, "OTHER")
  conn$schema <- "S2"
  expect_identical(copy[["schema"]], "S2")
  expect_true(sfr_execute(conn, "USE SCHEMA ML_DB.MODELS;"))
  expect_identical(c(copy$database, copy$schema), c("ML_DB", "MODELS"))
})

test_that("a closed connection says so", {
  conn <- fake_connection()
  expect_true(sfr_disconnect(conn))
  expect_error(sfr_status(conn), class = "modelyard_unavailable")
  expect_false(sfr_has_connection(conn))
})

test_that("a notebook's configuration becomes the context", {
  skip_if_not_installed("yaml")
  withr::local_dir(withr::local_tempdir())
  conn <- fake_connection()
  expect_message(same <- sfr_load_notebook_config(conn), "stays as it is")
  expect_identical(same, conn)
  expect_error(sfr_load_notebook_config(conn, "nowhere.yaml"), class = "modelyard_not_found")
  writeLines("other: 1", "a.yaml")
  expect_warning(sfr_load_notebook_config(conn, "a.yaml"), "context")
  writeLines(c("context:", "  database: DB9", "  schema: <YOUR_SCHEMA>"), "notebook_config.yaml")
  conn <- sfr_load_notebook_config(conn)
  expect_identical(c(conn$database, conn$schema), c("DB9", "MODELS"))
  expect_identical(conn$notebook_config$context$database, "DB9")
})
