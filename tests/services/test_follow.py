"""A service on an alias answers with what the alias means, and never with a mix or with an error."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from tests.services.conftest import SPACE, Yard

from modelyard.access import SYSTEM
from modelyard.errors import InUse
from modelyard.names import ModelRef, Qualified
from modelyard.registry.aliases import get_aliases
from modelyard.registry.resolve import resolve
from modelyard.services.answering import check_version_unneeded
from modelyard.services.folder import started
from modelyard.services.move import Follower, move_alias
from modelyard.services.types import HostState, Service, State
from modelyard.services.undeploy import undeploy

LOW = "function(model, input) input$x"
SPOILED = "function(model, input) input$x + 0"
HIGH = "function(model, input) input$x + 1000"
ANSWERS = {"V1": 0.0, "V2": 1000.0}
NAMED = f"{SPACE}.moving"


def point(yard: Yard, model: str, version: str) -> list[Follower]:
    ref = ModelRef(Qualified(SPACE, model), version=version)
    return move_alias(yard.account, SYSTEM, ref, "production").services


@dataclass
class Traffic:
    """Clients that ask without a pause, and what is wrong with what they get."""

    yard: Yard
    service: Service
    stays: bool = True
    """Whether a client keeps its connection."""
    seen: dict[str, int] = field(default_factory=dict)
    wrong: list[object] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def ask(self, number: int) -> None:
        headers = {"authorization": f"Bearer {self.yard.owner}"}
        limits = httpx.Limits(max_keepalive_connections=None if self.stays else 0)
        with httpx.Client(headers=headers, timeout=30, limits=limits) as client:
            x = float(number)
            while not self.done.is_set():
                x += 1.0
                try:
                    answer = client.post(f"{self.service.url}/predict", json={"data": [[0, x]]})
                except httpx.HTTPError as e:
                    self.wrong.append(e)
                    continue
                self._judge(x, answer)

    def _judge(self, x: float, answer: httpx.Response) -> None:
        version = answer.headers.get("x-modelyard-version", "")
        want = {"data": [[0, {"prediction": x + ANSWERS.get(version, 0.0)}]]}
        if answer.status_code != 200 or answer.json() != want:
            self.wrong.append((answer.status_code, version, answer.text))
        self.seen[version] = self.seen.get(version, 0) + 1

    def __enter__(self) -> Traffic:
        self.threads = [threading.Thread(target=self.ask, args=(1000 * i,)) for i in range(4)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture(scope="module")
def followed(yard: Yard) -> Service:
    for body in (LOW, HIGH):
        yard.log("MOVING", {"model": "lm(dist ~ speed, cars)", "body": body}, {"x": "double"})
    point(yard, "MOVING", "V1")
    return yard.deploy("moving", "MOVING@production", num_workers=1)


def version_of(yard: Yard, service: Service) -> str:
    return yard.post(service, json={"data": [[0, 1.0]]}).headers["x-modelyard-version"]


def until_version(yard: Yard, service: Service, version: str, seconds: float = 20.0) -> float:
    begun = time.monotonic()
    while version_of(yard, service) != version:
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


def test_moves_under_traffic_fail_no_request_and_mix_no_versions(yard: Yard, followed: Service):
    moves = int(os.environ.get("MODELYARD_MOVES", "20"))
    with Traffic(yard, followed) as traffic:
        for i in range(moves):
            version = ("V2", "V1")[i % 2]
            assert point(yard, "MOVING", version) == [Follower(NAMED, version)]
            assert {version_of(yard, followed) for _ in range(3)} == {version}
    assert traffic.wrong == []
    assert set(traffic.seen) == {"V1", "V2"}


def test_a_move_returns_when_every_service_that_follows_has_switched(yard: Yard, followed: Service):
    second = yard.deploy("moving_too", "MOVING@Production")
    fixed = yard.deploy("staying", "MOVING/V1")
    dead = yard.deploy("dying", "MOVING@production")
    yard.reconciler.stop()
    killed = yard.host(dead).pid
    os.kill(killed, signal.SIGKILL)
    try:
        for version in ("V2", "V1", "V2"):
            told = point(yard, "MOVING", version)
            assert told == [Follower(NAMED, version), Follower(f"{NAMED}_too", version)]
            assert version_of(yard, followed) == version_of(yard, second) == version
            assert version_of(yard, fixed) == "V1"
    finally:
        yard.reconciler.start()
    until_other(yard, dead, killed)
    assert version_of(yard, dead) == "V2"
    for name in ("moving_too", "staying", "dying"):
        undeploy(yard.account, SYSTEM, Qualified(SPACE, name))
        yard.reconciler.wake()


def test_a_move_tells_what_a_version_with_another_signature_means_for_callers(yard: Yard):
    def move(version: str) -> list[str]:
        ref = ModelRef(Qualified(SPACE, "OTHER"), version=version)
        return move_alias(yard.account, SYSTEM, ref, "@production").notes

    files = {"model": "lm(dist ~ speed, cars)", "body": LOW}
    for inputs in ({"x": "double"}, {"x": "integer", "y": "double"}):
        yard.log("OTHER", files, inputs)
    assert move("V1") == []
    told = "it takes x as integer, not double; needs y."
    assert move("V2") == [f"V2 is not asked or read as V1 was: {told}"]
    assert move("V2") == []
    assert move("V1") == []


def test_moves_there_and_back_at_once_end_where_the_last_one_was(yard: Yard, followed: Service):
    with ThreadPoolExecutor(4) as threads:
        for _ in range(5):
            list(threads.map(lambda v: point(yard, "MOVING", v), ("V1", "V2", "V1", "V2")))
            version = get_aliases(yard.account, Qualified(SPACE, "MOVING"))["production"]
            assert {version_of(yard, followed) for _ in range(20)} == {version}


def test_a_host_that_does_not_answer_holds_up_no_move(yard: Yard, followed: Service):
    impatient = replace(
        yard.account, settings=replace(yard.account.settings, deploy_deadline_s=0.5)
    )
    host = yard.host(followed)
    os.kill(host.pid, signal.SIGSTOP)
    try:
        before = host.version
        other = {"V1": "V2", "V2": "V1"}[before]
        ref = ModelRef(Qualified(SPACE, "MOVING"), version=other)
        moved = move_alias(impatient, SYSTEM, ref, "production")
    finally:
        os.kill(host.pid, signal.SIGCONT)
    assert moved.version == other
    assert moved.services == [Follower(NAMED, before, f"{other} is not ready yet.")]
    assert point(yard, "MOVING", other) == [Follower(NAMED, other)]


def test_the_way_back_takes_no_start(yard: Yard, followed: Service):
    point(yard, "MOVING", "V2")
    point(yard, "MOVING", "V1")
    assert version_of(yard, followed) == "V1"
    assert "V1 answers now, instead of V2" in " ".join(yard.log_of(followed))
    starts = [line for line in yard.log_of(followed) if "is ready" in line]
    point(yard, "MOVING", "V2")
    assert [line for line in yard.log_of(followed) if "is ready" in line] == starts


def test_a_version_that_is_no_good_never_replaces_a_good_one(yard: Yard, followed: Service):
    point(yard, "MOVING", "V1")
    yard.log("MOVING", {"model": "lm(dist ~ speed, cars)", "body": SPOILED}, {"x": "double"})
    spoil(yard, ModelRef(Qualified(SPACE, "MOVING"), version="V3"))
    with Traffic(yard, followed) as traffic:
        (told,) = point(yard, "MOVING", "V3")
        assert told.version == "V1"
        assert "V3 cannot replace V1" in (told.cause or "")
        degraded = yard.until("moving", State.DEGRADED)
        assert "V3 cannot replace V1" in (degraded.status.cause or "")
        assert version_of(yard, followed) == "V1"
        point(yard, "MOVING", "V1")
        yard.until("moving", State.READY)
    assert traffic.wrong == []
    assert set(traffic.seen) == {"V1"}


def test_a_host_that_dies_while_its_alias_means_no_good_version_goes_on(
    yard: Yard, followed: Service
):
    point(yard, "MOVING", "V2")
    point(yard, "MOVING", "V3")
    (before,) = pids(yard)
    os.kill(before, signal.SIGKILL)
    until_other(yard, followed, before)
    degraded = yard.until("moving", State.DEGRADED)
    assert "changed after they were logged" in (degraded.status.cause or "")
    assert version_of(yard, followed) == "V2"
    with pytest.raises(InUse, match="still answers for moving"):
        check_version_unneeded(yard.account, ModelRef(Qualified(SPACE, "MOVING"), version="v2"))
    check_version_unneeded(yard.account, ModelRef(Qualified(SPACE, "MOVING"), version="V1"))
    assert point(yard, "MOVING", "V1") == [Follower(NAMED, "V1")]
    yard.until("moving", State.READY)


def test_a_service_that_was_given_up_is_tried_again_when_its_alias_moves(yard: Yard):
    for i in range(2):
        files = {"model": "lm(dist ~ speed, cars)", "body": f"{LOW} + {i}.5"}
        yard.log("LATE", files, {"x": "double"})
    spoil(yard, ModelRef(Qualified(SPACE, "LATE"), version="V1"))
    point(yard, "LATE", "V1")
    yard.wish("late", "LATE@production")
    yard.until("late", State.FAILED)
    point(yard, "LATE", "V2")
    patience = time.monotonic() + 20
    while yard.show("late").status.state is State.FAILED:
        assert time.monotonic() < patience
        time.sleep(0.05)
    service = yard.until("late", State.READY)
    assert version_of(yard, service) == "V2"
    undeploy(yard.account, SYSTEM, service.spec.name)


def pids(yard: Yard) -> list[int]:
    return [yard.host(yard.show("moving")).pid]


def until_other(yard: Yard, service: Service, pid: int) -> None:
    """Wait until another process than ``pid`` serves."""
    patience = time.monotonic() + 60
    while (host := yard.host(service)).pid == pid or host.state is HostState.STARTING:
        assert time.monotonic() < patience, yard.log_of(service)
        time.sleep(0.05)


def test_a_new_deploy_under_traffic_fails_no_request(yard: Yard, followed: Service):
    point(yard, "MOVING", "V1")
    before = pids(yard)
    with Traffic(yard, followed) as traffic:
        yard.deploy("moving", "MOVING/V2", force=True, num_workers=2)
        until_version(yard, followed, "V2")
    assert traffic.wrong == []
    assert set(traffic.seen) == {"V1", "V2"}
    assert pids(yard) == before


def test_a_new_deploy_that_is_no_good_leaves_the_old_answering(yard: Yard, followed: Service):
    yard.deploy("moving", "MOVING/V1", force=True)
    with Traffic(yard, followed) as traffic:
        yard.wish("moving", "MOVING/V3", force=True)
        degraded = yard.until("moving", State.DEGRADED)
        assert degraded.refused
        assert "V3 cannot be served" in (degraded.status.cause or "")
    assert traffic.wrong == []
    assert traffic.seen.keys() == {"V1"}
    (before,) = pids(yard)
    os.kill(before, signal.SIGKILL)  # its death does not lose what answered either
    until_other(yard, followed, before)
    yard.until("moving", State.DEGRADED)
    assert version_of(yard, followed) == "V1"
    yard.deploy("moving", "MOVING/V2", force=True)
    assert version_of(yard, followed) == "V2"


@pytest.mark.parametrize("stays", [True, False])
def test_a_host_hands_over_to_the_next_without_a_failed_request(
    yard: Yard, followed: Service, stays: bool
):
    yard.deploy("moving", "MOVING/V1", force=True)
    (before,) = pids(yard)
    with Traffic(yard, followed, stays) as traffic:
        os.kill(before, signal.SIGUSR2)
        until_other(yard, followed, before)
        time.sleep(0.5)
    assert traffic.wrong == []
    assert yard.until("moving", State.READY).url == followed.url
    assert version_of(yard, followed) == "V1"
    patience = time.monotonic() + 90
    while started(before) is not None:
        assert time.monotonic() < patience, yard.log_of(followed)
        time.sleep(0.1)


def test_a_deploy_during_a_hand_over_is_not_lost(yard: Yard, followed: Service):
    yard.deploy("moving", "MOVING/V1", force=True)
    (before,) = pids(yard)
    os.kill(before, signal.SIGUSR2)
    wished = yard.deploy("moving", "MOVING/V2", force=True)
    until_other(yard, wished, before)
    while yard.host(wished).generation != wished.spec.generation:
        time.sleep(0.05)
    yard.until("moving", State.READY)
    assert {version_of(yard, followed) for _ in range(20)} == {"V2"}


def spoil(yard: Yard, ref: ModelRef) -> None:
    """Change the stored bytes of a version's predict body, as a failing disk would."""
    manifest = resolve(yard.account, ref).manifest
    body = manifest.body
    assert body is not None
    with yard.account.artifacts.open(body.digest) as stored:
        path = Path(os.readlink(f"/proc/self/fd/{stored.fileno()}"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
