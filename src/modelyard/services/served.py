"""What a host serves: who may call it, and which version answers, its alias followed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

from modelyard.access import allow, authenticate
from modelyard.access.bearer import read_authorization
from modelyard.account import Account
from modelyard.contract import check_inputs
from modelyard.errors import ModelyardError, NotFound, Unavailable
from modelyard.json_rows import records_of
from modelyard.names import ModelRef
from modelyard.registry.golden import rows_of
from modelyard.registry.provide import provision_command, replay_provided
from modelyard.registry.resolve import resolve
from modelyard.registry.types import ModelVersion
from modelyard.scoring.frames import Answer, Call
from modelyard.services.about import About
from modelyard.services.edition import Edition
from modelyard.services.health import health
from modelyard.services.metrics import HostFigures, Role, summed
from modelyard.services.records import Records
from modelyard.services.traffic import Traffic
from modelyard.services.types import HostState, ServiceSpec

log = logging.getLogger("modelyard.services")

FOLLOW_S = 0.2
"""So often is looked where the alias points."""
WARM_S = 600.0
"""For so long the workers of the version before are kept: a way back takes no start."""
_SHOWN = 2


class Served:
    """The versions of one service: the one that answers, and the one before, kept warm.

    Its methods are for the event loop's thread; those that block are :meth:`authorise`.
    """

    def __init__(
        self, account: Account, spec: ServiceSpec, threads: Executor, records: Records
    ) -> None:
        self._account = account
        self._spec = spec
        self._threads = threads
        self._records = records
        self._edition: Edition | None = None
        self._before: tuple[Edition, float] | None = None
        self._refused: str | None = None
        self._traffic = Traffic((), None)
        self.trouble: str | None = None
        """Why what is wanted does not answer, while something else does."""
        self.behind: str | None = None
        """Why what the alias means does not answer, while something else does."""
        self._errors: Counter[int] = Counter()
        self._is_ending = False
        self._looking = asyncio.Lock()
        self._asked = asyncio.Event()
        self._closing: set[asyncio.Task[None]] = set()
        self.looked = asyncio.Event()
        """Set when it has looked at the alias because it was asked to."""
        self.followed = 0.0
        """What answers is what the alias meant then, by the monotonic clock; or it cannot be."""

    async def follow(self) -> None:
        """From then on have the workers that are needed, and answer with what the alias means; a
        version that is no good never does."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), FOLLOW_S)
            is_asked = self._asked.is_set()
            self._asked.clear()
            if self._edition is None or self._is_ending:
                continue
            for edition in (self._edition, *self._traffic.editions):
                edition.scale()
            await self.look()
            if is_asked:
                self.looked.set()

    async def look(self) -> None:
        """Switch if the alias has moved; forget the version before when its time is over."""
        async with self._looking:
            try:
                await self._look()
            except Exception:  # whatever it is, what the alias means next may be good
                log.exception("following failed")
                self.behind = "What the alias means cannot be served; the service's log says why."

    async def _look(self) -> None:
        if self._before is not None and self._before[1] < time.monotonic():
            self._before[0].crew.close()
            self._before = None
        spec = self._spec
        if spec.alias is None:
            return
        try:
            at, wanted = await self._wanted(spec)
        except NotFound:
            self.behind = f"The alias {spec.alias} is gone; what it meant last answers."
            return
        except ModelyardError as e:
            log.warning("the alias cannot be looked up: %s", e)
            return
        now = self._edition
        if now is None or spec is not self._spec:
            return
        if wanted.name == now.version.name:
            self._refused = self.behind = None
        elif wanted.name != self._refused and not await self._switch(now, wanted):
            return
        self.followed = at

    def ask(self) -> None:
        """Have it look at the alias now."""
        self._asked.set()

    async def adopt(self, spec: ServiceSpec, version: str | None = None) -> int:
        """Answer as another wish for this service says; what answered before does until then.

        ``version`` answers first, where it is given, and not what the wish's alias means.

        Returns the number of golden rows that were replayed.

        Raises:
            ModelyardError: the wish is no good, and nothing has changed.
        """
        try:
            at, wanted = await self._wanted(spec if version is None else replace(spec, alias=None))
            edition, rows = await self._prepared(wanted, spec)
            traffic = await self._shared(spec, edition)
        except ModelyardError as e:
            self.trouble = f"{spec.model.name} {spec.version} cannot be served: {e}"
            raise
        old = self._editions()
        self._spec, self._edition, self._before = spec, edition, None
        self._traffic, self.followed = traffic, at if version is None else 0.0
        self.trouble = self.behind = self._refused = None
        await _closed(old)
        return rows

    def end(self) -> None:
        """Take no new requests."""
        self._is_ending = True

    async def close(self) -> None:
        """Finish what has begun, and end all workers."""
        await _closed(self._editions())
        await asyncio.gather(*self._closing)

    @property
    def is_ready(self) -> bool:
        """Whether requests can be scored now."""
        return self._edition is not None and not self._is_ending

    def state(self) -> tuple[HostState, str | None]:
        """How it is, and why."""
        edition = self._edition
        if self._is_ending:
            return HostState.ENDING, None
        if edition is None:
            return HostState.STARTING, None
        if edition.crew.cause is not None:
            return HostState.DEGRADED, edition.crew.cause
        if (why := self.trouble or self.behind) is not None:
            return HostState.DEGRADED, why
        return health(edition.crew.figures.recent, asyncio.get_running_loop().time())

    @property
    def isolation(self) -> str | None:
        """How well its workers are shut in; None before there was one."""
        found = self._account.workers.isolation
        return None if found is None else found.level.value

    def limit(self, memory_bytes: int, cpus: int) -> None:
        """Let workers that are started from now on use so much."""
        self._account.workers.limit(memory_bytes, cpus)

    @property
    def spec(self) -> ServiceSpec:
        """The wish that is served."""
        return self._spec

    @property
    def edition(self) -> Edition | None:
        """The version that answers, once there is one."""
        return self._edition

    def authorise(self, authorization: bytes, client: str | None) -> None:
        """Return if the token of this header may call this service from this address.

        Raises:
            Unauthenticated: it is no good token.
            Forbidden: it is one for something else, or for other addresses.
        """
        header = authorization.decode("latin-1") if authorization else None
        actor = authenticate(self._account, read_authorization(header), client)
        allow(actor, "service.call", *self._spec.parts)

    def answer(
        self, call: Call, request_id: str, until: float, is_gone: Callable[[], bool]
    ) -> Awaitable[Answer]:
        """Score the rows of one request.

        Raises:
            Unavailable: nothing can be scored yet, or any more.
            Invalid: what the rows break.
            ModelFault: what the model did.
        """
        main, traffic = self._edition, self._traffic
        if main is None:
            raise Unavailable("This service is not ready yet.", hint="Try again shortly.")
        named = call.version
        edition = traffic.pick(main) if named is None else traffic.named(main, named)
        given = edition.answer(call, request_id, until, is_gone)
        if traffic.has_shadow:
            given = self._copied(traffic, given, call, request_id)
        return given

    async def _copied(
        self, traffic: Traffic, answer: Awaitable[Answer], call: Call, request_id: str
    ) -> Answer:
        given = await answer
        traffic.copy(call, request_id, self._account.settings.predict_deadline_s, given)
        return given

    def refused(self, request_id: str, status: int, code: str, message: str) -> None:
        """Count and log a request that was answered an error, or none as its caller had gone."""
        self._errors[status] += 1
        self._records.refuse(request_id, code, message)

    def describe(self) -> Mapping[str, Any]:
        """Name, version and signature, for those who may call it."""
        edition = self._edition
        return {
            "name": self._spec.name.name,
            "fqn": str(self._spec.name),
            "model": str(self._spec.model),
            "version": self._spec.version if edition is None else edition.version.name,
            "ready": self.is_ready,
            "isolation": self.isolation,
            **self._traffic.describe(),
            "signature": None if edition is None else edition.version.manifest.signature.to_dict(),
        }

    def about(self, version: str | None = None) -> About:
        """The service and the version that answers, or this one of several, for those who may call.

        Raises:
            Unavailable: none answers yet.
            NotFound: none of those that answer has this name.
        """
        main = self._edition
        if main is None:
            raise Unavailable("This service is not ready yet.", hint="Try again shortly.")
        found = main if version is None else self._traffic.named(main, version)
        return About(self._spec.name, found.version)

    def samples(self, version: ModelVersion) -> Sequence[Mapping[str, Any]]:
        """Some sample rows of a version, its columns in order, as JSON has them. It blocks."""
        kept = rows_of(self._account, version.manifest, "samples")
        if kept is None:
            return []
        return records_of(check_inputs(kept, version.manifest.signature.inputs).table[:_SHOWN])

    async def metrics(self) -> bytes:
        """Its figures, for Prometheus."""
        by_version = summed(edition.figures() for edition in self._editions())
        figures = HostFigures(
            by_version, self._records.dropped(), dict(self._errors), self._traffic.figures()
        )
        return bytes(await self._in_thread(lambda: _exposition(figures)))

    async def _wanted(self, spec: ServiceSpec) -> tuple[float, ModelVersion]:
        """What is to answer, and a time when it was."""
        named = {"version": spec.version} if spec.alias is None else {"alias": spec.alias}
        at = time.monotonic()
        ref = ModelRef(spec.model, **named)
        return at, await self._in_thread(lambda: resolve(self._account, ref))

    async def _prepared(
        self, version: ModelVersion, spec: ServiceSpec, role: Role = "current"
    ) -> tuple[Edition, int]:
        account = self._account
        name = str(version)
        rows, notes = await self._in_thread(
            lambda: replay_provided(
                account, version.manifest, name, policy="on_deploy", advice=provision_command(name)
            )
        )
        for note in notes:
            log.info("%s", note)
        edition = Edition(account, version, self._threads, spec, self._records, role)
        try:
            await edition.crew.ready()
        except ModelyardError:
            edition.crew.close()
            raise
        return edition, rows

    async def _shared(self, spec: ServiceSpec, main: Edition) -> Traffic:
        """The versions beside ``main``, ready; when one is not, none of them is left."""
        options = spec.options
        made: list[Edition] = []

        async def beside(name: str, role: Role) -> Edition:
            ref = ModelRef(spec.model, version=name)
            version = await self._in_thread(partial(resolve, self._account, ref))
            edition, _ = await self._prepared(version, spec, role)
            made.append(edition)
            return edition

        try:
            shares = [(await beside(name, "split"), part) for name, part in options.split.items()]
            shadow = await beside(options.shadow, "shadow") if options.shadow else None
        except ModelyardError:
            await _closed([main, *made])
            raise
        return Traffic(shares, shadow)

    def _editions(self) -> list[Edition]:
        """All that are there."""
        found = [self._edition, self._before and self._before[0], *self._traffic.editions]
        return [edition for edition in found if edition is not None]

    async def _switch(self, now: Edition, wanted: ModelVersion) -> bool:
        """Answer with another version; False when the wish was replaced meanwhile."""
        spec, before = self._spec, self._before
        if before is not None and before[0].version.name == wanted.name:
            new = before[0]
        else:
            try:
                new, rows = await self._prepared(wanted, spec)
            except ModelyardError as e:
                if spec is not self._spec:
                    return False
                self._refused = wanted.name
                self.behind = f"{wanted.name} cannot replace {now.version.name}: {e}"
                log.error("%s", self.behind)
                return True
            if spec is not self._spec:
                new.crew.close()
                return False
            log.info("%s is ready: %d golden rows replayed", wanted.name, rows)
            if before is not None:
                self._close_soon(before[0])
        self._edition, self._before = new, (now, time.monotonic() + WARM_S)
        self._refused = self.behind = None
        log.info("%s answers now, instead of %s", new.version.name, now.version.name)
        return True

    def _close_soon(self, edition: Edition) -> None:
        """End its workers once they have finished what has begun."""
        task = asyncio.get_running_loop().create_task(_closed([edition]))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


async def _closed(editions: Iterable[Edition]) -> None:
    """Let each finish what has begun, and end its workers."""
    for edition in editions:
        await edition.close()


def _exposition(figures: HostFigures) -> bytes:
    from modelyard.services.prometheus import exposition  # a host starts without its library

    return exposition(figures)
