"""Another protocol's way to write rows and answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from modelyard.json_rows.forms import Sheet
from modelyard.json_rows.limits import Limits
from modelyard.signature import Column


class Body(NamedTuple):
    """The body of an answer, its content type, and headers of its own."""

    data: bytes
    form: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Dialect(Protocol):
    """How a protocol that is not ours writes rows, and the answer to them.

    It only reads and writes: names, types and values are checked by the one contract.
    """

    def read(
        self, body: bytes | bytearray | memoryview, inputs: Sequence[Column], limits: Limits
    ) -> Sheet:
        """The rows of a body, as names and cells."""
        ...

    def write(self, table: pa.Table, echo: Any, model: str, version: str) -> Body:
        """The body of an answer; ``echo`` is what the sheet had."""
        ...
