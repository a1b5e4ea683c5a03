cars <- data.frame(wt = c(2.5, 3))
fit <- function() lm(mpg ~ wt, data = mtcars)

test_that("the function itself is called", {
  body <- sfr_predict_body(function(model, input) {
    data.frame(pred = predict(model, input), note = "input from model")
  })
  scores <- sfr_predict_local(fit(), cars, predict_body = body)
  expect_named(scores, c("pred", "note"))
  expect_identical(scores$note, rep("input from model", 2))
})

test_that("it shows as a template in which only the arguments are placeholders", {
  body <- sfr_predict_body(function(m, d) {
    g <- function(d) d
    data.frame(m = predict(m, newdata = d), s = "m and d", w = d$m, v = g(d)[1, ])
  })
  expect_true(is.character(body))
  expect_length(body, 1)
  expect_snapshot(cat(body))
  expect_snapshot(print(body))
})

test_that("a template works as text, by its result or its last value", {
  result <- "p_{{UID}} <- predict({{MODEL}}, {{INPUT}})\nresult <- data.frame(n = {{N}}, p = p_{{UID}})\n1"
  expect_identical(
    sfr_predict_local(fit(), cars, predict_body = result),
    data.frame(n = c(2L, 2L), p = unname(predict(fit(), cars)))
  )
  last <- "data.frame(s = \"{{INPUT}}\", w = {{INPUT}}[, \"wt\"])"
  expect_identical(
    sfr_predict_local(fit(), cars, predict_body = last),
    data.frame(s = rep("{{INPUT}}", 2), w = cars$wt)
  )
})

test_that("a body that lost its function still works from its text", {
  body <- sfr_predict_body(function(model, input) predict(model, input) * 2)
  plain <- paste0(body)
  expect_null(attributes(plain))
  expect_identical(
    sfr_predict_local(fit(), cars, predict_body = plain),
    sfr_predict_local(fit(), cars, predict_body = body)
  )
})

test_that("what is no function of two arguments is refused", {
  expect_error(sfr_predict_body(function(model) 1), class = "modelyard_invalid_value")
  expect_error(sfr_predict_body("predict"), class = "modelyard_invalid_value")
  expect_error(
    sfr_predict_local(fit(), cars, predict_body = "this is ( not"),
    class = "modelyard_invalid_value"
  )
})
