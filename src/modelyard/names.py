"""Names, and references to models: parsed, normalised and printed here and nowhere else.

A name is ``^[A-Za-z_][A-Za-z0-9_$]{0,254}$``, unique without case, shown as first written.
A reference is ``DB.SCHEMA.MODEL``, with ``/V2`` for a version or ``@production`` for an alias.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from modelyard.errors import InvalidName

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,254}")
_VERSION_LIKE = re.compile(r"[vV][0-9]+")

RESERVED_ALIASES = frozenset({"default", "first", "last"})
"""Aliases that always exist and cannot be set: the default, the first and the newest version."""


def check_name(name: object, what: str) -> str:
    """Return ``name`` if it follows the rule; ``what`` says in the error what it should name.

    Raises:
        InvalidName: for anything else.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        shown = repr(name) if len(repr(name)) <= 80 else repr(name)[:77] + "..."
        a = "an" if what[0] in "aeiou" else "a"
        raise InvalidName(
            f"{shown} cannot name {a} {what}.",
            hint="A name starts with a letter or _, goes on with letters, digits, _ or $, "
            "and has at most 255 characters.",
        )
    return name


def key(name: str) -> str:
    """The form in which names are compared: without case.

    >>> key("Mtcars_MPG") == key("MTCARS_MPG")
    True
    """
    return name.lower()


def is_version_like(word: str) -> bool:
    """Whether a word has the form of a version's number, such as ``V2``."""
    return _VERSION_LIKE.fullmatch(word) is not None


def check_alias(name: object) -> str:
    """Return ``name`` if it may be set as an alias.

    Raises:
        InvalidName: when it breaks the rule, looks like a version (``V1``) or is reserved.
    """
    alias = check_name(str(name).removeprefix("@") if isinstance(name, str) else name, "alias")
    if key(alias) in RESERVED_ALIASES:
        raise InvalidName(
            f"{alias} is reserved: it always points at the {key(alias)} version.",
            hint="Choose another alias, such as production or staging.",
        )
    if is_version_like(alias):
        raise InvalidName(
            f"{alias} looks like a version, so it cannot be an alias.",
            hint="Choose a word, such as production or staging.",
        )
    return alias


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where models, tables and services live: a database and a schema in it.

    >>> str(Namespace("ML_DB", "MODELS"))
    'ML_DB.MODELS'
    """

    database: str
    schema: str

    def __post_init__(self) -> None:
        check_name(self.database, "database")
        check_name(self.schema, "schema")

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}"


@dataclass(frozen=True, slots=True)
class Qualified:
    """A name in a namespace: of a model, a service or a table.

    >>> str(Qualified.parse("MTCARS_MPG", Namespace("ML_DB", "MODELS"), "model"))
    'ML_DB.MODELS.MTCARS_MPG'
    """

    namespace: Namespace
    name: str

    @classmethod
    def parse(cls, text: object, default: Namespace, what: str) -> Qualified:
        """Read ``NAME``, ``SCHEMA.NAME`` or ``DB.SCHEMA.NAME``; the rest is ``default``'s."""
        if not isinstance(text, str) or text.count(".") > 2:
            check_name(text, what)
        parts = str(text).split(".")
        database, schema = default.database, default.schema
        if len(parts) == 3:
            database, schema = parts[0], parts[1]
        elif len(parts) == 2:
            schema = parts[0]
        check_name(parts[-1], what)
        return cls(Namespace(database, schema), parts[-1])

    @property
    def key(self) -> tuple[str, str, str]:
        """Database, schema and name as they are compared."""
        return key(self.namespace.database), key(self.namespace.schema), key(self.name)

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model, and one version of it by name or by alias, or its default version.

    ``version`` is a word that may also be an alias: callers write either in one place.
    ``alias`` is set when the text said ``@``, and is then nothing else.

    >>> ref = ModelRef.parse("MPG@production", Namespace("ML_DB", "MODELS"))
    >>> str(ref), ref.alias
    ('ML_DB.MODELS.MPG@production', 'production')
    """

    model: Qualified
    version: str | None = None
    alias: str | None = None

    @classmethod
    def parse(cls, text: object, default: Namespace, version_name: str | None = None) -> ModelRef:
        """Read ``MODEL``, ``MODEL/V2``, ``MODEL@alias``, any of them with database and schema.

        ``version_name`` is what a caller gave beside the model: a version, an alias or ``@alias``.

        Raises:
            InvalidName: when a part breaks the rule, or both forms name a version.
        """
        if not isinstance(text, str):
            check_name(text, "model")
        base, slash, version = str(text).partition("/")
        base, at, alias = base.partition("@")
        ref = cls(Qualified.parse(base, default, "model"))
        if slash and at:
            raise InvalidName(
                f"{text!r} names a version and an alias.",
                hint="Use MODEL/V2 or MODEL@alias, not both.",
            )
        if slash:
            ref = replace(ref, version=check_name(version, "version"))
        if at:
            ref = replace(ref, alias=check_name(alias, "alias"))
        if version_name is None:
            return ref
        if slash or at:
            raise InvalidName(
                f"{text!r} already says which version, and so does {version_name!r}.",
                hint="Give the version once.",
            )
        if version_name.startswith("@"):
            return replace(ref, alias=check_name(version_name[1:], "alias"))
        return replace(ref, version=check_name(version_name, "version"))

    def __str__(self) -> str:
        if self.version is not None:
            return f"{self.model}/{self.version}"
        return str(self.model) if self.alias is None else f"{self.model}@{self.alias}"
