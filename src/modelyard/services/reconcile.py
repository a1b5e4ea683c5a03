"""The reconciler: compares what is wanted with what runs, and makes the second like the first.

One thread in the server. It starts hosts, adopts those that already ran when the server started,
starts again those that crashed (at once, then ever later, and not for ever), and ends those that
nobody wants. What to do is decided in ``types.py``; this file only looks and does.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from modelyard import __version__
from modelyard.account import Account
from modelyard.errors import ModelyardError, NotFound
from modelyard.names import ModelRef
from modelyard.registry.resolve import find_version
from modelyard.services import store
from modelyard.services.folder import Folder, HostFile, folder, folders
from modelyard.services.process import COMMAND, ending, send, spawn
from modelyard.services.store import Record
from modelyard.services.types import (
    ANSWERING,
    HELD,
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

log = logging.getLogger(__name__)

EVERY_S = 0.5
EVERY_S_IN_MOTION = 0.1
STEADY_S = 60.0
"""After it has answered for so long, earlier failures no longer count."""

_GRACE_S = 15.0


@dataclass(slots=True)
class Run:
    """What the reconciler remembers of one service; times are of the monotonic clock."""

    generation: int
    popen: subprocess.Popen[bytes] | None = None
    host: HostFile | None = None
    since: float = 0.0
    """When the process was started, adopted, or told to end."""
    ready_since: float | None = None
    is_ending: bool = False
    told: tuple[int, int] | None = None
    """The process that was told of a new wish while it served an older one, and its generation."""
    upgraded: int = 0
    """The process that was told to hand over to one of this code."""
    failures: int = 0
    failure: str | None = None
    final: bool = False
    meant: str | None = None
    """The version that the wish's alias meant when the process was started."""
    not_before: float = 0.0

    def failed(self, cause: str, now: float, *, final: bool = False) -> None:
        """Count a failure and put off the next start."""
        self.failures += 1
        self.failure, self.final = cause, final
        self.not_before = now + restart_delay_s(self.failures)


