# Artifacts are kept under made-up digests; the log request is kept as it came.
local_registry <- function(answer = about_version(), env = parent.frame()) {
  force(env)
  kept <- new.env()
  kept$files <- list()
  kept$asked <- fake_server(list(
    "POST /api/v1/artifacts" = function(request) {
      digest <- paste0("digest-", length(kept$files) + 1)
      path <- as.character(request$body)
      kept$files[[digest]] <- readBin(path, "raw", file.size(path))
      list(digest = digest, size_bytes = 1L)
    },
    "POST /api/v1/models/MTCARS_MPG/versions" = function(request) {
      kept$request <- body_json(request)
      kept$keys <- c(kept$keys, request$headers[["Idempotency-Key"]])
      if (is.function(answer)) return(answer(length(kept$keys)))
      if (inherits(answer, "httr2_response")) answer else json_answer(answer, 201)
    }
  ), env = env)
  kept
}

read_kept <- function(kept, role) unserialize(memDecompress(kept$files[[kept$request$files[[role]]]], "gzip"))
read_rows <- function(kept, role) unserialize(kept$files[[kept$request$files[[role]]]])
fit <- function() lm(mpg ~ wt + hp + cyl, data = mtcars)

test_that("the seed's call logs model, samples and their predictions", {
  kept <- local_registry()
  model <- fit()
  expect_snapshot(mv <- sfr_log_model(
    fake_registry(),
    model = model, model_name = "MTCARS_MPG",
    input_cols = list(wt = "double", hp = "double", cyl = "integer"),
    output_cols = list(prediction = "double"), comment = "LM predicting MPG"
  ))
  expect_s3_class(mv, "sfr_model_version")
  expect_identical(mv[c("model_name", "version_name")], list(model_name = "MTCARS_MPG", version_name = "V1"))
  expect_true(all(c("py_model_version", "py_registry", "reg") %in% names(mv)))
  samples <- read_rows(kept, "samples")
  expect_identical(nrow(samples), 32L)
  expect_type(samples$cyl, "integer")
  expect_identical(read_rows(kept, "predictions")$prediction, unname(predict(model, samples)))
  expect_identical(predict(read_kept(kept, "model"), samples), predict(model, samples))
  expect_identical(kept$request$sample_origin, "model_frame")
  expect_identical(kept$request$comment, "LM predicting MPG")
  expect_identical(kept$request$inputs[[3]], list(name = "cyl", type = "integer"))
  expect_identical(kept$request$rows, "same")
})

test_that("the version prints its contract", {
  expect_snapshot(print(new_model_version(fake_registry(), about_version())))
})

test_that("without a contract the model's own rows describe it", {
  kept <- local_registry()
  frame <- transform(mtcars, gear = factor(gear), am = am == 1, vs = c("v", "s")[vs + 1])
  quietly(sfr_log_model(fake_registry(), lm(mpg ~ wt + gear + am + vs, data = frame), "MTCARS_MPG"))
  types <- vapply(kept$request$inputs, \(column) column$type, "")
  expect_identical(types, c("double", "factor", "boolean", "string"))
  expect_identical(kept$request$inputs[[2]]$levels, list("3", "4", "5"))
  expect_identical(kept$request$inputs[[4]]$levels, list("s", "v"))
})

test_that("sample_input comes first, and only the columns the model takes", {
  kept <- local_registry()
  quietly(sfr_log_model(fake_registry(), fit(), "MTCARS_MPG", sample_input = mtcars[1:3, ]))
  expect_identical(kept$request$sample_origin, "sample_input")
  expect_named(read_rows(kept, "samples"), c("wt", "hp", "cyl"))
  expect_identical(nrow(read_rows(kept, "samples")), 3L)
})

test_that("the columns of a class that keeps their names only are taken without the response", {
  skip_if_not_installed("ranger")
  kept <- local_registry()
  forest <- ranger::ranger(Species ~ ., iris, num.trees = 2)
  quietly(sfr_log_model(fake_registry(), forest, "MTCARS_MPG", sample_input = iris))
  expect_named(read_rows(kept, "samples"), names(iris)[1:4])
})

test_that("columns that a predict function names are taken beside those of the model", {
  kept <- local_registry()
  by <- local(envir = new.env(parent = globalenv()), {
    rates <- c("4" = 1, "6" = 2, "8" = 3)
    pick <- function(rows) rates[as.character(rows[["gear"]])]
    columns <- c("carb", "am")
    sfr_predict_body(function(model, input) {
      predict(model, input) * input$vs + pick(input) + rowSums(input[columns])
    })
  })
  expect_snapshot(
    . <- sfr_log_model(fake_registry(), fit(), "MTCARS_MPG",
      predict_body = by, sample_input = mtcars[c("mpg", "carb", "vs", "am", "gear", "cyl", "wt", "hp")]
    ),
    transform = \(lines) gsub("[0-9.]+ k?B", "<size>", lines)
  )
  expect_named(read_rows(kept, "samples"), c("wt", "hp", "cyl", "carb", "vs", "am", "gear"))
})

