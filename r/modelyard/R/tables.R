#' Query and change tables
#'
#' The account has a warehouse of tables. Names without a database and schema mean the
#' connection's; names match without case, and columns keep the case they were written in.
#'
#' `sfr_query()` answers with the rows of a query, `sfr_execute()` runs a statement,
#' `sfr_read_table()` and `sfr_write_table()` move whole tables.
#'
#' @param conn A connection, from [sfr_connect()].
#' @param sql One SQL statement.
#' @param .keep_case `FALSE` lower-cases the column names; also with
#'   `options(snowflakeR.lowercase_columns = TRUE)`.
#' @param table_name Name of a table, as `TABLE`, `SCHEMA.TABLE` or `DB.SCHEMA.TABLE`.
#' @param limit Read at most so many rows; all when `NULL`.
#' @param value A data frame.
#' @param overwrite Replace a table that exists; otherwise it is an error.
#' @param .uppercase_cols Upper-case the column names; also with
#'   `options(snowflakeR.preserve_write_case = FALSE)`.
#' @param database,schema Where to look, or what to put in front; the connection's when `NULL`.
#' @returns `sfr_query()` and `sfr_read_table()` a data frame, `sfr_execute()` and
#'   `sfr_write_table()` `TRUE`, `sfr_list_tables()` the tables' names, `sfr_list_fields()` a data
#'   frame of `name` and `type`, `sfr_table_exists()` `TRUE` or `FALSE`, `sfr_fqn()` the name
#'   with its database and schema.
#' @name tables
#' @examples
#' \dontrun{
#' sfr_write_table(conn, "car_data", mtcars)
#' sfr_query(conn, "SELECT wt, hp, cyl FROM car_data LIMIT 100")
#' }
NULL

#' @rdname tables
#' @export
sfr_query <- function(conn, sql, .keep_case = !getOption("snowflakeR.lowercase_columns", FALSE)) {
  frame <- run_sql(conn, sql)
  if (!isTRUE(.keep_case)) names(frame) <- tolower(names(frame))
  frame
}

#' @rdname tables
#' @export
sfr_execute <- function(conn, sql) {
  if (!use_statement(conn, sql)) run_sql(conn, sql)
  invisible(TRUE)
}

run_sql <- function(conn, sql, call = caller_env()) {
  check_connection(conn, call)
  sql <- check_string(sql, call = call)
  resp <- api(conn, "POST", "sql",
    json = list(sql = sql, database = conn$database, schema = conn$schema),
    accept = frame_type, call = call
  )
  if (identical(httr2::resp_content_type(resp), frame_type)) {
    return(read_frame(resp, call))
  }
  data.frame(rows_affected = as.integer(read_json(resp, call)$rows_affected %||% NA))
}

# USE DATABASE and its like change the connection's context, which the server does not keep.
use_statement <- function(conn, sql) {
  check_connection(conn)
  name <- "(?:\"([^\"]+)\"|([A-Za-z_][A-Za-z0-9_$]*))"
  pattern <- paste0("^\\s*use\\s+(database|schema|warehouse|role)\\s+(?:", name, "\\.)?", name)
  found <- regmatches(sql, regexec(paste0(pattern, "\\s*;?\\s*$"), sql,
    perl = TRUE, ignore.case = TRUE
  ))[[1]]
  if (length(found) == 0) {
    return(FALSE)
  }
  session <- session_of(conn)
  before <- paste0(found[3], found[4])
  if (nzchar(before)) assign("database", before, envir = session)
  assign(tolower(found[2]), paste0(found[5], found[6]), envir = session)
  TRUE
}

#' @rdname tables
#' @export
sfr_read_table <- function(conn, table_name, limit = NULL) {
  limit <- check_count(limit, null = TRUE)
  read_frame(api_table(conn, "GET", table_name, query = list(limit = limit), accept = frame_type))
}

#' @rdname tables
#' @export
sfr_write_table <- function(conn, table_name, value, overwrite = FALSE,
                            .uppercase_cols = !getOption(
                              "snowflakeR.preserve_write_case", TRUE
                            )) {
  check_frame(value)
  overwrite <- check_flag(overwrite)
  if (isTRUE(.uppercase_cols)) names(value) <- toupper(names(value))
  api_table(conn, "PUT", table_name,
    query = list(overwrite = if (overwrite) "true" else "false"), frame = value
  )
  n <- nrow(value)
  say("Wrote {n} row{?s} to {table_name}.")
  invisible(TRUE)
}

#' @rdname tables
#' @export
sfr_list_tables <- function(conn, database = NULL, schema = NULL) {
  check_connection(conn)
  found <- api_json(conn, "GET", "tables", query = list(
    database = check_string(database, null = TRUE) %||% conn$database,
    schema = check_string(schema, null = TRUE) %||% conn$schema
  ))
  vapply(found$tables, \(table) table$name, "")
}

#' @rdname tables
#' @export
sfr_list_fields <- function(conn, table_name) {
  found <- read_json(api_table(conn, "GET", table_name, after = "fields"))
  records(found$fields, list(name = "", type = ""))
}

#' @rdname tables
#' @export
sfr_table_exists <- function(conn, table_name) {
  tryCatch(
    {
      api_table(conn, "GET", table_name, after = "fields")
      TRUE
    },
    modelyard_not_found = function(e) FALSE
  )
}

#' @rdname tables
#' @export
sfr_fqn <- function(conn, table_name, database = NULL, schema = NULL) {
  check_connection(conn)
  table_name <- check_string(table_name)
  parts <- c(database %||% conn$database, schema %||% conn$schema)
  dots <- lengths(regmatches(table_name, gregexpr(".", table_name, fixed = TRUE)))
  if (dots == 2) {
    return(table_name)
  }
  if (dots == 1) parts <- parts[1]
  if (length(parts) < 2 - dots) {
    cli::cli_warn("The connection has no database and schema, so the name stays as it is.")
    return(table_name)
  }
  paste(c(parts, table_name), collapse = ".")
}

api_table <- function(conn, method, table_name, query = list(), after = NULL, ...,
                      call = caller_env()) {
  check_connection(conn, call)
  table_name <- check_string(table_name, call = call)
  query <- c(query, list(database = conn$database, schema = conn$schema))
  api(conn, method, c("tables", table_name, after), query = query, ..., call = call)
}
