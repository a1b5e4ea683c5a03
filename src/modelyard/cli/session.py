"""Where a command works: the connection it uses, and what names mean there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.errors import InvalidValue
from modelyard.names import ModelRef, Namespace

if TYPE_CHECKING:
    from modelyard.client.connection import Connection
    from modelyard.client.model import Model
    from modelyard.client.registry import Registry
    from modelyard.client.version import ModelVersion


Ref = Annotated[str, typer.Argument(metavar="REF", help="MODEL, MODEL/V2 or MODEL@alias.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A model's name.")]
ServiceName = Annotated[str, typer.Argument(metavar="SERVICE", help="A service's name.")]
TableName = Annotated[str, typer.Argument(metavar="TABLE", help="A table's name.")]
Rows = Annotated[
    Path, typer.Argument(metavar="ROWS", help="Rows: .csv, .parquet, .json or .arrow.")
]


@dataclass(slots=True)
class Session:
    """What was said before the command; it connects when a command needs it."""

    url: str | None = None
    token: str | None = None
    profile: str | None = None
    database: str | None = None
    schema: str | None = None
    _connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The connection, opened once."""
        if self._connection is None:
            from modelyard.client.connection import connect

            self._connection = connect(self.url, self.token, self.profile)
            self._connection.database = self.database or self._connection.database
            self._connection.schema = self.schema or self._connection.schema
        return self._connection

    @property
    def registry(self) -> Registry:
        """The registry of its database and schema."""
        from modelyard.client.registry import Registry

        return Registry(self.connection)

    def ref(self, text: str) -> ModelRef:
        """``MODEL``, ``MODEL/V2`` or ``MODEL@alias`` in this database and schema."""
        return ModelRef.parse(text, Namespace(self.connection.database, self.connection.schema))

    def model(self, text: str) -> Model:
        """The model this text names, without a version.

        Raises:
            InvalidValue: it names a version.
        """
        ref = self.ref(text)
        if ref.version is not None or ref.alias is not None:
            raise InvalidValue(f"{text} names a version; this is about a model.")
        return self.registry.get_model(str(ref.model))

    def version(self, text: str) -> ModelVersion:
        """The version this text names; of a model alone, its default version."""
        ref = self.ref(text)
        model = self.registry.get_model(str(ref.model))
        return model.version(ref.version or (f"@{ref.alias}" if ref.alias else "DEFAULT"))


def session_of(ctx: typer.Context) -> Session:
    """The session of this command."""
    found = ctx.find_object(Session)
    assert found is not None
    return found


def pairs(given: list[str], what: str) -> dict[str, str]:
    """``name=value`` texts as a dict.

    >>> pairs(["rmse=2.5"], "--metric")
    {'rmse': '2.5'}

    Raises:
        InvalidValue: a text without ``=``.
    """
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidValue(f"{what} is name=value, not {text!r}.")
        found[name] = value
    return found


def number_or_text(value: str) -> float | str:
    """A number if it reads as one.

    >>> number_or_text("2.5"), number_or_text("good")
    (2.5, 'good')
    """
    try:
        return float(value)
    except ValueError:
        return value
