from __future__ import annotations

from dataclasses import replace

import pytest

from modelyard.errors import InvalidValue
from modelyard.names import Namespace, Qualified
from modelyard.services.options import Options
from modelyard.services.types import (
    LONGEST_DELAY_S,
    MAX_FAILURES,
    HostState,
    Seen,
    ServiceSpec,
    State,
    Status,
    Step,
    next_status,
    next_step,
    restart_delay_s,
)

WANTED = Seen(wanted=True)
UNWANTED = Seen(wanted=False)
H = HostState


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (WANTED, Step.START),
        (replace(WANTED, due=False), Step.WAIT),
        (replace(WANTED, held=True), Step.WAIT),
        (replace(WANTED, failures=MAX_FAILURES), Step.WAIT),
        (replace(WANTED, failures=MAX_FAILURES - 1), Step.START),
        (replace(WANTED, failures=1, final=True), Step.WAIT),
        (replace(WANTED, host=H.STARTING), Step.WAIT),
        (replace(WANTED, host=H.READY), Step.WAIT),
        (replace(WANTED, host=H.DEGRADED), Step.WAIT),
        (replace(WANTED, host=H.READY, outdated=True), Step.RELOAD),
        (replace(WANTED, host=H.DEGRADED, outdated=True), Step.RELOAD),
        (replace(WANTED, host=H.STARTING, outdated=True), Step.END),
        (replace(WANTED, host=H.READY, outdated=True, told=True), Step.WAIT),
        (replace(WANTED, host=H.DEGRADED, outdated=True, told=True, refused=True), Step.WAIT),
        (replace(WANTED, host=H.READY, old_code=True), Step.UPGRADE),
        (replace(WANTED, host=H.STARTING, old_code=True), Step.WAIT),
        (replace(WANTED, host=H.STARTING, overdue=True), Step.KILL),
        (UNWANTED, Step.FORGET),
        (replace(UNWANTED, held=True), Step.WAIT),
        (replace(UNWANTED, host=H.READY), Step.END),
        (replace(UNWANTED, host=H.ENDING), Step.END),
        (replace(UNWANTED, host=H.ENDING, overdue=True), Step.KILL),
    ],
)
def test_what_is_seen_decides_the_next_step(seen: Seen, step: Step) -> None:
    assert next_step(seen) is step


PENDING, STARTING, READY = Status(State.PENDING), Status(State.STARTING), Status(State.READY)


@pytest.mark.parametrize(
    ("now", "seen", "then"),
    [
        (PENDING, WANTED, PENDING),
        (PENDING, replace(WANTED, host=H.STARTING), STARTING),
        (STARTING, replace(WANTED, host=H.READY), READY),
        (READY, replace(WANTED, host=H.DEGRADED, cause="c"), Status(State.DEGRADED, "c")),
        (Status(State.DEGRADED, "c"), replace(WANTED, host=H.READY), READY),
        (READY, replace(WANTED, failures=1, failure="died"), Status(State.STARTING, "died")),
        (
            STARTING,
            replace(WANTED, host=H.STARTING, failures=2, failure="died"),
            Status(State.STARTING, "died"),
        ),
        (
            STARTING,
            replace(WANTED, failures=MAX_FAILURES, failure="died"),
            Status(State.FAILED, "died"),
        ),
        (
            STARTING,
            replace(WANTED, failures=1, failure="no package", final=True),
            Status(State.FAILED, "no package"),
        ),
        (READY, replace(UNWANTED, host=H.READY), READY),
        (READY, replace(UNWANTED, held=True), READY),
        (READY, UNWANTED, Status(State.STOPPED)),
        (Status(State.FAILED, "x"), WANTED, PENDING),
    ],
)
def test_what_is_seen_decides_the_status_and_its_cause(
    now: Status, seen: Seen, then: Status
) -> None:
    assert next_status(now, seen) == then


def test_an_outdated_host_is_never_called_ready() -> None:
    seen = replace(WANTED, host=H.READY, outdated=True)
    assert next_status(READY, seen).state is State.STARTING
    refused = replace(seen, host=H.DEGRADED, told=True, refused=True, cause="V2 is no good")
    assert next_status(READY, refused) == Status(State.DEGRADED, "V2 is no good")


def test_restarts_wait_ever_longer_but_not_for_ever() -> None:
    delays = [restart_delay_s(n) for n in range(40)]
    assert delays == sorted(delays)
    assert delays[1] == 0.0
    assert delays[-1] == LONGEST_DELAY_S


def test_options_survive_being_stored() -> None:
    options = Options.from_dict(
        {
            "num_workers": 2,
            "max_batch_rows": 100.0,
            "compute_pool": "ML_POOL",
            "cpu_requests": 2,
            "autocapture": True,
            "build_external_access_integrations": ["a"],
            "memory_requests": None,
        }
    )
    assert options.cpu_requests == "2"
    assert Options.from_dict(options.to_dict()) == options
    assert "memory_requests" not in options.to_dict()


@pytest.mark.parametrize(
    "raw",
    [
        {"workers": 2},
        {"num_workers": 0},
        {"num_workers": 1.5},
        {"num_workers": True},
        {"num_workers": "2"},
        {"num_workers": float("nan")},
        {"min_instances": 3, "max_instances": 2},
        {"autocapture": "yes"},
        {"autocapture_sample": 0},
        {"autocapture_sample": 1.5},
        {"autocapture_drop": [1]},
        {"compute_pool": ["a"]},
        {"deadline_s": 0},
        {"memory_requests": "much"},
        {"cpu_requests": "many"},
        {"cpu_requests": 0},
        {"cpu_requests": "0m"},
        {"cpu_requests": -1},
        {"cpu_requests": ["2"]},
        {"memory_requests": "2Gx"},
        {"memory_requests": "1Mi"},
        {"memory_requests": 2},
        {"deadline_s": float("inf")},
        [],
        "x",
    ],
)
def test_an_option_of_the_wrong_kind_is_refused(raw: object) -> None:
    with pytest.raises(InvalidValue):
        Options.from_dict(raw)


def test_a_spec_survives_being_written() -> None:
    space = Namespace("ML_DB", "MODELS")
    spec = ServiceSpec(
        "ab" * 16,
        Qualified(space, "mpg_service"),
        Qualified(Namespace("OTHER", "S"), "MPG"),
        "V2",
        3,
        "production",
        Options(num_workers=2),
    )
    assert ServiceSpec.from_dict(spec.to_dict()) == spec
