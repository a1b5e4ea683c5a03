from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.environments.tiny import Repository, build_repository, install

from modelyard.account import Account, close_account, open_account
from modelyard.environments.libraries import Libraries
from modelyard.settings import Settings

Library = Callable[..., str]


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return build_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="session")
def library(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library of R with these packages, each as name_version, made once."""
    made: dict[tuple[str, ...], str] = {}

    def make(*fulls: str) -> str:
        if fulls not in made:
            made[fulls] = str(install(repository, tmp_path_factory.mktemp("library"), *fulls))
        return made[fulls]

    return make


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Account]]:
    """Accounts with settings of their own: the name of a home, and the settings."""
    accounts: list[Account] = []

    def open_one(home: str = "home", **settings: Any) -> Account:
        accounts.append(open_account(Settings(home=tmp_path / home, max_workers=2, **settings)))
        return accounts[-1]

    yield open_one
    for account in accounts:
        close_account(account)


@pytest.fixture
def libraries(tmp_path):
    def make(*repositories: str, **more) -> Libraries:
        given = {"r_home": "", "r_libs": "", "policy": "never", "deadline_s": 120.0} | more
        return Libraries(tmp_path / "environments", repositories=" ".join(repositories), **given)

    return make