class Reconciler:
    """Keeps every service of an account as it is wanted, between ``start()`` and ``stop()``.

    Hosts go on without it.
    """

    def __init__(
        self,
        account: Account,
        *,
        command: tuple[str, ...] = COMMAND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._command = command
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="reconciler", daemon=True)
        self._thread.start()

    def stop(self, *, hosts: bool = False) -> None:
        """Stop looking after services; ``hosts`` also ends their processes, which stay wanted."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if hosts:
            self._end_all()

    def wake(self) -> None:
        """Look now: a wish has changed."""
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping:
            self._wake.clear()
            in_motion = False
            try:
                in_motion = self.look()
            except ModelyardError as e:
                log.warning("services cannot be looked after now: %s", e.message)
            except Exception:
                log.exception("services cannot be looked after now")
            self._wake.wait(EVERY_S_IN_MOTION if in_motion else EVERY_S)

    def look(self) -> bool:
        """Take one step for each service; whether any is on its way to somewhere."""
        home = self._account.settings.home
        on_disk = dict(folders(home))
        with self._account.catalog.connect() as tx:
            records = {r.spec.id: r for r in store.every(tx)}
            last = store.last_changes(tx)
        in_motion = False
        for service_id in (*records, *(i for i in on_disk if i not in records)):
            record = records.get(service_id)
            now = last[service_id].status if service_id in last else Status(State.PENDING)
            try:
                in_motion |= self._look_at(service_id, record, now, folder(home, service_id))
            except (ModelyardError, OSError):
                # One service that cannot be helped now must not keep others from help.
                log.exception("service %s cannot be looked after now", service_id)
        self._runs = {i: r for i, r in self._runs.items() if i in records or i in on_disk}
        return in_motion

    def _look_at(
        self, service_id: str, record: Record | None, status: Status, where: Folder
    ) -> bool:
        wanted = record is not None and record.wanted
        generation = 0 if record is None else record.spec.generation
        run = self._run(service_id, generation, record)
        self._observe(run, where)
        seen = self._seen(run, where, wanted, generation)
        step = next_step(seen)
        self._do(step, run, record, where)
        if record is not None and step is not Step.FORGET:
            became = next_status(status, self._seen(run, where, wanted, generation))
            if became != status:
                self._write(record, became)
        return step is not Step.WAIT or status.state in (State.PENDING, State.STARTING)

    def _run(self, service_id: str, generation: int, record: Record | None) -> Run:
        run = self._runs.setdefault(service_id, Run(generation))
        if run.host is None and run.popen is None:
            has_moved = record is not None and run.failures and self._meant(record) != run.meant
            if run.generation != generation or has_moved:
                # A new wish, or another version on its alias, starts with a clean slate.
                run = self._runs[service_id] = Run(generation)
        return run

    def _meant(self, record: Record) -> str | None:
        """The version that the alias of a wish means now."""
        spec = record.spec
        if spec.alias is None:
            return None
        try:
            with self._account.catalog.connect() as tx:
                return find_version(tx, ModelRef(spec.model, alias=spec.alias))[1].name
        except NotFound:
            return None

    def _observe(self, run: Run, where: Folder) -> None:
        """Take note of the process: that it lives, is ready, or has ended and how."""
        now = self._clock()
        host = where.read_host()
        alive = host is not None and host.is_alive
        code = None if run.popen is None else run.popen.poll()
        if host is not None and alive:
            if run.host is None and run.popen is None:
                log.info("adopted the host %d of service %s", host.pid, where.path.name)
                run.since = now
            if run.popen is not None and host.pid != run.popen.pid and code is not None:
                run.popen = None  # it has handed over
            run.host = host
            run.ready_since = (run.ready_since or now) if host.state in ANSWERING else None
            if run.ready_since is not None and now - run.ready_since >= STEADY_S:
                run.failures, run.failure = 0, None
        elif (run.popen is not None or run.host is not None) and not self._is_early(run, code):
            self._ended(run, host, code, now)

    @staticmethod
    def _is_early(run: Run, code: int | None) -> bool:
        """Whether our child has said nothing yet, or is gone but cannot be waited for yet."""
        return run.popen is not None and code is None

    def _ended(self, run: Run, host: HostFile | None, code: int | None, now: float) -> None:
        meant = run.is_ending or code == HELD
        how = ending(code) if code is not None else "ended"
        run.popen, run.host, run.ready_since, run.is_ending = None, None, None, False
        if meant:
            return
        if host is not None and host.state is HostState.FAILED and host.cause:
            run.failed(host.cause, now, final=host.final)
        else:
            run.failed(f"The host process {how} unexpectedly; its log says more.", now)
        log.warning("a host ended: %s", run.failure)

    def _seen(self, run: Run, where: Folder, wanted: bool, generation: int) -> Seen:
        now = self._clock()
        state, cause, serves, refused = None, None, run.generation, 0
        if (host := run.host) is not None:
            state, cause, serves = host.state, host.cause, host.generation
            refused = host.refused
        elif run.popen is not None:
            state = HostState.STARTING
        return Seen(
            wanted=wanted,
            host=state,
            cause=cause,
            held=state is None and where.is_held,
            outdated=state is not None and serves != generation,
            told=run.host is not None and run.told == (run.host.pid, generation),
            refused=refused == generation,
            old_code=run.host is not None
            and run.host.code != __version__
            and run.upgraded != run.host.pid,
            overdue=state is not None and self._is_overdue(run, state, now),
            due=now >= run.not_before,
            failures=run.failures,
            failure=run.failure,
            final=run.final,
        )

    def _is_overdue(self, run: Run, state: HostState, now: float) -> bool:
        settings = self._account.settings
        if run.is_ending:
            return now - run.since > settings.predict_deadline_s + _GRACE_S
        longest = settings.deploy_deadline_s + settings.worker_start_s + _GRACE_S
        if settings.provision != "never":
            longest += settings.provision_deadline_s
        return state is HostState.STARTING and now - run.since > longest

    def _do(self, step: Step, run: Run, record: Record | None, where: Folder) -> None:
        now = self._clock()
        match step:
            case Step.START if record is not None:
                where.create()
                _write_spec(where, record.spec)
                run.popen = spawn(where, self._account.settings, self._command)
                run.generation, run.since = record.spec.generation, now
                run.meant = self._meant(record)
                log.info("started host %d for %s", run.popen.pid, record.spec.name)
            case Step.RELOAD if record is not None and run.host is not None:
                where.write_spec(record.spec)
                run.told = run.host.pid, record.spec.generation
                self._signal(run, signal.SIGHUP)
            case Step.UPGRADE if run.host is not None:
                run.upgraded = run.host.pid
                self._signal(run, signal.SIGUSR2)
                log.info("host %d of %s is to hand over", run.host.pid, where.path.name)
            case Step.END if not run.is_ending:
                run.is_ending, run.since = True, now
                self._signal(run, signal.SIGTERM)
            case Step.KILL:
                if not run.is_ending:
                    run.failed("The host did not become ready in its time.", now)
                run.is_ending, run.since = True, now
                self._signal(run, signal.SIGKILL)
            case Step.FORGET:
                self._forget(where)

    def _signal(self, run: Run, number: signal.Signals) -> None:
        if run.host is not None:
            send(run.host.pid, run.host.started, number)
        elif run.popen is not None:
            run.popen.send_signal(number)

    def _forget(self, where: Folder) -> None:
        service_id = where.path.name
        with self._account.catalog.begin() as tx:
            gone = store.forget(tx, service_id) or not store.exists(tx, service_id)
        if gone:
            where.remove()
            self._runs.pop(service_id, None)

    def _write(self, record: Record, status: Status) -> None:
        spec = record.spec
        with self._account.catalog.begin() as tx:
            written = store.change(tx, spec.id, spec.generation, status, self._account.now())
        if not written:
            return  # the wish was replaced meanwhile; the status of the old one tells nothing
        log.info("%s is %s%s", spec.name, status.state, f": {status.cause}" if status.cause else "")

    def _end_all(self) -> None:
        """End every host and wait until it is gone."""
        hosts = {
            i: h for i, where in folders(self._account.settings.home) if (h := where.read_host())
        }
        told = {host.pid for host in hosts.values()}
        # A host that was only just started has not said anything yet.
        silent = [r.popen for r in self._runs.values() if r.popen and r.popen.pid not in told]
        for host in hosts.values():
            send(host.pid, host.started, signal.SIGTERM)
        for process in silent:
            process.terminate()
        patience = self._clock() + self._account.settings.predict_deadline_s + _GRACE_S
        while self._clock() < patience and (
            any(h.is_alive for h in hosts.values()) or any(p.poll() is None for p in silent)
        ):
            time.sleep(0.05)
        for host in hosts.values():
            send(host.pid, host.started, signal.SIGKILL)
        for process in silent:
            process.kill()


def _write_spec(where: Folder, spec: ServiceSpec) -> None:
    """Write a wish that is not there yet: on a full disk, what is there can still be started."""
    try:
        is_there = where.read_spec() == spec
    except (OSError, ValueError):
        is_there = False
    if not is_there:
        where.write_spec(spec)
