test_that("a query answers with its rows, in the case they were written", {
  cars <- data.frame(Wt = c(2.5, 3), id = c("001", "002"))
  asked <- fake_server(list("POST /api/v1/sql" = frame_answer(cars)))
  conn <- fake_connection()
  expect_identical(sfr_query(conn, "SELECT 1"), cars)
  expect_identical(names(sfr_query(conn, "SELECT 1", .keep_case = FALSE)), c("wt", "id"))
  withr::local_options(snowflakeR.lowercase_columns = TRUE)
  expect_identical(names(sfr_query(conn, "SELECT 1")), c("wt", "id"))
  expect_identical(
    body_json(asked$requests[[1]]), list(sql = "SELECT 1", database = "ML_DB", schema = "MODELS")
  )
})

test_that("a statement answers with a count", {
  fake_server(list("POST /api/v1/sql" = list(rows_affected = 3L)))
  expect_identical(sfr_query(fake_connection(), "DELETE FROM t"), data.frame(rows_affected = 3L))
  expect_true(sfr_execute(fake_connection(), "DELETE FROM t"))
})

test_that("tables are written with their columns' case, unless told otherwise", {
  asked <- fake_server(list("PUT /api/v1/tables/t" = list(rows = 2L)))
  conn <- fake_connection()
  frame <- data.frame(Wt = c(2.5, 3))
  expect_message(expect_true(sfr_write_table(conn, "t", frame)), "Wrote 2 rows to t")
  withr::local_options(snowflakeR.preserve_write_case = FALSE)
  quietly(sfr_write_table(conn, "t", frame, overwrite = TRUE))
  expect_named(unserialize(asked$requests[[1]]$body), "Wt")
  expect_named(unserialize(asked$requests[[2]]$body), "WT")
  expect_identical(asked$requests[[2]]$query$overwrite, "true")
})

test_that("tables are read, listed and looked for", {
  asked <- fake_server(list(
    "GET /api/v1/tables/t" = frame_answer(data.frame(a = 1)),
    "GET /api/v1/tables" = list(tables = list(list(name = "t"), list(name = "u"))),
    "GET /api/v1/tables/t/fields" = list(fields = list(list(name = "a", type = "DOUBLE")))
  ))
  conn <- fake_connection()
  expect_identical(sfr_read_table(conn, "t", limit = 5), data.frame(a = 1))
  expect_identical(asked$requests[[1]]$query$limit, "5")
  expect_identical(sfr_list_tables(conn), c("t", "u"))
  expect_identical(sfr_list_fields(conn, "t"), data.frame(name = "a", type = "DOUBLE"))
  expect_true(sfr_table_exists(conn, "t"))
  expect_false(sfr_table_exists(conn, "none"))
})

test_that("a name gets the database and schema it lacks", {
  conn <- fake_connection()
  expect_identical(sfr_fqn(conn, "t"), "ML_DB.MODELS.t")
  expect_identical(sfr_fqn(conn, "s.t"), "ML_DB.s.t")
  expect_identical(sfr_fqn(conn, "d.s.t"), "d.s.t")
  expect_identical(sfr_fqn(conn, "t", database = "X", schema = "Y"), "X.Y.t")
})

test_that("something that is no connection is refused by name", {
  expect_snapshot(sfr_query(1, "SELECT 1"), error = TRUE)
})
