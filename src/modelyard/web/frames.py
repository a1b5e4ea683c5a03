"""Frames over HTTP: R's serialised form, Arrow streams, JSON."""

from __future__ import annotations

import pyarrow as pa
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from modelyard.access.body import read_body
from modelyard.access.routes import account_of
from modelyard.json_rows import Limits, decode_untyped, encode_records
from modelyard.runtime.arrow import read_arrow, write_arrow
from modelyard.runtime.r.rds import read_frame
from modelyard.runtime.r.rds_write import write_frame
from modelyard.scoring.frames import JSON, RDS, answer_type, media_type


async def read_rows(request: Request) -> pa.Table:
    """The body as rows, in the form its content type says.

    Raises:
        MalformedRequest: bytes that are not of that form.
        TooLarge: more bytes than the settings allow for it.
        UnsupportedMediaType: another form.
    """
    form = media_type(request.headers.get("content-type"))
    settings = account_of(request).settings
    most = settings.max_json_bytes if form == JSON else settings.max_body_bytes
    body = await read_body(request.stream(), request.headers.get("content-length"), most)
    return await run_in_threadpool(_decode, body, form, Limits.of(settings))


def _decode(body: bytearray, form: str, limits: Limits) -> pa.Table:
    if form == JSON:
        return decode_untyped(bytes(body), limits=limits)
    if form == RDS:
        return read_frame(memoryview(body), max_columns=limits.columns)
    return read_arrow(body, limits.binary_bytes)


async def rows_response(request: Request, table: pa.Table) -> Response:
    """Rows in the form the request accepts; JSON records when it does not say."""
    form = answer_type(request.headers.get("accept"), JSON)
    body = await run_in_threadpool(_encode, table, form)
    return Response(body, media_type=form)


def _encode(table: pa.Table, form: str) -> bytes:
    if form == JSON:
        return encode_records(table)
    return write_frame(table) if form == RDS else write_arrow(table)
