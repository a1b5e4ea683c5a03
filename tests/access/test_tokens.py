"""Tokens: their form, who they are, and when they stop working."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.registry.fake import account_at

from modelyard.access import (
    SYSTEM,
    Actor,
    authenticate,
    issue_token,
    list_events,
    list_tokens,
    revoke_token,
)
from modelyard.access.bearer import read_authorization
from modelyard.access.secret import new_secret, read_secret
from modelyard.errors import Forbidden, InvalidValue, NotFound, StorageFull, Unauthenticated

NOW = datetime(2024, 5, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def account(tmp_path, clock):
    account = account_at(tmp_path / "home", now=clock)
    yield account
    account.catalog.close()


def issue(account, role="reader", **kwargs):
    return issue_token(account, SYSTEM, name="anna", role=role, **kwargs)


def test_a_token_says_who_it_is(account):
    issued = issue(account, "caller", service="MPG_SERVICE")
    actor = authenticate(account, issued.secret)
    assert actor == Actor("anna", "caller", issued.token.id, "MPG_SERVICE")


@pytest.mark.parametrize("role", ["owner", "admin", "reader", "caller"])
def test_a_token_has_its_form(role):
    made = new_secret(role)
    prefix, kind, identity, tail = made.text.split("_")
    assert (prefix, kind, identity, len(tail)) == ("my", role, made.id, 49)
    assert len(identity) == 8 and tail.isalnum()
    assert made.sha256 == hashlib.sha256(tail[:43].encode()).hexdigest()
    assert read_secret(made.text) == made


def test_no_two_tokens_are_alike():
    made = [new_secret("admin") for _ in range(500)]
    assert len({m.id for m in made}) == len({m.sha256 for m in made}) == 500


@given(st.integers(0, 68), st.sampled_from("Aa0z_-é"))
def test_a_mistyped_token_is_no_token(at, letter):
    good = new_secret("reader").text
    mistyped = good[:at] + letter + good[at + 1 :]
    assert mistyped == good or read_secret(mistyped) is None


@given(st.text(max_size=100))
def test_other_text_is_no_token(text_):
    assert read_secret(text_) is None


def test_a_wrong_secret_with_a_right_id_is_refused(account):
    issued = issue(account)
    other = new_secret("reader")
    head = f"my_reader_{issued.token.id}_{other.text.split('_')[3][:43]}"
    from modelyard.access.secret import _checksum

    with pytest.raises(Unauthenticated, match="not one of this account"):
        authenticate(account, head + _checksum(head))


def test_an_unknown_token_is_refused(account):
    for unknown in (new_secret("owner").text, "", "my_owner_x_y", "x" * 10_000):
        with pytest.raises(Unauthenticated):
            authenticate(account, unknown)


def test_the_secret_is_kept_nowhere(account):
    issued = issue(account, days=3)
    secret = issued.secret.split("_")[3][:43]
    with account.catalog.connect() as tx:
        tables = tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        for table in tables:
            rows = str(tx.execute(text(f"SELECT * FROM {table}")).all())
            assert secret not in rows, table
    assert secret not in repr(issued) + repr(list_tokens(account)) + repr(new_secret("admin"))
    assert secret not in str([e.to_dict() for e in list_events(account)])


def test_a_token_expires(account, clock):
    secret = issue(account, days=1).secret
    clock.now = NOW + timedelta(days=1)
    assert authenticate(account, secret).name == "anna"
    clock.now += timedelta(minutes=2)
    with pytest.raises(Unauthenticated, match="expired"):
        authenticate(account, secret)


def test_a_token_without_days_stays(account, clock):
    secret = issue(account).secret
    clock.now += timedelta(days=100_000)
    assert authenticate(account, secret).role == "reader"


def test_a_revoked_token_ends_at_once(account, clock):
    issued = issue(account)
    revoke_token(account, SYSTEM, issued.token.id)
    with pytest.raises(Unauthenticated, match="revoked"):
        authenticate(account, issued.secret)
    clock.now += timedelta(hours=1)
    assert revoke_token(account, SYSTEM, issued.token.id).revoked_at == NOW
    assert [e.kind for e in list_events(account)] == ["TokenRevoked", "TokenIssued"]


def test_revoking_what_is_not_there_is_not_found(account):
    with pytest.raises(NotFound):
        revoke_token(account, SYSTEM, "nothere1")


def test_the_last_use_is_noted_to_the_minute(account, clock):
    issued = issue(account)
    for seconds in (5, 30, 90):
        clock.now = NOW + timedelta(seconds=seconds)
        authenticate(account, issued.secret)
    assert list_tokens(account)[0].last_used_at == NOW + timedelta(seconds=90)


def test_a_full_disk_locks_nobody_out(account, monkeypatch):
    issued = issue(account)

    def full(*_):
        raise StorageFull("full")

    monkeypatch.setattr(type(account.catalog), "begin", full)
    assert authenticate(account, issued.secret).name == "anna"


def test_only_the_owner_makes_and_ends_owners(account):
    admin = Actor("bob", "admin")
    with pytest.raises(Forbidden):
        issue_token(account, admin, name="x", role="owner")
    owner = issue(account, "owner")
    with pytest.raises(Forbidden):
        revoke_token(account, admin, owner.token.id)
    assert authenticate(account, owner.secret).role == "owner"


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "king"},
        {"role": ""},
        {"role": "caller"},
        {"role": "reader", "service": "S"},
        {"role": "reader", "days": 0},
        {"role": "reader", "days": -1},
        {"role": "reader", "days": float("nan")},
        {"role": "reader", "days": 1e9},
        {"role": "reader", "name": ""},
        {"role": "reader", "name": "a\nb"},
        {"role": "reader", "name": 3},
    ],
)
def test_a_token_that_makes_no_sense_is_refused(account, wrong):
    with pytest.raises(InvalidValue):
        issue_token(account, SYSTEM, **({"name": "anna"} | wrong))
    assert list_tokens(account) == []


@pytest.mark.parametrize(
    "header", ["Bearer abc", "bearer  abc ", 'Snowflake Token="abc"', 'SNOWFLAKE token = "abc"']
)
def test_both_forms_of_the_header_are_read(header):
    assert read_authorization(header) == "abc"


@pytest.mark.parametrize(
    "header",
    [None, "", "abc", "Basic abc", "Bearer", "Bearer a b", 'Snowflake Token=""', "Bearer\x00"],
)
def test_no_other_header_is_read(header):
    with pytest.raises(Unauthenticated):
        read_authorization(header)
