"""The reconciler with real processes that load no model, and a clock moved by hand."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from modelyard.account import Account, close_account, open_account
from modelyard.catalog import tables
from modelyard.names import Namespace, Qualified
from modelyard.services import store
from modelyard.services.folder import Folder, HostFile, folder, started
from modelyard.services.options import Options
from modelyard.services.reconcile import STEADY_S, Reconciler
from modelyard.services.show import show
from modelyard.services.types import MAX_FAILURES, HostState, ServiceSpec, State, Status
from modelyard.settings import Settings

FAKE_HOST = (sys.executable, str(Path(__file__).with_name("fake_host.py")))
SPACE = Namespace("ML_DB", "MODELS")


@dataclass
class Yard:
    """An account with one version in its catalog, and a reconciler stepped by hand."""

    account: Account
    time: float = 0.0

    def __post_init__(self) -> None:
        self.reconciler = self.new_reconciler()

    def new_reconciler(self) -> Reconciler:
        return Reconciler(self.account, command=FAKE_HOST, clock=lambda: self.time)

    def deploy(self, behaviour: str, generation: int = 1) -> ServiceSpec:
        name, model = Qualified(SPACE, "svc"), Qualified(SPACE, "MPG")
        options = Options(compute_pool=behaviour)
        spec = ServiceSpec("ab" * 16, name, model, "V1", generation, options=options)
        with self.account.catalog.begin() as tx:
            if generation == 1:
                store.add(tx, spec, 1, self.account.now(), "ada")
            else:
                store.replace(tx, spec, 1)
            store.change(tx, spec.id, generation, Status(State.PENDING), self.account.now())
        return spec

    def undeploy(self) -> None:
        with self.account.catalog.begin() as tx:
            store.unwant(tx, "ab" * 16)

    def status(self) -> Status:
        with self.account.catalog.connect() as tx:
            return store.last_changes(tx)["ab" * 16].status

    def states(self) -> list[str]:
        with self.account.catalog.connect() as tx:
            return [c.status.state.value for c in store.history(tx, "ab" * 16)]

    def host(self) -> HostFile | None:
        return folder(self.account.settings.home, "ab" * 16).read_host()

    def until(self, condition: Callable[[], bool]) -> None:
        """Look again and again, letting processes do what they do, until it is so."""
        patience = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < patience, (self.status(), self.host())
            self.reconciler.look()
            time.sleep(0.02)

    def until_state(self, state: State) -> None:
        self.until(lambda: self.status().state is state)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    account = open_account(Settings(home=tmp_path / "home"))
    at = account.now()
    with account.catalog.begin() as tx:
        tx.execute(
            insert(tables.model).values(
                id=1,
                database="ML_DB",
                schema="MODELS",
                name="MPG",
                database_key="ml_db",
                schema_key="models",
                name_key="mpg",
                created_at=at,
                created_by="ada",
            )
        )
        tx.execute(
            insert(tables.version).values(
                id=1,
                model_id=1,
                name="V1",
                name_key="v1",
                ordinal=1,
                manifest={},
                created_at=at,
                created_by="ada",
            )
        )
    yard = Yard(account)
    yield yard
    yard.reconciler.stop(hosts=True)
    host = yard.host()
    assert host is None or not host.is_alive
    close_account(account)


def ready_host(yard: Yard) -> HostFile:
    host = yard.host()
    assert host is not None
    assert host.is_alive
    assert host.state is HostState.READY
    return host


def test_a_wish_becomes_a_ready_host_in_a_session_of_its_own(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    host = ready_host(yard)
    assert os.getsid(host.pid) == host.pid
    assert yard.states() == ["PENDING", "STARTING", "READY"]


def test_a_host_that_is_killed_is_started_again(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    first = ready_host(yard)
    os.kill(first.pid, signal.SIGKILL)
    yard.until_state(State.STARTING)
    assert "SIGKILL" in (yard.status().cause or "")
    yard.until_state(State.READY)
    assert ready_host(yard).pid != first.pid


def test_a_running_host_is_adopted_by_the_next_server(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    first = ready_host(yard)
    yard.reconciler.stop()
    yard.reconciler = yard.new_reconciler()
    for _ in range(5):
        yard.reconciler.look()
    assert ready_host(yard) == first
    assert yard.states() == ["PENDING", "STARTING", "READY"]
    os.kill(first.pid, signal.SIGKILL)
    yard.until_state(State.STARTING)
    yard.until_state(State.READY)
    assert ready_host(yard).pid != first.pid


def test_a_host_that_keeps_crashing_is_given_up_with_the_cause(yard: Yard) -> None:
    yard.deploy("crashing")

    def given_up() -> bool:
        run = yard.reconciler._runs.get("ab" * 16)
        if run is not None and run.popen is None:
            yard.time += 100.0
        return yard.status().state is State.FAILED

    yard.until(given_up)
    assert "ended with status 3" in (yard.status().cause or "")
    assert yard.reconciler._runs["ab" * 16].failures == MAX_FAILURES


def test_a_restart_waits_until_it_is_due(yard: Yard) -> None:
    yard.deploy("crashing")
    run = yard.reconciler._runs
    yard.until(lambda: bool(run) and run["ab" * 16].failures == 2)
    for _ in range(10):
        yard.reconciler.look()
    assert run["ab" * 16].failures == 2
    yard.time += 0.5
    yard.until(lambda: run["ab" * 16].failures == 3)


def test_a_failure_that_cannot_go_better_is_not_tried_again(yard: Yard) -> None:
    yard.deploy("broken")
    yard.until_state(State.FAILED)
    assert yard.status().cause == "no such package"
    assert yard.reconciler._runs["ab" * 16].failures == 1


def test_a_new_wish_starts_afresh_after_a_failure(yard: Yard) -> None:
    yard.deploy("broken")
    yard.until_state(State.FAILED)
    yard.deploy("good", generation=2)
    yard.until_state(State.READY)
    assert ready_host(yard).generation == 2


def test_a_new_wish_is_taken_up_by_the_host_of_the_old_one(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    first = ready_host(yard)
    yard.deploy("good", generation=2)
    yard.until(lambda: yard.status().state is State.READY and ready_host(yard).generation == 2)
    assert first.is_alive
    assert yard.reconciler._runs["ab" * 16].failures == 0


def test_a_new_wish_that_is_no_good_leaves_the_old_one_answering(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    yard.deploy("broken", generation=2)
    yard.until_state(State.DEGRADED)
    assert yard.status().cause == "no such package"
    host = yard.host()
    assert host is not None and host.is_alive and host.generation == 1
    yard.deploy("good", generation=3)
    yard.until(lambda: yard.status().state is State.READY and ready_host(yard).generation == 3)


def test_the_next_process_is_told_of_a_wish_that_the_one_before_took_up(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    yard.deploy("good", generation=2)
    yard.until(lambda: yard.status().state is State.READY and ready_host(yard).generation == 2)
    first = ready_host(yard)
    # nohup, under which tests may run, has children ignore what a host takes for its wish.
    next_one = subprocess.Popen(["env", "--default-signal=HUP", "sleep", "60"])
    os.kill(first.pid, signal.SIGKILL)
    # It read its wish before the deploy, and the one before has handed over since.
    at = started(next_one.pid) or ""
    taken = replace(first, pid=next_one.pid, started=at, generation=1)
    folder(yard.account.settings.home, "ab" * 16).write_host(taken)
    yard.until(lambda: next_one.poll() is not None)
    assert next_one.returncode == -signal.SIGHUP


def test_a_host_that_answered_for_long_is_not_given_up(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    where = folder(yard.account.settings.home, "ab" * 16)
    for _ in range(MAX_FAILURES + 1):
        host = ready_host(yard)
        where.write_host(replace(host, state=HostState.DEGRADED, cause="a bad wish"))
        yard.until_state(State.DEGRADED)
        yard.time += STEADY_S + 1
        yard.reconciler.look()
        os.kill(host.pid, signal.SIGKILL)
        yard.until(lambda pid=host.pid: (now := yard.host()) is not None and now.pid != pid)
        yard.until_state(State.READY)


def test_on_a_full_disk_a_host_is_started_again(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    yard.deploy("good")
    yard.until_state(State.READY)
    monkeypatch.setattr(Folder, "write_spec", full)
    first = ready_host(yard)
    os.kill(first.pid, signal.SIGKILL)
    yard.until(lambda: (now := yard.host()) is not None and now.pid != first.pid)
    yard.until_state(State.READY)


def test_a_host_that_is_dead_is_not_shown_as_ready(yard: Yard) -> None:
    spec = yard.deploy("good")
    yard.until_state(State.READY)
    host = ready_host(yard)
    os.kill(host.pid, signal.SIGKILL)
    while host.is_alive:
        time.sleep(0.01)
    told = show(yard.account, spec.name).status
    assert told == Status(State.STARTING, "The host process has ended.")


def test_undeploying_ends_the_host_and_leaves_nothing(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    first = ready_host(yard)
    yard.undeploy()
    place = folder(yard.account.settings.home, "ab" * 16)
    yard.until(lambda: not place.path.exists())
    assert not first.is_alive
    with yard.account.catalog.connect() as tx:
        assert store.every(tx) == []


def test_a_host_that_does_not_hear_is_killed_in_the_end(yard: Yard) -> None:
    yard.deploy("deaf")
    yard.until_state(State.READY)
    first = ready_host(yard)
    yard.undeploy()
    for _ in range(5):
        yard.reconciler.look()
    assert first.is_alive
    yard.time += 1000.0
    yard.until(lambda: not first.is_alive)


def test_a_host_that_never_gets_ready_is_killed_and_counted(yard: Yard) -> None:
    yard.deploy("slow")
    yard.until(lambda: yard.host() is not None)
    yard.until_state(State.STARTING)
    first = yard.host()
    assert first is not None
    yard.time += 1000.0
    yard.until(lambda: not first.is_alive)
    yard.until(lambda: yard.status().cause is not None)
    assert yard.status() == Status(State.STARTING, "The host did not become ready in its time.")


def test_a_host_nobody_knows_of_is_ended(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    first = ready_host(yard)
    with yard.account.catalog.begin() as tx:
        store.unwant(tx, "ab" * 16)
        store.forget(tx, "ab" * 16)
    yard.reconciler = yard.new_reconciler()
    patience = time.monotonic() + 30
    while first.is_alive and time.monotonic() < patience:
        yard.reconciler.look()
        time.sleep(0.02)
    assert not first.is_alive


def test_a_status_of_an_older_wish_is_not_written(yard: Yard) -> None:
    yard.deploy("good")
    spec = yard.deploy("good", generation=2)
    with yard.account.catalog.begin() as tx:
        assert not store.change(tx, spec.id, 1, Status(State.READY), yard.account.now())
        assert store.change(tx, spec.id, 2, Status(State.READY), yard.account.now())


def test_the_last_statuses_are_kept(yard: Yard) -> None:
    spec = yard.deploy("good")
    with yard.account.catalog.begin() as tx:
        for i in range(store.KEPT + 50):
            status = Status(State.DEGRADED, f"{i} R workers crashed")
            store.change(tx, spec.id, 1, status, yard.account.now())
        kept = store.history(tx, spec.id)
    assert len(kept) == store.KEPT
    assert kept[-1].status.cause == f"{store.KEPT + 49} R workers crashed"


def test_a_service_wanted_again_is_not_forgotten(yard: Yard) -> None:
    yard.deploy("good")
    yard.undeploy()
    yard.deploy("good", generation=2)
    with yard.account.catalog.begin() as tx:
        assert not store.forget(tx, "ab" * 16)


def test_the_thread_wakes_for_a_wish_and_stops_when_told(yard: Yard) -> None:
    yard.reconciler = Reconciler(yard.account, command=FAKE_HOST)
    yard.reconciler.start()
    yard.deploy("good")
    yard.reconciler.wake()
    patience = time.monotonic() + 30
    while yard.status().state is not State.READY and time.monotonic() < patience:
        time.sleep(0.02)
    host = ready_host(yard)
    yard.reconciler.stop()
    assert host.is_alive


def test_ending_all_hosts_leaves_them_wanted(yard: Yard) -> None:
    yard.deploy("good")
    yard.until_state(State.READY)
    first = ready_host(yard)
    yard.reconciler.stop(hosts=True)
    assert not first.is_alive
    with yard.account.catalog.connect() as tx:
        assert [r.wanted for r in store.every(tx)] == [True]
    assert replace(first, pid=1).is_alive is False
