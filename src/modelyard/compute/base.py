"""The seam for work: start a process that keeps running, and be told of its end."""

from __future__ import annotations

from typing import Protocol

from modelyard.runtime.messages import Channel


class Process(Protocol):
    """A worker process: a channel to it, and a way to end it that always works."""

    channel: Channel

    def kill(self) -> str:
        """End it now and say how it ended (``killed by signal 11``); safe to call again."""
        ...

    def alive(self) -> bool:
        """Whether it still runs."""
        ...

    def settle(self) -> None:
        """The model is loaded: growth of memory counts from here."""
        ...

    def grown_bytes(self) -> int:
        """How much its memory has grown since then, as of a moment ago."""
        ...


class Compute(Protocol):
    """Where worker processes run."""

    def spawn_worker(self, memory_bytes: int, library: str = "", cpus: int = 0) -> Process:
        """Start a worker that may use so much memory; it is ready when it says so.

        ``library`` is a folder of R packages that come before all others. ``cpus`` are the
        processors it may use at once; with 0 any, and what reads the number of threads from its
        environment has one.
        """
        ...
