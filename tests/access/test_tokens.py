"""Tokens: their form, who they are, and when they stop working."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.registry.fake import account_at

from modelyard.access import (
    SYSTEM,
    Actor,
    Part,
    Role,
    authenticate,
    issue_token,
    list_events,
    list_tokens,
    revoke_token,
    rotate_token,
)
from modelyard.access.bearer import read_authorization
from modelyard.access.secret import new_secret, read_secret
from modelyard.errors import (
    Conflict,
    Forbidden,
    InvalidValue,
    NotFound,
    StorageFull,
    Unauthenticated,
)

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
    return issue_token(account, SYSTEM, **{"name": "anna", "role": role, **kwargs})


def come_in(account, secret, client="192.0.2.1"):
    return authenticate(account, secret, client)


def test_a_token_says_who_it_is(account):
    issued = issue(account, "caller", user="shiny", grants=["service DB.S.MPG", "model MPG"])
    actor = come_in(account, issued.secret)
    grants = (Part("service", ("DB", "S", "MPG")), Part("model", ("MODELYARD", "PUBLIC", "MPG")))
    assert actor == Actor("shiny", "caller", issued.token.id, grants)
    assert come_in(account, issue(account).secret).name == "anna"


@pytest.mark.parametrize("role", get_args(Role))
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
        come_in(account, head + _checksum(head))


def test_an_unknown_id_and_a_wrong_secret_cost_the_same_comparison(account, monkeypatch):
    compared = []

    def watched(a, b):
        compared.append((len(a), len(b)))
        return compare_digest(a, b)

    monkeypatch.setattr("modelyard.access.identify.hmac.compare_digest", watched)
    issued, unknown = issue(account), new_secret("reader").text
    come_in(account, issued.secret)
    with pytest.raises(Unauthenticated):
        come_in(account, unknown)
    assert compared == [(64, 64)] * 2


def test_an_unknown_token_is_refused(account):
    for unknown in (new_secret("owner").text, "", "my_owner_x_y", "x" * 10_000):
        with pytest.raises(Unauthenticated):
            come_in(account, unknown)


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
    assert come_in(account, secret).name == "anna"
    clock.now += timedelta(minutes=2)
    with pytest.raises(Unauthenticated, match="expired"):
        come_in(account, secret)


def test_a_token_without_days_lives_for_those_of_the_settings(account):
    assert issue(account).token.expires_at == NOW + timedelta(days=30)
    assert issue(account, days=90).token.expires_at == NOW + timedelta(days=90)


def test_the_owner_s_token_stays(account, clock):
    secret = issue(account, "owner").secret
    clock.now += timedelta(days=100_000)
    assert come_in(account, secret).role == "owner"


def test_a_token_works_from_its_ranges_of_addresses_only(account):
    secret = issue(account, networks=["10.0.0.0/8", "2001:db8::1"]).secret
    for client in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"):
        assert come_in(account, secret, client).name == "anna"
    for client in ("11.1.2.3", "2001:db8::2", None, "testclient"):
        with pytest.raises(Forbidden, match="may not be used from"):
            come_in(account, secret, client)


def test_a_rotated_token_works_a_while_longer_beside_its_successor(account, clock):
    old = issue(account, "caller", user="shiny", grants=["service S"], networks=["10.0.0.0/8"])
    clock.now += timedelta(days=10)
    new = rotate_token(account, SYSTEM, old.token.id, overlap_hours=2)
    before, after = list_tokens(account)
    assert (before.replaced_by, before.expires_at) == (after.id, clock.now + timedelta(hours=2))
    assert after.expires_at == clock.now + timedelta(days=30)
    for name in ("name", "user", "role", "grants", "networks"):
        assert getattr(after, name) == getattr(before, name), name
    clock.now += timedelta(hours=2)
    for issued in (old, new):
        assert come_in(account, issued.secret, "10.0.0.1").name == "shiny"
    clock.now += timedelta(minutes=2)
    assert come_in(account, new.secret, "10.0.0.1").token_id == new.token.id
    with pytest.raises(Unauthenticated, match="expired"):
        come_in(account, old.secret, "10.0.0.1")
    assert [e.kind for e in list_events(account)] == ["TokenRotated", "TokenIssued"]


def test_without_overlap_the_old_secret_ends_at_once(account):
    old = issue(account)
    new = rotate_token(account, SYSTEM, "anna", overlap_hours=0, days=1)
    assert new.token.expires_at == NOW + timedelta(days=1)
    assert come_in(account, new.secret)
    with pytest.raises(Unauthenticated, match="revoked"):
        come_in(account, old.secret)


def test_rotating_lengthens_no_life_of_an_old_secret(account):
    old = issue(account, days=0.5)
    rotate_token(account, SYSTEM, old.token.id, overlap_hours=48)
    (before,) = (t for t in list_tokens(account) if t.id == old.token.id)
    assert before.expires_at == NOW + timedelta(days=0.5)


def test_only_what_works_and_has_no_successor_is_rotated(account, clock):
    old, ended = issue(account), issue(account, name="ended")
    short = issue(account, name="short", days=1)
    rotate_token(account, SYSTEM, old.token.id)
    revoke_token(account, SYSTEM, ended.token.id)
    clock.now += timedelta(days=2)
    for token in (old, ended, short):
        with pytest.raises(Conflict):
            rotate_token(account, SYSTEM, token.token.id)
    with pytest.raises(Forbidden):
        rotate_token(account, SYSTEM, issue(account, "owner").token.id)
    for wrong in ({"overlap_hours": -1}, {"overlap_hours": 1000}, {"days": 91}, {"days": "x"}):
        with pytest.raises(InvalidValue):
            rotate_token(account, SYSTEM, "anna", **wrong)


def test_revoking_a_token_ends_those_it_replaced(account):
    first = issue(account)
    second = rotate_token(account, SYSTEM, "anna")
    third = rotate_token(account, SYSTEM, "anna")
    revoke_token(account, SYSTEM, "anna")
    for issued in (first, second, third):
        with pytest.raises(Unauthenticated, match="revoked"):
            come_in(account, issued.secret)


def test_a_name_means_the_one_token_that_works(account, clock):
    issue(account, days=1)
    revoke_token(account, SYSTEM, issue(account, days=2).token.id)
    clock.now += timedelta(days=1, hours=1)
    mine = issue(account)
    assert revoke_token(account, SYSTEM, "anna").id == mine.token.id
    with pytest.raises(NotFound):
        revoke_token(account, SYSTEM, "anna")
    issue(account), issue(account)
    with pytest.raises(Conflict, match="2 tokens"):
        revoke_token(account, SYSTEM, "anna")


def test_a_revoked_token_ends_at_once(account, clock):
    issued = issue(account)
    revoke_token(account, SYSTEM, issued.token.id)
    with pytest.raises(Unauthenticated, match="revoked"):
        come_in(account, issued.secret)
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
        come_in(account, issued.secret)
    assert list_tokens(account)[0].last_used_at == NOW + timedelta(seconds=90)


def test_a_full_disk_locks_nobody_out(account, monkeypatch):
    issued = issue(account)

    def full(*_):
        raise StorageFull("full")

    monkeypatch.setattr(type(account.catalog), "begin", full)
    assert come_in(account, issued.secret).name == "anna"


def test_only_the_account_makes_owners_and_only_owners_end_them(account):
    admin = Actor("bob", "admin")
    for actor in (admin, Actor("owner", "owner", "12345678")):
        with pytest.raises(Forbidden):
            issue_token(account, actor, name="x", role="owner")
    owner = issue(account, "owner")
    with pytest.raises(Forbidden):
        revoke_token(account, admin, owner.token.id)
    assert come_in(account, owner.secret).role == "owner"


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "king"},
        {"role": ""},
        {"role": "caller"},
        {"role": "auditor", "grants": ["schema S"]},
        {"role": "owner", "grants": ["schema S"]},
        {"role": "reader", "grants": ["S"]},
        {"role": "reader", "grants": "schema S"},
        {"role": "reader", "grants": ["schema S"] * 65},
        {"role": "reader", "networks": ["10.0.0.5/8"]},
        {"role": "reader", "networks": "10.0.0.0/8"},
        {"role": "reader", "user": ""},
        {"role": "reader", "days": 91},
        {"role": "reader", "days": True},
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
