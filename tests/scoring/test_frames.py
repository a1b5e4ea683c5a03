from __future__ import annotations

import json

import pytest

from modelyard.errors import UnsupportedMediaType
from modelyard.scoring.dialects import CSV, mlflow_of
from modelyard.scoring.frames import ARROW, JSON, RDS, Answer, media_type


@pytest.mark.parametrize("said", [("x" * 100,) * 1000, ("€" * 10_000,), ("one", "two")])
def test_notes_make_a_short_header_of_json_in_ascii(said):
    headers = Answer(b"", JSON, "V1", "same", said, ()).headers()
    assert len(headers["x-modelyard-notes"]) <= 4096
    assert headers["x-modelyard-notes"].isascii()
    assert json.loads(headers["x-modelyard-notes"])[0][0] == said[0][0]
    assert headers["x-modelyard-version"] == "V1"
    assert "x-modelyard-warnings" not in headers


def test_an_answer_says_whether_its_rows_are_those_of_the_request():
    assert Answer(b"", JSON, "V1", "free", (), ()).headers()["x-modelyard-rows"] == "free"


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8", "us-ascii", ""])
def test_text_in_utf_8_is_read(charset):
    assert media_type(f"{JSON}; charset={charset}") == JSON
    assert mlflow_of(f"{CSV};header=present; Charset={charset}")[0] == CSV


@pytest.mark.parametrize("charset", ["latin1", "ISO-8859-1", '"utf-16"', "windows-1252"])
def test_text_in_another_charset_is_refused_by_its_name(charset):
    for read, form in ((media_type, JSON), (mlflow_of, JSON), (mlflow_of, CSV)):
        with pytest.raises(UnsupportedMediaType) as caught:
            read(f"{form}; charset={charset}")
        assert charset.strip('"').lower() in caught.value.message


@pytest.mark.parametrize("form", [RDS, ARROW])
def test_bytes_have_no_charset(form):
    assert media_type(f"{form}; charset=binary") == form
