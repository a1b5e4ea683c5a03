"""What can be sent as a model: bytes, or a file that saveRDS() wrote."""

import bz2
import gzip
import lzma

import pytest

from modelyard.client.log import as_source, author_files
from modelyard.errors import InvalidValue, NotFound


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"X\n"), bz2.compress(b"X\n"), lzma.compress(b"X\n"), b"X\n\0", b"B\n", b"A\n2"],
    ids=["gzip", "bzip2", "xz", "big_endian", "little_endian", "ascii"],
)
def test_every_form_saverds_writes_is_taken(tmp_path, data):
    file = tmp_path / "model.rds"
    file.write_bytes(data)
    assert as_source(file, "model") == file


@pytest.mark.parametrize("data", [b"wt,hp\n1,2\n", b"RDX3\nX\n", b"PK\3\4", b""])
def test_another_file_is_refused_before_it_is_sent(tmp_path, data):
    file = tmp_path / "t.csv"
    file.write_bytes(data)
    with pytest.raises(InvalidValue, match=r"t\.csv is not an \.rds file") as e:
        as_source(file, "model")
    assert 'saveRDS(model, "model.rds")' in str(e.value.hint)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"no\.rds for model"):
        as_source(tmp_path / "no.rds", "model")


def test_files_of_the_authors_own_have_their_places(tmp_path):
    (tmp_path / "pkg" / "__pycache__").mkdir(parents=True)
    for name in ("rates.csv", "a.R", "pkg/b.R", "pkg/__pycache__/c.pyc"):
        (tmp_path / name).write_text("x")
    found = author_files(
        {"lookup": [tmp_path / "rates.csv"], "": [tmp_path / "rates.csv"]},
        [tmp_path / "a.R", tmp_path / "pkg"],
    )
    assert sorted(found) == ["code/a.R", "code/pkg/b.R", "user/lookup/rates.csv", "user/rates.csv"]
    with pytest.raises(NotFound, match=r"one\.csv, .*two\.R"):
        author_files({"x": [tmp_path / "one.csv"]}, [tmp_path / "two.R"])
