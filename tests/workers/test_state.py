"""What one request changes in R is gone before the next: the numbers do not depend on who came first."""

from __future__ import annotations

import pyarrow as pa
import pytest

from modelyard.errors import ModelError

ONE, BAD = pa.table({"x": [1.0]}), pa.table({"x": [13.0]})

CHANGES = {
    "option": ("options(OutDec = ',')", "nchar(format(1.5, OutDec = getOption('OutDec'))) + (getOption('OutDec') == ',')"),
    "new_option": ("options(mine = 5)", "length(getOption('mine'))"),
    "folder": ("setwd(tempdir())", "as.numeric(getwd() == normalizePath(tempdir()))"),
    "variable": ("Sys.setenv(MINE = '5')", "nchar(Sys.getenv('MINE'))"),
    "variable_changed": ("Sys.setenv(R_LIBS = 'x')", "as.numeric(Sys.getenv('R_LIBS') == 'x')"),
    "variable_unset": ("Sys.unsetenv('LC_ALL')", "nchar(Sys.getenv('LC_ALL'))"),
    "zone": ("Sys.setenv(TZ = 'Asia/Tokyo')", "as.numeric(as.POSIXct('2024-01-01 00:00'))"),
    "locale": ("Sys.setlocale('LC_COLLATE', 'C')", "as.numeric(Sys.getlocale('LC_COLLATE') == 'C')"),
    "kind_of_random_numbers": ("RNGkind('Wichmann-Hill')", "{ set.seed(1); runif(1) }"),
    "sampling": ("suppressWarnings(RNGkind(sample.kind = 'Rounding'))", "{ set.seed(3); sample(1e6, 1) }"),
    "time_limit": ("setTimeLimit(elapsed = 1e-6); return(1)", "tryCatch({ Sys.sleep(0.01); 0 }, error = function(e) 2)"),
    "global": ("assign('k', 5, globalenv())", "as.numeric(exists('k', globalenv()))"),
    "attached_data": ("attach(list(k = 5), name = 'mine')", "as.numeric('mine' %in% search())"),
    "own_predict_method": (
        "registerS3method('predict', 'lm', function(object, ...) 999, asNamespace('stats'))",
        "predict(model, data.frame(wt = 3))",
    ),
    "new_method": (
        "registerS3method('predict', 'mine', function(object, ...) 999, asNamespace('stats'))",
        "length(getS3method('predict', 'mine', optional = TRUE))",
    ),
    "method_of_base": (
        "registerS3method('format', 'mine', function(x, ...) 'x', baseenv())",
        "length(getS3method('format', 'mine', optional = TRUE))",
    ),
}  # fmt: skip


def manifest_of(workshop, change: str, look: str):
    body = f"function(model, input) {{ if (input$x == 13) {{ {change} }}; as.numeric({look}) }}"
    return workshop.manifest(
        "lm(mpg ~ wt, mtcars)", {"x": "double"}, body=body, row_independent=False
    )


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_ends_with_its_request(workshop, what):
    pool = workshop.pool(max_workers=1)
    manifest = manifest_of(workshop, *CHANGES[what])
    before, changed, after = (
        pool.predict(manifest, rows).table["prediction"].to_pylist() for rows in (ONE, BAD, ONE)
    )
    pool.close()
    assert after == before != changed


def test_a_change_by_a_request_that_fails_ends_too(workshop):
    change, look = CHANGES["method_of_base"]
    pool = workshop.pool(max_workers=1)
    manifest = manifest_of(workshop, f"{change}; stop('no')", look)
    before = pool.predict(manifest, ONE).table["prediction"].to_pylist()
    with pytest.raises(ModelError, match="no"):
        pool.predict(manifest, BAD)
    assert pool.predict(manifest, ONE).table["prediction"].to_pylist() == before
    pool.close()


def test_a_method_that_nobody_had_called_yet_is_put_back_too(workshop):
    """R reads a method of its own from a file when it is called first."""
    change = "registerS3method('predict', 'ppr', function(object, ...) 999, asNamespace('stats'))"
    table = "asNamespace('stats')$.__S3MethodsTable__."
    own = f"identical(environment({table}$predict.ppr), asNamespace('stats'))"
    pool = workshop.pool(max_workers=1)
    manifest = manifest_of(workshop, f"{change}; stop({own})", own)
    with pytest.raises(ModelError, match="FALSE"):
        pool.predict(manifest, BAD)
    assert pool.predict(manifest, ONE).table["prediction"].to_pylist() == [1.0]
    pool.close()


def test_what_cannot_be_put_back_costs_a_new_worker_and_no_request(workshop):
    pool = workshop.pool(max_workers=1)
    manifest = manifest_of(workshop, "detach('package:stats')", "Sys.getpid()")
    pids = [
        pool.predict(manifest, rows).table["prediction"][0].as_py()
        for rows in (ONE, ONE, BAD, ONE, ONE)
    ]
    pool.close()
    assert pids[0] == pids[1] == pids[2] != pids[3] == pids[4]


def test_packages_that_a_request_attaches_stay(workshop):
    pool = workshop.pool(max_workers=1)
    manifest = manifest_of(
        workshop, "library(splines)", "10 * Sys.getpid() + ('package:splines' %in% search())"
    )
    first, attached, after = (
        pool.predict(manifest, rows).table["prediction"][0].as_py() for rows in (ONE, BAD, ONE)
    )
    pool.close()
    assert first + 1 == attached == after
