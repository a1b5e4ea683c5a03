"""HTTP for the warehouse: SQL and tables."""

from __future__ import annotations

from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from modelyard.access import Actor, Part, record
from modelyard.access.guard import MAY
from modelyard.access.routes import account_of, may, place_of, read_json
from modelyard.account import Account
from modelyard.errors import InvalidValue
from modelyard.names import Namespace, Qualified
from modelyard.services.sql_functions import expand
from modelyard.web.frames import read_rows, rows_response

router = APIRouter(prefix="/api/v1")

_SHOWN_SQL = 1000


def the_schema(request: Request) -> tuple[Part, ...]:
    """The schema of the query."""
    return (Part.of("schema", place_of(request)),)


def the_table(request: Request) -> tuple[Part, ...]:
    """The table in the path."""
    name = Qualified.parse(request.path_params["table"], place_of(request), "table")
    return (Part.of("table", name),)


# A statement may name any table, so no grant of a part is enough for it.
Reader = Annotated[Actor, Depends(may("table.read"))]
ReaderOfOne = Depends(may("table.read", about=the_table))
Writer = Annotated[Actor, Depends(may("table.write", about=the_table))]


def _place(request: Request, database: str | None = None, schema: str | None = None) -> Namespace:
    return account_of(request).namespace(database, schema)


Place = Annotated[Namespace, Depends(_place)]


def _table(table: str, place: Place) -> Qualified:
    return Qualified.parse(table, place, "table")


Table = Annotated[Qualified, Depends(_table)]


@router.post("/sql")
async def sql(request: Request, actor: Reader) -> Response:
    """Run one SQL statement: rows of a query, or how many rows changed."""
    raw = await read_json(request)
    statement = raw.get("sql")
    if not isinstance(statement, str):
        raise InvalidValue("sql is the text of one statement.")
    account = account_of(request)
    place = account.namespace(_text(raw, "database"), _text(raw, "schema"))
    found = await run_in_threadpool(_run, account, actor, statement, place)
    if isinstance(found, pa.Table):
        return await rows_response(request, found)
    return JSONResponse({"rows_affected": found})


def _text(raw: dict[str, Any], name: str) -> str | None:
    value = raw.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidValue(f"{name} is a text, not {value!r}.")
    return value


def _run(account: Account, actor: Actor, sql: str, place: Namespace) -> pa.Table | int:
    read_only = "table.write" not in MAY[actor.role]
    asked = expand(account, actor, sql, place)
    found = account.warehouse.run(asked.sql, place, read_only=read_only, given=asked.tables)
    if not isinstance(found, pa.Table):
        detail = {"sql": sql[:_SHOWN_SQL], "rows": found}
        _record(account, actor, "StatementRun", str(place), detail)
    return found


@router.get("/tables", dependencies=[Depends(may("table.read", about=the_schema))])
def tables(request: Request, place: Place) -> JSONResponse:
    """Tables and views of a database and schema."""
    account = account_of(request)
    found = account.warehouse.tables(place)
    return JSONResponse({"tables": [t.to_dict() for t in found]})


@router.get("/tables/{table}", dependencies=[ReaderOfOne])
async def read_table(
    request: Request, table: Table, limit: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """The rows of a table."""
    rows = await run_in_threadpool(account_of(request).warehouse.read, table, limit)
    return await rows_response(request, rows)


@router.get("/tables/{table}/fields", dependencies=[ReaderOfOne])
def fields(request: Request, table: Table) -> JSONResponse:
    """The columns of a table and their Arrow types."""
    rows = account_of(request).warehouse.read(table, 0)
    return JSONResponse({"fields": [{"name": f.name, "type": str(f.type)} for f in rows.schema]})


@router.put("/tables/{table}")
async def write_table(
    request: Request, actor: Writer, table: Table, overwrite: bool = False
) -> JSONResponse:
    """Store rows as a table, all of them or none."""
    rows = await read_rows(request)
    account = account_of(request)
    count = await run_in_threadpool(_write, account, actor, table, rows, overwrite)
    return JSONResponse({"rows": count})


def _write(
    account: Account, actor: Actor, table: Qualified, rows: pa.Table, overwrite: bool
) -> int:
    count = account.warehouse.write(table, rows, overwrite)
    _record(account, actor, "TableWritten", str(table), {"rows": count, "overwrite": overwrite})
    return count


@router.delete("/tables/{table}")
def drop_table(request: Request, actor: Writer, table: Table) -> JSONResponse:
    """Remove a table."""
    account = account_of(request)
    account.warehouse.drop(table)
    _record(account, actor, "TableDropped", str(table), {})
    return JSONResponse({"name": str(table)})


def _record(
    account: Account, actor: Actor, kind: str, subject: str, detail: dict[str, Any]
) -> None:
    with account.catalog.begin() as tx:
        record(tx, actor, kind, subject, detail, account.now())
