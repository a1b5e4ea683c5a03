test_that("all forms of an answer are read", {
  two <- data.frame(p = c(1, 2.5))
  expect_identical(read_answer('{"data":[[0,{"p":1}],[1,{"p":2.5}]]}', 2), two)
  expect_identical(read_answer('[{"p":1},{"p":2.5}]', 2), two)
  expect_identical(read_answer('{"p":[1,2.5]}', 2), two)
  expect_identical(read_answer('{"columns":["p"],"data":[[1],[2.5]],"index":[0,1]}', 2), two)
  expect_identical(read_answer('{"dataframe_split":{"columns":["p"],"data":[[1],[2.5]]}}', 2), two)
  expect_identical(read_answer('{"predictions":[{"p":1},{"p":2.5}]}', 2), two)
})

test_that("rows are put in the order they were asked in", {
  expect_identical(read_answer('{"data":[[1,{"p":2}],[0,{"p":1}]]}', 2)$p, c(1, 2))
})

test_that("a row that is null keeps its place", {
  expect_identical(read_answer('{"data":[[0,{"p":1}],[1,null],[2,{"p":3}]]}', 3)$p, c(1, NA, 3))
  expect_identical(read_answer('{"data":[[0,{"p":null}],[1,{"p":3}]]}', 2)$p, c(NA, 3))
})

test_that("NaN and the infinities are numbers", {
  answer <- read_answer('{"data":[[0,{"p":"NaN"}],[1,{"p":"-Inf"}],[2,{"p":1}]]}', 3)
  expect_identical(answer$p, c(NaN, -Inf, 1))
})

test_that("the contract gives the types back", {
  answer <- read_answer('[{"d":"2024-05-31","t":"2024-05-31T12:00:00.5Z","i":3,"x":1,"s":"1"}]', 1)
  column <- function(name, type) list(name = name, type = type)
  typed <- typed_answer(answer, list(
    column("d", "date"), column("t", "timestamp"), column("i", "integer"), column("x", "double"),
    column("s", "string")
  ))
  expect_identical(typed$d, as.Date("2024-05-31"))
  expect_identical(as.numeric(typed$t), 1717156800.5)
  expect_identical(typed$i, 3L)
  expect_identical(typed$s, "1")
})

test_that("a form that is not known is an error", {
  expect_error(read_answer('{"a":[1],"b":[1,2]}', 1), class = "modelyard_internal")
  expect_error(read_answer("<html>", 1), class = "modelyard_internal")
})
