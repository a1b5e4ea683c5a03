"""Parts of an account, for which a token can be: databases, schemas, models, services."""

from __future__ import annotations

from dataclasses import dataclass

from modelyard.errors import InvalidValue
from modelyard.names import Namespace, Qualified, check_name, key

LENGTH = {"database": 1, "schema": 2, "table": 3, "model": 3, "service": 3}
"""How many names a part of each kind has."""

GRANTED = ("database", "schema", "model", "service")
"""The kinds a token can be granted; tables are reached by their schema."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the account, by its kind and its full name.

    >>> str(Part.parse("model MPG", Namespace("ML_DB", "MODELS")))
    'model ML_DB.MODELS.MPG'
    """

    kind: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, kind: str, name: Qualified | Namespace) -> Part:
        """The part of this name."""
        return cls(kind, tuple(str(name).split(".")))

    @classmethod
    def parse(cls, text: object, default: Namespace) -> Part:
        """Read ``schema ML_DB.MODELS`` and the like; names left out are ``default``'s.

        Raises:
            InvalidValue: for a text that is no grant.
            InvalidName: for a name that is none.
        """
        kind, _, name = text.strip().partition(" ") if isinstance(text, str) else ("", "", "")
        if kind not in GRANTED or not name:
            raise InvalidValue(
                f"A grant is a kind and a name, such as 'schema ML_DB.MODELS', not {str(text)!r}.",
                hint=f"The kinds are {', '.join(GRANTED)}.",
            )
        if kind == "database":
            return cls(kind, (check_name(name, kind),))
        if kind == "schema":
            database, dot, schema = name.rpartition(".")
            return cls.of(kind, Namespace(database if dot else default.database, schema))
        return cls.of(kind, Qualified.parse(name, default, kind))

    def holds(self, other: Part) -> bool:
        """Whether ``other`` is this part, or lies in it.

        >>> Part("schema", ("ML_DB", "MODELS")).holds(Part("table", ("ml_db", "models", "CARS")))
        True
        """
        if len(self.names) == LENGTH["model"] and self.kind != other.kind:
            return False
        mine, its = (tuple(map(key, part.names)) for part in (self, other))
        return its[: len(mine)] == mine

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(self.names)}"
