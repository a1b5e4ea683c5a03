"""Files of the author's own in a worker: there, read-only, and only as they were logged."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from modelyard.errors import ModelRejected
from modelyard.runtime.manifest import File

BODY = """
function(model, input) {
  folder <- getOption("modelyard.user_files")
  file <- file.path(folder, "lookup", "add.txt")
  tried <- suppressWarnings(tryCatch(cat("9", file = file), error = function(e) "refused"))
  stopifnot(identical(tried, "refused") || identical(readLines(file), "2"))
  input$x + as.numeric(readLines(file, warn = FALSE)) + one()
}
"""


def with_files(workshop, **files: bytes):
    manifest = workshop.manifest("lm(dist ~ speed, cars)", {"x": "double"}, body=BODY)
    own = []
    for role, data in files.items():
        stored = workshop.store.put(io.BytesIO(data))
        own.append(File(role, stored.digest, stored.size_bytes))
    return replace(manifest, files=(*manifest.files, *own))


def test_predict_reads_them_and_finds_the_code(workshop, pool, x):
    files = {
        "user/lookup/add.txt": b"2",
        "code/a.R": b"one <- function() n",
        "code/z/b.R": b"n <- 1",
    }
    manifest = with_files(workshop, **files, **{"user/empty": b"", "code/c.py": b"no R"})
    assert pool.predict(manifest, x).table["prediction"].to_pylist() == [4.0, 5.0]
    assert pool.predict(manifest, x).table["prediction"].to_pylist() == [4.0, 5.0]


def test_methods_of_classes_are_found(workshop, pool, x):
    manifest = workshop.manifest("structure(list(each = 2), class = 'house')", {"x": "double"})
    code = b"predict.house <- function(object, newdata, ...) object$each * newdata$x"
    stored = workshop.store.put(io.BytesIO(code))
    file = File("code/house.R", stored.digest, stored.size_bytes)
    manifest = replace(manifest, files=(*manifest.files, file))
    assert pool.predict(manifest, x).table["prediction"].to_pylist() == [2.0, 4.0]


def test_other_files_are_another_model(workshop, pool, x):
    code = {"code/a.R": b"one <- function() 1"}
    for text, expected in ((b"2", [4.0, 5.0]), (b"3", [5.0, 6.0])):
        manifest = with_files(workshop, **{"user/lookup/add.txt": text}, **code)
        assert pool.predict(manifest, x).table["prediction"].to_pylist() == expected


def test_code_that_fails_says_which(workshop, pool, x):
    manifest = with_files(workshop, **{"code/bad.R": b"stop('not today')"})
    with pytest.raises(ModelRejected, match=r"bad\.R of code_paths cannot be sourced: not today"):
        pool.predict(manifest, x)


@pytest.mark.parametrize("role", ["user/../../../etc/x", "user/a.txt"])
def test_changed_bytes_and_other_places_are_refused(workshop, pool, x, role):
    manifest = with_files(workshop, **{"user/a.txt": b"as it was"})
    *rest, file = manifest.files
    place = workshop.root / file.digest[:2] / file.digest
    if role == file.role:
        place.chmod(0o644)
        place.write_bytes(b"as it is.")
    with pytest.raises(ModelRejected, match="changed|no place"):
        pool.predict(replace(manifest, files=(*rest, replace(file, role=role))), x)
    place.unlink()
