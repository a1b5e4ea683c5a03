"""The composition root: settings become an account. The only file that names backends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelyard.artifacts.base import ArtifactStore
from modelyard.artifacts.files import FileStore
from modelyard.catalog.base import Catalog
from modelyard.catalog.engine import open_catalog
from modelyard.compute.local import LocalCompute
from modelyard.environments.libraries import Libraries
from modelyard.errors import InvalidValue
from modelyard.names import Namespace
from modelyard.settings import Settings
from modelyard.warehouse.base import Warehouse
from modelyard.warehouse.ondemand import OnDemandWarehouse
from modelyard.workers.pool import WorkerPool


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """What every action needs: handed in, never reached for."""

    settings: Settings
    catalog: Catalog
    artifacts: ArtifactStore
    warehouse: Warehouse
    workers: WorkerPool
    now: Callable[[], datetime] = _utc_now
    """The time, aware and in UTC."""

    @property
    def libraries(self) -> Libraries:
        """Libraries of R packages made for versions that need them."""
        return Libraries.of(self.settings)

    def namespace(self, database: str | None = None, schema: str | None = None) -> Namespace:
        """The namespace of these names; what is left out is the account's default."""
        return Namespace(
            database or self.settings.default_database, schema or self.settings.default_schema
        )


def open_account(settings: Settings, *, now: Callable[[], datetime] = _utc_now) -> Account:
    """The account of these settings; its home is made when missing, its catalog upgraded.

    Raises:
        InvalidValue: for an address no backend serves.
        Unavailable: when the catalog is of a newer Modelyard, cannot be opened, or is gone from a
            home that is not new.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    catalog = open_catalog(settings.catalog, settings.home)
    catalog.upgrade()
    artifacts = _artifacts(settings.artifacts)
    warehouse = OnDemandWarehouse(lambda: _warehouse(settings))
    library_of = Libraries.of(settings).find
    workers = WorkerPool(_compute(settings), artifacts, settings, library_of)
    return Account(settings, catalog, artifacts, warehouse, workers, now)


def close_account(account: Account) -> None:
    """End its workers and let go of its files."""
    account.workers.close()
    account.warehouse.close()
    account.catalog.close()


def _compute(settings: Settings) -> LocalCompute:
    return LocalCompute(
        settings.r_home,
        settings.r_libs,
        settings.worker_uids,
        settings.worker_disk_bytes,
        settings.max_body_bytes,
        hidden=(str(settings.home),),
    )


def _warehouse(settings: Settings) -> Warehouse:
    from modelyard.warehouse.duckdb import DuckDBWarehouse  # a service host has no use for it

    return DuckDBWarehouse(
        settings.home / "warehouse",
        deadline_s=settings.sql_deadline_s,
        memory_bytes=settings.sql_memory_bytes,
    )


def _artifacts(url: str) -> ArtifactStore:
    scheme, _, rest = url.partition("://")
    match scheme:
        case "file":
            return FileStore(Path(rest))
        case _:
            raise InvalidValue(
                f"No artifact store for {scheme!r} addresses.", hint="Use file://<folder>."
            )
