"""Tokens from the SDK, against the real app."""

import pytest

from modelyard.client.connection import Connection
from modelyard.client.http import Http
from modelyard.errors import Conflict, Forbidden, InvalidValue, NotFound, Unauthenticated


def with_token(connection, made):
    http = Http(connection.url, made["token"], connection.http._client._transport)
    return Connection(http, "ML_DB", "MODELS", {})


def test_a_token_is_made_rotated_and_revoked(connection):
    made = connection.tokens.create("a/b app", "reader", ["schema MODELS"], user="ann", days=3)
    assert (made["user"], made["grants"]) == ("ann", ["schema ML_DB.MODELS"])
    assert with_token(connection, made).tables() == []
    new = connection.tokens.rotate("a/b app", overlap_hours=1)
    assert [with_token(connection, t).tables() for t in (made, new)] == [[], []]
    listed = {t["id"]: t for t in connection.tokens.list()}
    assert listed[made["id"]]["replaced_by"] == new["id"]
    assert not [t for t in listed.values() if "token" in t]
    assert connection.tokens.revoke("a/b app")["id"] == new["id"]
    for token in (made, new):
        with pytest.raises(Unauthenticated):
            with_token(connection, token).tables()


def test_what_cannot_be_is_refused(connection):
    create = connection.tokens.create
    with pytest.raises(InvalidValue, match="up to 90"):
        create("x", days=91)
    with pytest.raises(InvalidValue, match="says what it may call"):
        create("x", "caller")
    with pytest.raises(NotFound):
        connection.tokens.rotate("nobody")
    create("twin"), create("twin")
    with pytest.raises(Conflict, match="2 tokens"):
        connection.tokens.revoke("twin")
    with pytest.raises(Forbidden):
        with_token(connection, create("low", "author")).tokens.create("x")
