"""A warehouse that is opened when it is first asked for something.

One process at a time may have the warehouse's files open. Only the server works with them, but
every process with an account has one: a service host's stays closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

import pyarrow as pa

from modelyard.names import Namespace, Qualified
from modelyard.warehouse.base import Rows, TableInfo, Warehouse


class OnDemandWarehouse:
    """A :class:`~modelyard.warehouse.base.Warehouse` that has the face of another's."""

    def __init__(self, open_it: Callable[[], Warehouse]) -> None:
        self._open_it = open_it
        self._opened: Warehouse | None = None
        self._lock = Lock()

    def run(
        self,
        sql: str,
        namespace: Namespace,
        *,
        read_only: bool = False,
        given: Mapping[str, Rows] | None = None,
    ) -> pa.Table | int:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        return self._warehouse().run(sql, namespace, read_only=read_only, given=given)

    def write(self, table: Qualified, rows: pa.Table, overwrite: bool) -> int:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        return self._warehouse().write(table, rows, overwrite)

    def read(self, table: Qualified, limit: int | None) -> pa.Table:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        return self._warehouse().read(table, limit)

    def tables(self, namespace: Namespace | None) -> list[TableInfo]:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        return self._warehouse().tables(namespace)

    def drop(self, table: Qualified) -> None:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        self._warehouse().drop(table)

    def close(self) -> None:
        """Close it if it was ever opened."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _warehouse(self) -> Warehouse:
        with self._lock:
            if self._opened is None:
                self._opened = self._open_it()
            return self._opened
