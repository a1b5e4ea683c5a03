from __future__ import annotations

import json

import pytest

from modelyard.scoring.frames import JSON, Answer


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
