"""One frozen ``Settings``, read once from ``settings.toml`` in the home and ``MODELYARD_*``.

An environment variable wins over the file, the file over the default. ``modelyard settings``
prints them; ``docs/reference/settings.md`` explains them, and a test keeps the two in step.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from modelyard.errors import InvalidValue

ANYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104
"""What ``host`` is where all addresses of the machine are listened at."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, with its default and its unit in its name."""

    home: Path = Path("~/.modelyard")
    host: str = "127.0.0.1"
    port: int = 0
    """0: any free port."""
    tls_certificate: str = ""
    """A PEM file, or ``account`` for one made here. Empty: no TLS."""
    tls_key: str = ""
    """The PEM file of its key."""
    max_connections: int = 8192
    """Connections of the server, and of each service, at once."""
    max_connections_per_address: int = 4096
    catalog_url: str = ""
    """Empty: SQLite in the home."""
    artifacts_url: str = ""
    """Empty: files in the home."""
    default_database: str = "MODELYARD"
    default_schema: str = "PUBLIC"
    r_home: str = ""
    """Empty: what the R on the PATH says."""
    r_libs: str = ""
    """Folders of R packages for the workers, colon-separated, before R's own."""
    r_repositories: str = ""
    """CRAN-like repositories, with spaces between; libraries of packages are made from them."""
    provision: str = "never"
    """When packages a version needs are installed unasked: never, on_deploy or always."""
    provision_deadline_s: float = 1800.0
    environments: str = ""
    """Folder of those libraries. Empty: in the home; in /var/lib/modelyard for root."""
    max_workers: int = 4
    joined_rows: int = 10_000
    """At most so many rows of requests that wait together are asked at once (max_batch_rows)."""
    worker_idle_s: float = 300.0
    worker_start_s: float = 60.0
    worker_memory_bytes: int = 4 * 2**30
    worker_cpus: int = 0
    """Processors a worker may use at once; 0: any, with one thread of OpenMP."""
    worker_disk_bytes: int = 64 * 2**20
    worker_growth_bytes: int = 2**30
    worker_uids: str = "65000-65199"
    """Unused user ids, one for each live worker, where a server or service runs as root."""
    min_isolation: str = "full"
    """``full``, ``partial`` or ``none``: no model runs in a worker less well shut in."""
    predict_deadline_s: float = 10.0
    verify_deadline_s: float = 120.0
    deploy_deadline_s: float = 120.0
    sql_deadline_s: float = 60.0
    sql_memory_bytes: int = 4 * 2**30
    max_json_bytes: int = 16 * 2**20
    max_json_rows: int = 100_000
    max_columns: int = 10_000
    max_json_depth: int = 16
    max_body_bytes: int = 2**30
    sample_rows: int = 32
    """At most so many sample rows are kept with a version and replayed at deploy."""
    gc_grace_s: float = 24 * 3600.0
    inference_log_days: float = 90.0
    """What services were asked and answered is kept so long; 0: for ever."""
    inference_log_bytes: int = 10 * 2**30
    """Of each model; the oldest go first. 0: no bound."""
    token_days: int = 30
    require_second_person: str = "shared"
    """``always``, ``never``, or ``shared``: where the server listens beyond this machine."""
    service_ports: str = ""
    """``8100-8199``: services take the first free port of it. Empty: any free port."""

    @property
    def catalog(self) -> str:
        """The catalog's address."""
        return self.catalog_url or f"sqlite:///{self.home / 'catalog.db'}"

    @property
    def artifacts(self) -> str:
        """The artifact store's address."""
        return self.artifacts_url or f"file://{self.home / 'artifacts'}"

    @property
    def needs_second_person(self) -> bool:
        """Whether who logged a version may not be the one who points @production at it.

        Raises:
            InvalidValue: the setting is none of its three words.
        """
        match self.require_second_person:
            case "always":
                return True
            case "never":
                return False
            case "shared":
                return not _is_this_machine(self.host)
        word = self.require_second_person
        raise InvalidValue(f"require_second_person is always, never or shared, not {word!r}.")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def account_home(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the account that this environment means."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("MODELYARD_HOME") or "~/.modelyard").expanduser().absolute()


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Raises:
        InvalidValue: for an unknown key of the file, or a value of the wrong kind.
    """
    environ = os.environ if environ is None else environ
    home = account_home(environ)
    file = home / "settings.toml"
    given: dict[str, Any] = {}
    if file.is_file():
        try:
            given = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
            raise InvalidValue(f"settings.toml cannot be read: {e}.") from e
    known = {f.name for f in fields(Settings)} - {"home"}
    for name in given:
        if name not in known:
            raise InvalidValue(f"settings.toml has the unknown setting {name!r}.")
    for name in known:
        if (text := environ.get(f"MODELYARD_{name.upper()}")) is not None:
            given[name] = text
    defaults = Settings(home=home)
    return replace(defaults, **{n: _as(n, v, getattr(defaults, n)) for n, v in given.items()})


def _as(name: str, value: object, like: object) -> Any:
    try:
        if isinstance(like, str):
            return str(value)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        return int(value) if isinstance(like, int) else float(value)
    except ValueError:
        kind = "a whole number" if isinstance(like, int) else "a number"
        raise InvalidValue(f"The setting {name} is {kind}, not {value!r}.") from None
