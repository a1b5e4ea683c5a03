"""A model: its versions, aliases and tags."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from modelyard.client.connection import Connection
from modelyard.client.http import path
from modelyard.client.service import warn_moved
from modelyard.client.version import ModelVersion, address, version_table


class Model:
    """A named line of versions; what can change is asked of the server each time."""

    def __init__(self, connection: Connection, raw: dict[str, Any]) -> None:
        self._connection = connection
        self._raw = raw

    @property
    def name(self) -> str:
        """Its name as first written."""
        return str(self._raw["name"])

    @property
    def fully_qualified_name(self) -> str:
        """``DB.SCHEMA.NAME``."""
        return address(self._raw)

    @property
    def comment(self) -> str:
        """A remark on the model; it can be set."""
        return str(self._fresh()["comment"] or "")

    @comment.setter
    def comment(self, comment: str) -> None:
        self._send("PATCH", body={"comment": comment})

    description = comment

    @property
    def default(self) -> ModelVersion:
        """The version that is used when none is named; set it to a version or its name."""
        return self.version("DEFAULT")

    @default.setter
    def default(self, version: str | ModelVersion) -> None:
        self._send("PATCH", body={"default_version": _name(version)})

    def version(self, version_or_alias: str) -> ModelVersion:
        """The version with this name, or the one an alias (``production``, ``@FIRST``) points at.

        Raises:
            NotFound: there is none.
        """
        return ModelVersion(self._connection, self._send("GET", "versions", version_or_alias))

    def versions(self) -> list[ModelVersion]:
        """Every version, in the order they were logged."""
        found = self._send("GET", "versions")["versions"]
        return [ModelVersion(self._connection, raw) for raw in found]

    def first(self) -> ModelVersion:
        """The version that was logged first."""
        return self.version("FIRST")

    def last(self) -> ModelVersion:
        """The version that was logged last."""
        return self.version("LAST")

    def show_versions(self) -> pa.Table:
        """A table of them: name, aliases, comment, default or not, metrics, services, times."""
        return version_table([v.to_dict() for v in self.versions()])

    def delete_version(self, version_name: str) -> None:
        """Delete a version that nothing points at.

        Raises:
            NotFound: there is none.
            InUse: it is the default, has an alias or is served.
        """
        self._send("DELETE", "versions", version_name)

    def aliases(self) -> dict[str, str]:
        """Which version each alias points at."""
        return dict(self._send("GET", "aliases")["aliases"])

    def set_alias(self, alias: str, version: str | ModelVersion) -> None:
        """Point an alias at a version, in one step; one that exists is moved.

        Services that follow it answer with that version then; one that cannot is warned of,
        and so is what a version with another signature means for callers.
        """
        warn_moved(self._send("PUT", "aliases", alias, body={"version": _name(version)}))

    def unset_alias(self, alias: str) -> None:
        """Remove an alias.

        Raises:
            NotFound: there is none.
        """
        self._send("DELETE", "aliases", alias)

    def show_tags(self) -> dict[str, str]:
        """Every tag with its value."""
        return dict(self._send("GET", "tags")["tags"])

    def get_tag(self, tag_name: str) -> str | None:
        """A tag's value, or None."""
        return self.show_tags().get(tag_name)

    def set_tag(self, tag_name: str, tag_value: str) -> None:
        """Set a tag."""
        self._send("PUT", "tags", tag_name, body={"value": tag_value})

    def unset_tag(self, tag_name: str) -> None:
        """Remove a tag."""
        self._send("DELETE", "tags", tag_name)

    def to_dict(self) -> dict[str, Any]:
        """Everything known of it, as the server said it."""
        return dict(self._raw)

    def _fresh(self) -> dict[str, Any]:
        self._raw = self._send("GET")
        return self._raw

    def _send(self, method: str, *parts: str, body: object = None) -> Any:
        where = path("models", self.fully_qualified_name, *parts)
        return self._connection.http.json(method, where, body=body)

    def __repr__(self) -> str:
        return f"<Model {self.fully_qualified_name}>"


def _name(version: str | ModelVersion) -> str:
    return version.version_name if isinstance(version, ModelVersion) else version
