"""Functions of the account in SQL: their calls become tables that are handed to the warehouse.

``INFERENCE_TABLE('MODEL')``, also with ``MODEL_VERSION => 'V2'`` and within ``TABLE(...)``, and
``SYSTEM$GET_SERVICE_LOGS('SERVICE')``, also after ``CALL``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from modelyard.access import Actor, allow
from modelyard.access.parts import Part
from modelyard.account import Account
from modelyard.errors import InvalidValue
from modelyard.names import ModelRef, Namespace, Qualified, key
from modelyard.registry.resolve import find_version
from modelyard.registry.store import need_model
from modelyard.services.folder import folder
from modelyard.services.inference_log import ABOUT, place_of
from modelyard.services.logs import MOST_LINES, tail_of
from modelyard.services.show import parts_of, show

_TEXT = r"'(?:[^']|'')*'"
_ARGUMENTS = rf"\((?P<{{}}>(?:{_TEXT}|[^'()])*)\)"
_WORDS = re.compile(
    rf"""{_TEXT} | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | (?P<table>\bTABLE\s*\(\s*)?\bINFERENCE_TABLE\s*{_ARGUMENTS.format("inferences")}
      (?(table)\s*\))
    | (?P<call>\bCALL\s+)?\bSYSTEM\$GET_SERVICE_LOGS\s*{_ARGUMENTS.format("logs")}""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ARGUMENT = re.compile(rf"\s*(?:(\w+)\s*=>\s*)?({_TEXT}|\d+)\s*(?:,(?!\s*$)|$)")


@dataclass(frozen=True, slots=True)
class Expanded:
    """SQL without our functions, and the tables it reads instead."""

    sql: str
    tables: Mapping[str, Any]


def expand(account: Account, actor: Actor, sql: str, place: Namespace) -> Expanded:
    """Put what our functions give in their place.

    Raises:
        Forbidden: ``actor`` may not see it.
        NotFound: there is no such model, version or service.
        InvalidValue: arguments that they do not take.
    """
    tables: dict[str, Any] = {}

    def replaced(found: re.Match[str]) -> str:
        name = f"modelyard_given_{len(tables)}"
        if (arguments := found["inferences"]) is not None:
            tables[name] = _inferences(account, actor, place, arguments)
            return f'"{name}"'
        if (arguments := found["logs"]) is not None:
            tables[name] = _logs(account, actor, place, arguments)
            scalar = f'(SELECT log FROM "{name}")'  # noqa: S608 (a name of ours)
            return f'SELECT {scalar} AS "SYSTEM$GET_SERVICE_LOGS"' if found["call"] else scalar
        return found[0]

    return Expanded(_WORDS.sub(replaced, sql), tables)


def _inferences(account: Account, actor: Actor, place: Namespace, text: str) -> Any:
    plain, named = _arguments("INFERENCE_TABLE", text, 1, ("model_version",))
    ref = ModelRef.parse(plain[0], place, named.get("model_version"))
    # What callers sent is no less theirs than the training rows in a model's bytes.
    allow(actor, "model.download", Part.of("model", ref.model))
    with account.catalog.connect() as tx:
        model = need_model(tx, ref.model).name
        version = None
        if ref.version is not None or ref.alias is not None:
            version = key(find_version(tx, ref)[1].name)
    return inferences_of(account, model, version)


def inferences_of(account: Account, model: Qualified, version: str | None) -> Any:
    """What was captured of a model, or of one version of it.

    Raises:
        InvalidValue: its versions have columns of one name that no type holds together.
    """
    where = place_of(account.settings.home, model)
    where = where if version is None else where / version
    if not where.is_dir():
        return ABOUT.empty_table()
    options = ds.FileSystemFactoryOptions(exclude_invalid_files=False)
    selector = pa.fs.FileSelector(str(where), recursive=True)
    factory = ds.FileSystemDatasetFactory(
        pa.fs.LocalFileSystem(), selector, ds.ParquetFileFormat(), options
    )
    try:
        schema = factory.inspect(promote_options="permissive", fragments=None)
    except pa.ArrowTypeError:
        raise InvalidValue(
            f"The versions of {model.name} have columns of other types.",
            hint=f"Ask for one: INFERENCE_TABLE('{model.name}', MODEL_VERSION => 'V1').",
        ) from None
    return factory.finish(schema) if schema.names else ABOUT.empty_table()


def _logs(account: Account, actor: Actor, place: Namespace, text: str) -> pa.Table:
    # The number of an instance and the name of its container follow in the reference; here
    # there is one of each.
    plain, _ = _arguments("SYSTEM$GET_SERVICE_LOGS", text, 4, ())
    name = Qualified.parse(plain[0], place, "service")
    allow(actor, "service.read", *parts_of(account, name))
    found = show(account, name).spec
    lines = int(plain[3]) if len(plain) > 3 and plain[3].isdigit() else 100
    files = folder(account.settings.home, found.id).log_files
    return pa.table({"log": ["\n".join(tail_of(files, max(1, min(lines, MOST_LINES))))]})


def _arguments(
    function: str, text: str, most: int, names: tuple[str, ...]
) -> tuple[list[str], dict[str, str]]:
    """The arguments of a call: those by position, at least one, and those by name."""
    plain: list[str] = []
    named: dict[str, str] = {}
    at = 0
    while at < len(text) and (found := _ARGUMENT.match(text, at)) is not None:
        at = found.end()
        value = found[2][1:-1].replace("''", "'") if found[2][0] == "'" else found[2]
        if found[1] is None:
            plain.append(value)
        else:
            named[key(found[1])] = value
    if at < len(text) or not 1 <= len(plain) <= most or not named.keys() <= set(names):
        by_name = "".join(f", {name.upper()} => 'NAME'" for name in names)
        raise InvalidValue(f"{function} is called with texts: {function}('NAME'{by_name}).")
    return plain, named