test_that("sample rows without a column of the model, and models without predict(), are refused", {
  kept <- local_registry()
  reg <- fake_registry()
  expect_snapshot(sfr_log_model(reg, fit(), "MTCARS_MPG", sample_input = cars), error = TRUE)
  alien <- structure(list(slope = 2), class = "alien_of_test")
  expect_snapshot(sfr_log_model(reg, alien, "MTCARS_MPG", sample_input = cars), error = TRUE)
  expect_length(kept$files, 0)
})

test_that("an argument that is not given is named by the verb", {
  expect_snapshot(error = TRUE, {
    sfr_log_model(fake_registry(), fit())
    sfr_predict(fake_registry(), "MTCARS_MPG")
    sfr_predict_local(fit())
    sfr_deploy_model(fake_registry(), "MTCARS_MPG", "V1")
    sfr_show_models()
  })
})

test_that("a training dataset that is none is warned about, and its rows are used", {
  kept <- local_registry()
  expect_warning(
    quietly(sfr_log_model(fake_registry(), fit(), "MTCARS_MPG", training_dataset = mtcars)), "lineage"
  )
  expect_identical(kept$request$sample_origin, "training_dataset")
})

test_that("samples that the author named must be scored", {
  local_registry()
  body <- sfr_predict_body(function(model, input) stop("no"))
  expect_error(
    sfr_log_model(fake_registry(), fit(), "MTCARS_MPG", predict_body = body, sample_input = mtcars),
    class = "modelyard_model_error"
  )
  expect_warning(
    quietly(sfr_log_model(fake_registry(), fit(), "MTCARS_MPG", predict_body = body)),
    "could not be scored"
  )
})

test_that("a class's own predict() must answer for the rows it was trained on", {
  local_registry()
  rows <- mtcars
  rows$wide <- scale(rows$wt)
  fit <- lm(mpg ~ exp(wide), rows)
  expect_error(quietly(sfr_log_model(fake_registry(), fit, "MTCARS_MPG")), "nmatrix.1",
    class = "modelyard_model_error"
  )
})

test_that("a body travels as a function, and arguments as JSON", {
  kept <- local_registry()
  body <- sfr_predict_body(function(model, input) data.frame(p = predict(model, input)))
  quietly(sfr_log_model(fake_registry(), fit(), "MTCARS_MPG",
    predict_body = body, predict_args = list(level = 0.9, terms = c("a", "b")),
    predict_pkgs = "stats", nullable = c(hp = FALSE), metrics = list(rmse = 1 / 3), rows = "free",
    version_name = "V7"
  ))
  expect_identical(read_kept(kept, "body")(fit(), mtcars[1, ]), data.frame(p = predict(fit(), mtcars[1, ])))
  expect_identical(kept$request$predict, list(
    fn = "predict", packages = list("stats"), args = list(level = 0.9, terms = list("a", "b"))
  ))
  expect_identical(kept$request$nullable, list(hp = FALSE))
  expect_identical(kept$request$metrics$rmse, 1 / 3)
  expect_identical(kept$request$rows, "free")
  expect_identical(kept$request$version_name, "V7")
})

test_that("a lost answer is asked for once more under the same key", {
  lost <- function(n) {
    if (n == 1) rlang::abort("Failure when receiving data from the peer")
    json_answer(about_version())
  }
  kept <- local_registry(lost)
  mv <- quietly(sfr_log_model(fake_registry(), fit(), "MTCARS_MPG"))
  expect_identical(mv$version_name, "V1")
  expect_length(kept$keys, 2)
  expect_identical(kept$keys[[1]], kept$keys[[2]])
  expect_match(kept$keys[[1]], "^[A-Za-z0-9.-]{8,200}$")
})

test_that("the server's refusal is not asked for again", {
  kept <- local_registry(error_answer(409, "already_exists", "MTCARS_MPG already has a V1."))
  expect_error(
    quietly(sfr_log_model(fake_registry(), fit(), "MTCARS_MPG")), class = "modelyard_already_exists"
  )
  expect_length(kept$keys, 1)
})

test_that("the server's notes are told as they are", {
  local_registry(about_version(notes = I("It keeps {n} rows.")))
  expect_message(
    sfr_log_model(fake_registry(), fit(), "MTCARS_MPG"), "It keeps {n} rows.",
    fixed = TRUE
  )
})

