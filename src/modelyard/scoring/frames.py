"""Rows in, rows out: JSON in its three forms, R's serialised frames, Arrow streams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import pyarrow as pa

from modelyard.errors import UnsupportedMediaType
from modelyard.json_rows import Body, Dialect, Limits, decode_rows, encode_answer, records_of
from modelyard.registry.types import ModelVersion
from modelyard.runtime.arrow import read_arrow, write_arrow
from modelyard.runtime.r.rds import read_frame
from modelyard.runtime.r.rds_write import write_frame
from modelyard.signature import Rows

JSON = "application/json"
RDS = "application/x-rds"
ARROW = "application/vnd.apache.arrow.stream"
MEDIA_TYPES = (JSON, RDS, ARROW)
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", ""})


class Call(msgspec.Struct, frozen=True, gc=False):
    """One request to predict: its body as it came, and what its headers and query said.

    With a ``dialect`` the body is in that, and so is the answer. ``version`` is the one that is
    to answer, where the request says so.
    """

    body: bytes | bytearray
    form: str
    answer_form: str
    strict: bool = False
    dialect: Dialect | None = None
    version: str | None = None


class Outputs(Protocol):
    """What a scorer gives: the outputs, and what it has to say about how it got them."""

    @property
    def table(self) -> pa.Table:
        """The output columns, a row for each input row where the signature says so."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What was done to the rows before the model saw them."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """R's own warnings."""
        ...


class Scorer(Protocol):
    """Scores rows of which nothing was checked, or which were; both are the same to it."""

    def __call__(self, rows: pa.Table, *, strict: bool) -> Outputs:
        """Check the rows, predict, check the answer."""
        ...


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The body of an answer and its form, with notes and warnings for its headers; the version
    that gave it."""

    body: bytes
    form: str
    version: str
    rows: Rows
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    more: tuple[tuple[str, str], ...] = ()
    """Headers of the protocol that was asked in."""

    def headers(self) -> dict[str, str]:
        """What an answer says of itself over HTTP: lists are JSON arrays in ASCII."""
        found = dict(self.more)
        found |= {"x-modelyard-version": self.version, "x-modelyard-rows": self.rows}
        for name, said in (("notes", self.notes), ("warnings", self.warnings)):
            if said:
                found[f"x-modelyard-{name}"] = _header(said)
        return found


def answer(call: Call, version: ModelVersion, limits: Limits, score: Scorer) -> Answer:
    """Decode, score, encode.

    In the ``{"data": [[i, …]]}`` form ``i`` is echoed; in every other form the rows of the answer
    are numbered from 0. An array of records is answered by one.

    Raises:
        Invalid: what the rows break, with column and row.
        ModelFault: what the model did.
    """
    notes: tuple[str, ...] = ()
    decoded = None
    signature = version.manifest.signature
    if call.form == JSON or call.dialect is not None:
        decoded = decode_rows(
            bytes(call.body),
            signature.inputs,
            strict=call.strict,
            limits=limits,
            dialect=call.dialect,
        )
        rows, notes = decoded.table, tuple(decoded.notes)
    elif call.form == RDS:
        rows = read_frame(memoryview(call.body), max_columns=limits.columns)
    else:
        rows = read_arrow(call.body, limits.binary_bytes)
    scored = score(rows, strict=call.strict)
    notes = tuple(dict.fromkeys((*notes, *scored.notes)))
    body = written(call, version, scored.table, decoded)
    warnings = tuple(scored.warnings)
    data, form, more = body
    return Answer(data, form, version.name, signature.rows, notes, warnings, more)


class Asked(Protocol):
    """What an answer in JSON takes from the rows it answers."""

    @property
    def form(self) -> str:
        """The form they came in."""
        ...

    @property
    def index(self) -> Sequence[Any] | None:
        """Their numbers."""
        ...

    @property
    def echo(self) -> Any:
        """What their dialect repeats."""
        ...


def written(call: Call, version: ModelVersion, table: pa.Table, asked: Asked | None) -> Body:
    """The body of an answer."""
    if call.dialect is not None and asked is not None:
        return call.dialect.write(table, asked.echo, version.model.name, version.name)
    if call.answer_form == RDS:
        return Body(write_frame(table), RDS)
    if call.answer_form == ARROW:
        return Body(write_arrow(table), ARROW)
    form = "" if asked is None else asked.form
    return Body(encode_answer(form, numbers(asked, table.num_rows), records_of(table)), JSON)


def numbers(asked: Asked | None, rows: int) -> Sequence[Any]:
    """The numbers of an answer's rows: those asked with, where these are rows of the request."""
    if asked is None or asked.index is None or len(asked.index) != rows:
        return range(rows)
    return asked.index


def _header(said: tuple[str, ...]) -> str:
    """Whole texts, as many as fit in 4 KiB."""
    kept = list(said)
    while len(text := json.dumps(kept)) > 4096 and len(kept) > 1:
        kept.pop()
    return text if len(text) <= 4096 else json.dumps([kept[0][:500]])


def media_type(content_type: str | None) -> str:
    """The form of a body, from its content type; JSON when none is given.

    >>> media_type("Application/JSON; charset=utf-8")
    'application/json'

    Raises:
        UnsupportedMediaType: for a form nobody here reads, or text that is not UTF-8.
    """
    if not content_type:
        return JSON
    form, _, parameters = content_type.partition(";")
    form = form.strip().lower()
    if form == JSON and parameters:
        check_charset(parameters)
    if form not in MEDIA_TYPES:
        raise UnsupportedMediaType(
            f"Rows are not read from {form[:80]!r}.",
            hint=f"Send {JSON}, {RDS} or {ARROW}, and say so in content-type.",
        )
    return form


def check_charset(parameters: str) -> None:
    """Make sure that the parameters of a content type name no charset but UTF-8, or part of it.

    Raises:
        UnsupportedMediaType: they name another.
    """
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset not in _CHARSETS:
            raise UnsupportedMediaType(
                f"Rows are not read from text in {charset[:80]!r}.", hint="Send it in UTF-8."
            )


def answer_type(accept: str | None, form: str) -> str:
    """The form of the answer: the first known one of ``accept``, else that of the request.

    >>> answer_type("text/html, application/x-rds;q=0.9", "application/json")
    'application/x-rds'

    Raises:
        UnsupportedMediaType: when only other forms are accepted.
    """
    wanted = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    known = [w for w in wanted if w in MEDIA_TYPES]
    if known:
        return known[0]
    if not any(wanted) or any(w in ("*/*", "application/*") for w in wanted):
        return form
    raise UnsupportedMediaType(
        "None of the forms accepted is one in which rows are answered.",
        hint=f"Accept {JSON}, {RDS} or {ARROW}.",
    )
