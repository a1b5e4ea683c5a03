"""An account of its own, how large a run is, and the page of its results."""

from __future__ import annotations

import os
import platform
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.services.conftest import MakeRds, Yard
from tests.torture.sizes import SHARE

from modelyard.access import SYSTEM, issue_token
from modelyard.account import close_account, open_account
from modelyard.services.reconcile import Reconciler
from modelyard.settings import Settings

PAGE = Path(__file__).parents[2] / "docs/reference/torture.md"
HEAD = """# Torture

What `make torture` did to services and servers, and what came of it. Each line is one test of
`tests/torture`; a small part of each runs with every `make test`. "Worst" is the slowest good
request while the faults were going on: nobody waited longer for a worker's end to be made good.
A request counts as failed when its answer is not the number it should be.

"""


@dataclass
class Results:
    """The page's table."""

    seed: int
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, part: str, done: str, goal: str, found: str) -> None:
        """Add a line, and show it."""
        self.rows.append((part, done, goal, found))
        print(" | ".join(self.rows[-1]))

    def page(self) -> str:
        """As Markdown."""
        machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
        lines = ["| part | done | goal | found |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        part = "all of it" if SHARE == 1 else f"{SHARE:g} of the whole"
        made = f"{datetime.now(UTC):%Y-%m-%d}, {machine}, seed {self.seed}, {part}"
        return f"{HEAD}{made}.\n\n" + "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def seed() -> int:
    """Of all that is random: ``MODELYARD_SEED``, or a new one; it is printed."""
    found = int(os.environ.get("MODELYARD_SEED") or random.randrange(2**32))
    print(f"MODELYARD_SEED={found}")
    return found


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest, seed: int) -> Iterator[Results]:
    """Where a test says what it did and found; made the page of by ``--write-pages``."""
    found = Results(seed)
    yield found
    if request.config.getoption("--write-pages"):
        PAGE.write_text(found.page(), encoding="utf-8")


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, make_rds: MakeRds) -> Iterator[Yard]:
    """An account whose workers may take little memory, and little time to start."""
    libraries = tmp_path_factory.mktemp("libraries")
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        worker_memory_bytes=2**30,
        worker_start_s=5.0,
        r_libs=str(libraries),
    )
    account = open_account(settings)
    owner = issue_token(account, SYSTEM, name="owner", role="owner").secret
    yard = Yard(account, Reconciler(account), make_rds, owner)
    yard.reconciler.start()
    yield yard
    yard.reconciler.stop(hosts=True)
    close_account(account)
