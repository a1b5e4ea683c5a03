"""The version a host serves: who may call it, and how a call becomes an answer."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import pyarrow as pa

from modelyard.access import Actor, allow, authenticate
from modelyard.account import Account
from modelyard.errors import InvalidName, ModelFault, Unavailable, WorkerCrashed
from modelyard.json_rows import Limits
from modelyard.names import ModelRef, Namespace, Qualified
from modelyard.registry.provide import replay_provided
from modelyard.registry.resolve import resolve
from modelyard.registry.types import ModelVersion
from modelyard.scoring.frames import Answer, Call, answer
from modelyard.scoring.predict import Scored, predict
from modelyard.scoring.refusal import named
from modelyard.services.health import Health
from modelyard.services.types import HostState, ServiceSpec

log = logging.getLogger("modelyard.services")

REMEMBER_S = 0.2
"""For so long a token that was good is not looked up again: a revoke works after it."""

_MOST_REMEMBERED = 1024


class Served:
    """One version under one service, as its host sees it.

    Its methods block and may be called from several threads at once.
    """

    def __init__(self, account: Account, spec: ServiceSpec) -> None:
        self._account = account
        self._spec = spec
        self._version: ModelVersion | None = None
        self._health = Health()
        self._good: dict[bytes, float] = {}
        self._is_ending = False

    def load(self) -> int:
        """Find the version, start a worker and replay the golden predictions: then it is ready.

        Returns the number of golden rows that were replayed.

        Raises:
            NotFound: the version is gone.
            ModelFault: it does not load, or does not give what it gave.
        """
        spec, account = self._spec, self._account
        version = resolve(account, ModelRef(spec.model, version=spec.version))
        rows, notes = replay_provided(account, version.manifest, str(version), "on_deploy")
        for note in notes:
            log.info("%s", note)
        self._version = version
        return rows

    def end(self) -> None:
        """Take no new requests."""
        self._is_ending = True

    @property
    def is_ready(self) -> bool:
        """Whether requests can be scored now."""
        return self._version is not None and not self._is_ending

    def state(self) -> tuple[HostState, str | None]:
        """How it is, and why."""
        if self._is_ending:
            return HostState.ENDING, None
        if self._version is None:
            return HostState.STARTING, None
        return self._health.state(time.monotonic())

    @property
    def isolation(self) -> str | None:
        """How well its workers are shut in; None before there was one."""
        found = self._account.workers.isolation
        return None if found is None else found.level.value

    @property
    def version(self) -> str:
        """The name of the version that answers."""
        return self._spec.version if self._version is None else self._version.name

    def authorise(self, secret: str) -> None:
        """Return if this token may call this service.

        Raises:
            Unauthenticated: it is no good token.
            Forbidden: it is one for something else.
        """
        digest = hashlib.sha256(secret.encode()).digest()
        now = time.monotonic()
        if now < self._good.get(digest, 0.0):
            return
        actor = authenticate(self._account, secret)
        may_call(actor, self._spec, self._account.namespace())
        if len(self._good) >= _MOST_REMEMBERED:
            self._good.clear()
        self._good[digest] = now + REMEMBER_S

    def answer(self, call: Call, request_id: str, deadline_s: float) -> Answer:
        """Score the rows of one request.

        Raises:
            Unavailable: nothing can be scored yet, or any more.
            Invalid: what the rows break.
            ModelFault: what the model did.
        """
        version = self._version
        if version is None:
            raise Unavailable("This service is not ready yet.", hint="Try again shortly.")
        limits = Limits.of(self._account.settings)
        score = partial(self._score, version, request_id, deadline_s)
        try:
            return answer(call, version.manifest.signature, limits, score)
        except ModelFault as e:
            raise named(e, version) from e

    def _score(
        self,
        version: ModelVersion,
        request_id: str,
        deadline_s: float,
        rows: pa.Table,
        *,
        strict: bool,
    ) -> Scored:
        try:
            return predict(
                self._account,
                version,
                rows,
                strict=strict,
                request_id=request_id,
                deadline_s=deadline_s,
            )
        except WorkerCrashed:
            self._health.crashed(time.monotonic())
            raise

    def describe(self) -> Mapping[str, Any]:
        """Name, version and signature, for those who may call it."""
        version = self._version
        return {
            "name": self._spec.name.name,
            "fqn": str(self._spec.name),
            "model": str(self._spec.model),
            "version": self.version,
            "ready": self.is_ready,
            "isolation": self.isolation,
            "signature": None if version is None else version.manifest.signature.to_dict(),
        }


def may_call(actor: Actor, spec: ServiceSpec, default: Namespace) -> None:
    """Return if ``actor`` may call any service, or is bound to this very one.

    A token bound to a plain name is bound to the service of that name in ``default``.

    Raises:
        Forbidden: otherwise.
    """
    called = str(spec.name)
    if actor.service is not None and _bound_to(actor.service, spec, default):
        called = actor.service
    allow(actor, "service.call", service=called)


def _bound_to(service: str, spec: ServiceSpec, default: Namespace) -> bool:
    try:
        return Qualified.parse(service, default, "service").key == spec.name.key
    except InvalidName:
        return False
