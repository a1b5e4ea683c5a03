"""Who may do what: the whole table, and nothing outside it."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.access import Action, Actor, allow
from modelyard.access.guard import MAY
from modelyard.errors import Forbidden

ACTIONS = get_args(Action)
READER = {"account.read", "model.read", "model.predict", "service.read", "table.read"}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ["owner", "admin", "reader", "caller"])
def test_each_role_may_do_what_the_table_says(role, action):
    may = role in ("owner", "admin") or (role == "reader" and action in READER)
    if role == "caller":
        may = action == "service.call"
    actor = Actor("x", role, service="S")
    if may:
        allow(actor, action, service="s")
    else:
        with pytest.raises(Forbidden):
            allow(actor, action, service="S")


def test_a_caller_calls_only_its_own_service():
    for service in ("OTHER", None, ""):
        with pytest.raises(Forbidden, match="another service"):
            allow(Actor("x", "caller", service="S"), "service.call", service=service)
    with pytest.raises(Forbidden):
        allow(Actor("x", "caller"), "service.call", service="S")


@given(st.text(), st.text())
def test_what_is_not_in_the_table_is_refused(role, action):
    if action not in MAY.get(role, ()):
        with pytest.raises(Forbidden):
            allow(Actor("x", role), action)
