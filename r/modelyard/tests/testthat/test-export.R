tar_of <- function(files) {
  folder <- withr::local_tempdir()
  for (name in names(files)) {
    dir.create(file.path(folder, dirname(name)), recursive = TRUE, showWarnings = FALSE)
    writeLines(files[[name]], file.path(folder, name))
  }
  pack_folder(folder)
}

test_that("a version becomes a folder, and the folder a version", {
  archive <- tar_of(list("manifest.json" = "{}", "files/model.rds" = "bytes"))
  tar <- httr2::response(
    headers = list(`content-type` = "application/x-tar"),
    body = readBin(archive, "raw", file.size(archive))
  )
  sent <- NULL
  asked <- fake_server(list(
    "GET /api/v1/models/M/versions/V1/export" = tar,
    "POST /api/v1/models/COPY/import" = function(request) {
      sent <<- utils::untar(as.character(request$body), list = TRUE, tar = "internal")
      about_version("V1", "COPY")
    }
  ))
  target <- file.path(withr::local_tempdir(), "out")
  reg <- fake_registry()
  quietly(expect_identical(sfr_export_model(reg, "M", "V1", target), target))
  expect_identical(readLines(file.path(target, "files", "model.rds")), "bytes")
  mv <- quietly(sfr_import_model(reg, target, "COPY", "V9"))
  expect_identical(mv$model_name, "COPY")
  expect_setequal(sent, c("manifest.json", "files/model.rds"))
  expect_identical(asked$requests[[2]]$query$version, "V9")
  expect_error(sfr_export_model(reg, "M", "V1", target), class = "modelyard_already_exists")
  expect_error(sfr_import_model(reg, "nowhere", "COPY"), class = "modelyard_not_found")
})

test_that("nothing is unpacked outside the folder", {
  expect_error(refuse_outside(c("a", "../b")), class = "modelyard_malformed_request")
  expect_error(refuse_outside("/etc/passwd"), class = "modelyard_malformed_request")
  expect_silent(refuse_outside(c("a/b..c", "..d/e")))
})