test_that("a version that is only known to load is warned of", {
  note <- "No sample row could be scored (no {x}), so the version is only known to load."
  local_registry(about_version(notes = I(note), checks = list(verified = "load")))
  expect_warning(
    version <- quietly(sfr_log_model(fake_registry(), fit(), "MTCARS_MPG")), note,
    fixed = TRUE
  )
  expect_match(format(version), "no row could be scored", all = FALSE)
})

test_that("a glm on the scale of its link is warned about once", {
  kept <- local_registry(about_version(notes = I("Predictions are on the scale of the link.")))
  model <- glm(am ~ wt, data = mtcars, family = binomial)
  expect_snapshot(. <- sfr_log_model(fake_registry(), model, "MTCARS_MPG"))
  expect_no_warning <- function(code) expect_warning(code, NA)
  expect_no_warning(quietly(
    sfr_log_model(fake_registry(), model, "MTCARS_MPG", predict_args = list(type = "response"))
  ))
  expect_identical(kept$request$predict$args, list(type = "response"))
})

test_that("what cannot be saved is refused before anything is sent", {
  kept <- local_registry()
  reg <- fake_registry()
  connection <- textConnection("x")
  withr::defer(close(connection))
  expect_snapshot(sfr_log_model(reg, connection, "MTCARS_MPG"), error = TRUE)
  expect_error(sfr_log_model(reg, NULL, "MTCARS_MPG"), class = "modelyard_model_rejected")
  pointer <- methods::new("externalptr")
  expect_error(sfr_log_model(reg, pointer, "MTCARS_MPG"), class = "modelyard_model_rejected")
  expect_length(kept$files, 0)
})

test_that("a version prints what its bytes hold", {
  holds <- list(
    verdict = "data", unpacked_bytes = 7800,
    rows = list(list(path = "model$model", rows = 32, columns = 2))
  )
  version <- new_model_version(fake_registry(), about_version(contents = holds))
  expect_match(format(version), "data, 7.8 kB; rows in model$model (32 rows)",
    fixed = TRUE, all = FALSE
  )
})

test_that("arguments are checked by name", {
  local_registry()
  reg <- fake_registry()
  log <- function(...) sfr_log_model(reg, fit(), ...)
  expect_error(log("DB.S.M"), class = "modelyard_invalid_name")
  expect_error(log("M", input_cols = list(wt = "dbl")), class = "modelyard_invalid_signature")
  expect_error(log("M", nullable = TRUE), class = "modelyard_invalid_value")
  expect_error(log("M", rows = "some"), class = "modelyard_invalid_value")
  expect_error(log("M", predict_args = list(f = mean)), class = "modelyard_invalid_value")
  expect_error(log("M", predict_args = list(level = Inf)), class = "modelyard_invalid_value")
  expect_error(log("M", predict_args = list(level = c(1, NA))), "level.*nor NA",
    class = "modelyard_invalid_value"
  )
  expect_no_error(check_plain_args(list(re.form = NA)))
  expect_error(log("M", metrics = 3), class = "modelyard_invalid_value")
  expect_snapshot(sfr_log_model(list(), fit(), "M"), error = TRUE)
})

test_that("a task is one of those there are", {
  expect_identical(check_task("tabular_regression"), "TABULAR_REGRESSION")
  expect_identical(check_task("UNKNOWN"), "UNKNOWN")
  expect_error(check_task("regression"), "TABULAR_RANKING", class = "modelyard_invalid_value")
})

test_that("a strict channel refuses another", {
  reg <- fake_registry(conda_channel = "inside", conda_channel_strict = TRUE)
  local_registry()
  expect_error(
    quietly(sfr_log_model(reg, fit(), "MTCARS_MPG", conda_channel = "other")),
    class = "modelyard_invalid_value"
  )
  expect_error(fake_registry(conda_channel_strict = TRUE), class = "modelyard_invalid_value")
})

test_that("arguments nobody knows are named", {
  local_registry()
  expect_snapshot(
    . <- sfr_log_model(fake_registry(), fit(), "MTCARS_MPG", signatures = 1, metricss = list(a = 1))
  )
})

test_that("arguments of predict() are said to be, and words it does not have refused", {
  local_registry()
  log <- function(...) quietly(sfr_log_model(fake_registry(), fit(), "MTCARS_MPG", ...))
  expect_warning(log(interval = "confidence"), "predict_args = list\\(interval = \\)")
  expect_warning(log(predict_args = list(intervl = "confidence")), "`interval` meant")
  expect_no_warning(log(predict_args = list(se = TRUE)))
  expect_error(log(predict_args = list(interval = "predction")), "none, confidence, prediction",
    class = "modelyard_invalid_value"
  )
  forest <- randomForest::randomForest(factor(am) ~ wt, mtcars, ntree = 3)
  expect_error(
    sfr_predict_local(forest, mtcars, predict_args = list(type = "probability")),
    "response, prob, vote, class",
    class = "modelyard_invalid_value"
  )
})
