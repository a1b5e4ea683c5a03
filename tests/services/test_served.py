from __future__ import annotations

import pytest

from modelyard.access import Actor
from modelyard.access.types import Role
from modelyard.errors import Forbidden
from modelyard.names import Namespace, Qualified
from modelyard.services.health import MANY_CRASHES, WINDOW_S, health
from modelyard.services.served import may_call
from modelyard.services.types import HostState, ServiceSpec

DEFAULT = Namespace("MODELYARD", "PUBLIC")


def spec(space: Namespace) -> ServiceSpec:
    return ServiceSpec("ab" * 16, Qualified(space, "svc"), Qualified(space, "MPG"), "V1")


@pytest.mark.parametrize(
    ("role", "bound_to", "space", "may"),
    [
        ("owner", None, DEFAULT, True),
        ("admin", None, DEFAULT, True),
        ("reader", None, DEFAULT, False),
        ("caller", "svc", DEFAULT, True),
        ("caller", "SVC", DEFAULT, True),
        ("caller", "modelyard.public.svc", DEFAULT, True),
        ("caller", "other", DEFAULT, False),
        ("caller", None, DEFAULT, False),
        ("caller", "svc", Namespace("ML_DB", "MODELS"), False),
        ("caller", "ml_db.models.svc", Namespace("ML_DB", "MODELS"), True),
        ("caller", "a.b.c.d", DEFAULT, False),
    ],
)
def test_a_caller_calls_its_own_service_and_no_other(
    role: Role, bound_to: str | None, space: Namespace, may: bool
) -> None:
    actor = Actor("t", role, "id", bound_to)
    if may:
        may_call(actor, spec(space), DEFAULT)
    else:
        with pytest.raises(Forbidden):
            may_call(actor, spec(space), DEFAULT)


def test_workers_that_keep_dying_make_a_service_degraded_for_a_while() -> None:
    deaths = [float(second) for second in range(MANY_CRASHES)]
    assert health(deaths[:-1], 3.0) == (HostState.READY, None)
    state, cause = health(deaths, 3.0)
    assert state is HostState.DEGRADED
    assert "3 R workers" in (cause or "")
    assert health(deaths, MANY_CRASHES + WINDOW_S) == (HostState.READY, None)
