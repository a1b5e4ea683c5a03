token <- function(id, name, revoked_at = NULL) {
  list(
    id = id, name = name, role = "caller", service = "ML_DB.MODELS.svc",
    created_at = "2024-05-31T12:00:00Z", expires_at = NULL, revoked_at = revoked_at
  )
}

test_that("a new token is told once and never printed", {
  asked <- fake_server(list(
    "POST /api/v1/tokens" = json_answer(c(token("t1", "app"), list(token = "mdy_secret")), 201)
  ))
  made <- sfr_create_pat(fake_connection(), "app", service = "svc", days = 7)
  expect_identical(made$token, "mdy_secret")
  expect_snapshot(print(made))
  expect_identical(body_json(asked$requests[[1]]), list(
    name = "app", role = "caller", service = "ML_DB.MODELS.svc", days = 7L
  ))
})

test_that("tokens are listed, replaced and revoked by name or id", {
  asked <- fake_server(list(
    "GET /api/v1/tokens" = list(tokens = list(
      token("t1", "app"), token("t2", "two"), token("t3", "two"), token("t0", "app", "2024-01-01")
    )),
    "POST /api/v1/tokens" = json_answer(c(token("t4", "app"), list(token = "new")), 201),
    "DELETE /api/v1/tokens/t1" = list(), "DELETE /api/v1/tokens/t3" = list()
  ))
  conn <- fake_connection()
  expect_identical(sfr_show_pats(conn)$id, c("t1", "t2", "t3", "t0"))
  quietly({
    expect_identical(sfr_rotate_pat(conn, "app")$token, "new")
    expect_true(sfr_revoke_pat(conn, "t3"))
  })
  expect_error(sfr_revoke_pat(conn, "two"), class = "modelyard_conflict")
  expect_error(sfr_revoke_pat(conn, "none"), class = "modelyard_not_found")
})
