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

    def check_model(self, model: str, version: str | None) -> None:
        """Make sure that this model is the one asked for, and this version of it where one is.

        Raises:
            NotFound: it is another.
        """
        served = self.version.model
        if key(model) not in (key(served.name), key(str(served))):
            raise NotFound(f"This service has no model {model[:80]!r}.", hint=f"It has {served}.")
        if version is not None and key(version) != key(self.version.name):
            raise NotFound(
                f"This service has no version {version[:80]!r} now.",
                hint=f"{self.version.name} answers.",
            )

    def vetiver_metadata(self) -> Mapping[str, Any]:
        """What vetiver's ``/metadata`` has."""
        return {
            "user": {"model": str(self.version.model), "service": str(self.name)},
            "version": self.version.name,
            "url": None,
            "required_pkgs": list(self.version.manifest.needs),
        }
