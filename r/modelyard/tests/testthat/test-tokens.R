token <- function(id, name, revoked_at = NULL, replaced_by = NULL) {
  list(
    id = id, name = name, user = "ann", role = "caller",
    grants = list("service ML_DB.MODELS.svc", "model ML_DB.MODELS.MPG"),
    networks = list("10.0.0.0/8"), created_at = "2024-05-31T12:00:00Z",
    expires_at = "2024-06-30T12:00:00Z", revoked_at = revoked_at, replaced_by = replaced_by,
    last_used_at = NULL
  )
}

test_that("a new token is told once and never printed", {
  asked <- fake_server(list(
    "POST /api/v1/tokens" = json_answer(c(token("t1", "app"), list(token = "mdy_secret")), 201)
  ))
  made <- sfr_create_pat(
    fake_connection(), "app", service = "svc", days = 7, model = c("MPG", "db.s.OTHER"),
    user = "ann", networks = "10.0.0.0/8"
  )
  expect_identical(made$token, "mdy_secret")
  expect_snapshot(print(made))
  expect_identical(body_json(asked$requests[[1]]), list(
    name = "app", role = "caller", grants = list("service svc", "model MPG", "model db.s.OTHER"),
    networks = list("10.0.0.0/8"), user = "ann", days = 7L
  ))
  expect_identical(asked$requests[[1]]$query, list(database = "ML_DB", schema = "MODELS"))
})

test_that("what is no name is refused before the server is asked", {
  expect_error(
    sfr_create_pat(fake_connection(), "app", service = 1), class = "modelyard_invalid_value"
  )
  expect_error(
    sfr_create_pat(fake_connection(), "app", networks = NA), class = "modelyard_invalid_value"
  )
})

test_that("tokens are listed, rotated and revoked", {
  asked <- fake_server(list(
    "GET /api/v1/tokens" = list(tokens = list(
      token("t1", "app"), token("t0", "app", "2024-01-01"), token("t5", "app", replaced_by = "t1")
    )),
    "POST /api/v1/tokens/app/rotate" = json_answer(
      c(token("t4", "app"), list(token = "new")), 201
    ),
    "DELETE /api/v1/tokens/app" = list()
  ))
  conn <- fake_connection()
  shown <- sfr_show_pats(conn)
  expect_identical(shown$id, c("t1", "t0", "t5"))
  expect_identical(shown$grants[[1]], "service ML_DB.MODELS.svc, model ML_DB.MODELS.MPG")
  expect_identical(shown$replaced_by[[3]], "t1")
  quietly({
    expect_identical(sfr_rotate_pat(conn, "app", overlap_hours = 2)$token, "new")
    expect_true(sfr_revoke_pat(conn, "app"))
  })
  expect_identical(body_json(asked$requests[[2]]), list(overlap_hours = 2L))
})
