"""Who may do what: the whole table, and nothing outside it; and where."""

from __future__ import annotations

from types import SimpleNamespace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.access import Action, Actor, Part, Role, allow, routes
from modelyard.access.guard import MAY, NOWHERE
from modelyard.access.networks import is_inside, read_network
from modelyard.errors import Forbidden, InvalidName, InvalidValue
from modelyard.names import Namespace, Qualified

HERE = Namespace("ML_DB", "MODELS")


def test_a_caller_without_a_grant_may_call_nothing(monkeypatch):
    monkeypatch.setattr(routes, "authenticate", lambda *_: Actor("old", "caller"))
    monkeypatch.setattr(routes, "account_of", lambda _: None)
    request = SimpleNamespace(headers={"authorization": "Bearer x"}, client=None)
    about = Part.of("model", Qualified(HERE, "MPG"))
    with pytest.raises(Forbidden):
        routes.may("model.call", about=lambda _: (about,))(request)
    monkeypatch.setattr(routes, "authenticate", lambda *_: Actor("r", "reader"))
    assert routes.may("model.call", about=lambda _: (about,))(request).name == "r"


CALLING = {"model.call", "service.call"}
READING = {
    "account.read",
    "model.read",
    "model.predict",
    "model.call",
    "service.read",
    "table.read",
}
LOGGING = {"model.log", "model.annotate", "model.download", "artifact.write"}
TABLE = {
    "owner": set(get_args(Action)),
    "admin": set(get_args(Action)),
    "deployer": READING | {"model.point", "service.write"},
    "author": READING | LOGGING,
    "reader": READING,
    "auditor": {"account.read", "event.read"},
    "caller": CALLING,
}
SERVICE = Part.of("service", Qualified(HERE, "svc"))
MODEL = Part.of("model", Qualified(HERE, "MPG"))
TABLE_OF_ROWS = Part.of("table", Qualified(HERE, "CARS"))


def grants(*texts: str) -> tuple[Part, ...]:
    return tuple(Part.parse(text, HERE) for text in texts)


@pytest.mark.parametrize("action", get_args(Action))
@pytest.mark.parametrize("role", get_args(Role))
def test_each_role_may_do_what_the_table_says(role, action):
    actor = Actor("x", role, grants=grants("service svc"))
    if action in TABLE[role]:
        allow(actor, action, SERVICE)
    else:
        with pytest.raises(Forbidden):
            allow(actor, action, SERVICE)


@given(st.text(), st.text())
def test_what_is_not_in_the_table_is_refused(role, action):
    if action not in MAY.get(role, ()):
        with pytest.raises(Forbidden):
            allow(Actor("x", role), action)


@pytest.mark.parametrize(
    ("grant", "about", "may"),
    [
        ("service svc", (SERVICE, MODEL), True),
        ("service SVC", (SERVICE, MODEL), True),
        ("service ml_db.models.Svc", (SERVICE, MODEL), True),
        ("service other", (SERVICE, MODEL), False),
        ("service OTHER.svc", (SERVICE, MODEL), False),
        ("service MPG", (SERVICE, MODEL), False),
        ("model MPG", (SERVICE, MODEL), True),
        ("model svc", (SERVICE, MODEL), False),
        ("model MPG", (TABLE_OF_ROWS,), False),
        ("model CARS", (TABLE_OF_ROWS,), False),
        ("schema MODELS", (TABLE_OF_ROWS,), True),
        ("schema ml_db.models", (SERVICE,), True),
        ("schema ML_DB.MODEL", (SERVICE,), False),
        ("schema OTHER.MODELS", (SERVICE,), False),
        ("database ml_db", (MODEL,), True),
        ("database ML", (MODEL,), False),
        ("database ML_DB", (Part.of("schema", HERE),), True),
        ("schema MODELS", (Part.of("schema", HERE),), True),
        ("model MPG", (Part.of("schema", HERE),), False),
        ("database ML_DB", (), False),
    ],
)
def test_a_grant_counts_for_what_lies_in_it_and_nothing_else(grant, about, may):
    actor = Actor("x", "admin", grants=grants(grant))
    if may:
        allow(actor, "model.read", *about)
    else:
        with pytest.raises(Forbidden, match="This token is for"):
            allow(actor, "model.read", *about)


def test_without_grants_a_role_counts_everywhere_but_a_caller_s_nowhere():
    allow(Actor("x", "reader"), "model.read")
    for about in ((), (SERVICE, MODEL)):
        with pytest.raises(Forbidden):
            allow(Actor("x", "caller"), "service.call", *about)


def test_one_of_several_grants_is_enough():
    actor = Actor("x", "caller", grants=grants("service other", "model MPG"))
    allow(actor, "service.call", SERVICE, MODEL)


def test_what_touches_no_part_needs_no_grant():
    actor = Actor("x", "author", grants=grants("model MPG"))
    for action in NOWHERE:
        allow(actor, action)


@pytest.mark.parametrize(
    "text", ["", "MPG", "model", "model ", "table CARS", "king K", None, 3, ["model MPG"]]
)
def test_what_is_no_grant_is_refused(text):
    with pytest.raises(InvalidValue):
        Part.parse(text, HERE)


@pytest.mark.parametrize(
    "text", ["model a-b", "database A.B", "schema A.B.C", "service a.b.c.d", "model 'x'; --"]
)
def test_a_grant_of_what_cannot_have_that_name_is_refused(text):
    with pytest.raises(InvalidName):
        Part.parse(text, HERE)


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_$]{0,8}", fullmatch=True)


@given(st.sampled_from(["database", "schema", "model", "service"]), names, names, names)
def test_a_grant_survives_printing(kind, a, b, c):
    length = {"database": 1, "schema": 2}.get(kind, 3)
    part = Part(kind, (a, b, c)[:length])
    assert Part.parse(str(part), HERE) == part


@pytest.mark.parametrize(
    ("network", "client", "inside"),
    [
        ("10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "::ffff:11.1.2.3", False),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "127.0.0.2", False),
        ("::ffff:127.0.0.0/104", "127.1.2.3", True),
        ("::ffff:127.0.0.0/104", "::ffff:127.1.2.3", True),
        ("::ffff:127.0.0.0/104", "128.0.0.1", False),
        ("::ffff:0:0/96", "8.8.8.8", True),
        ("::ffff:0:0/96", "2001:db8::1", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8::/32", "2001:db8:1::5", True),
        ("2001:db8::/32", "2001:db9::5", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("0.0.0.0/0", None, False),
        ("0.0.0.0/0", "testclient", False),
        ("::/0", "", False),
    ],
)
def test_an_address_is_in_a_range_or_not(network, client, inside):
    assert is_inside([read_network(network)], client) is inside


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("::ffff:127.0.0.1", "127.0.0.1/32"),
        ("::ffff:127.0.0.0/104", "127.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::fffe:0:0/95", "::fffe:0:0/95"),
        ("2001:db8::/112", "2001:db8::/112"),
        ("::/0", "::/0"),
    ],
)
def test_ranges_of_ipv4_are_kept_as_ipv4(text, kept):
    assert read_network(text) == kept


@pytest.mark.parametrize("text", ["", "10.0.0.5/8", "10.0.0.0/33", "host", "10.0.0", 7, None])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(InvalidValue, match="no range"):
        read_network(text)
