"""Score rows by HTTP: the same call for an account and for a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.client.http import ARROW, Http
from modelyard.client.rows import from_stream, like, to_stream, to_table


def run(http: Http, where: str, rows: object, params: Mapping[str, str], strict: bool) -> Any:
    """The output columns for these rows, as the kind of rows they were."""
    table, kind = to_table(rows)
    answer = http.send(
        "POST",
        where,
        params={**params, "strict": "true" if strict else "false"},
        content=to_stream(table),
        headers={"content-type": ARROW, "accept": ARROW},
    )
    return like(from_stream(answer.content), kind)
