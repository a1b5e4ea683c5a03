"""What can be loaded: a version's manifest, and a model that is about to become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from modelyard.runtime.environment import Environment
from modelyard.runtime.manifest import File, PredictSpec


class Loadable(Protocol):
    """What a worker needs to know to load a model: a manifest has it, and so has a log request."""

    @property
    def model(self) -> File:
        """The model's file."""
        ...

    @property
    def body(self) -> File | None:
        """The file of the author's own predict function, or None."""
        ...

    @property
    def predict(self) -> PredictSpec:
        """How to predict."""
        ...

    @property
    def authors(self) -> tuple[File, ...]:
        """Files of the author's own that predict needs."""
        ...

    @property
    def environment(self) -> Environment | None:
        """What R was when it was logged: a library of packages may have been made for it."""
        ...

    @property
    def needs(self) -> Sequence[str]:
        """Packages it is known to need, beside those that its class and ``predict`` say."""
        ...
