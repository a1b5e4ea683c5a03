"""What a service tells of itself to those who may call it, in the words of other protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.errors import NotFound
from modelyard.names import Qualified, key
from modelyard.registry.types import ModelVersion


@dataclass(frozen=True, slots=True)
class About:
    """A service by name, and the version that answers."""

    name: Qualified
    version: ModelVersion

    def check_model(self, model: str) -> None:
        """Make sure that this model is the one asked for.

        Raises:
            NotFound: it is another.
        """
        served = self.version.model
        if key(model) not in (key(served.name), key(str(served))):
            raise NotFound(f"This service has no model {model[:80]!r}.", hint=f"It has {served}.")

    def vetiver_metadata(self) -> Mapping[str, Any]:
        """What vetiver's ``/metadata`` has."""
        return {
            "user": {"model": str(self.version.model), "service": str(self.name)},
            "version": self.version.name,
            "url": None,
            "required_pkgs": list(self.version.manifest.needs),
        }
