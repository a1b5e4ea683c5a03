"""Which libraries gc removes: those no version has, that nobody makes or used of late."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.environments.test_check import log
from tests.environments.test_provision import asked
from tests.registry.fake import ANNA, MPG, ref

from modelyard.environments.libraries import Libraries
from modelyard.errors import MissingPackage
from modelyard.registry.aliases import set_default
from modelyard.registry.delete import delete_model, delete_version
from modelyard.registry.gc import collect
from modelyard.registry.provide import asked_for
from modelyard.runtime.environment import Environment

DAY = 86_400.0


def aged(path: Path, seconds: float) -> None:
    at = time.time() - seconds
    os.utime(path, (at, at))


def test_a_build_nobody_names_is_collected(opened, repository, tmp_path):
    account = opened(r_repositories=repository.url, environments=str(tmp_path / "e"))
    kept = account.libraries.provision(asked(tinyleaf="1.0"))
    left = tmp_path / "e/builds/left-behind"
    left.mkdir()
    collect(account, ANNA, DAY)
    assert left.exists()
    aged(left, 2 * DAY)
    collect(account, ANNA, DAY)
    assert not left.exists() and kept.exists()


def made_long_ago(libraries: Libraries, environment: Environment) -> tuple[Path, Path]:
    """A library made two days ago, and the file that names it."""
    library = libraries.provision(environment)
    assert library is not None
    file = libraries.root / f"{libraries._key(environment)}.json"
    aged(file, 2 * DAY)
    aged(library.parent, 2 * DAY)
    return library, file


def test_the_library_of_deleted_versions_goes_when_none_has_it_any_more(
    opened, make_rds, repository, tmp_path
):
    account = opened(r_repositories=repository.url, environments=str(tmp_path / "e"))
    account.libraries.provision(asked_for({"tinyroot": "1.0"}))
    for _ in range(2):
        log(account, make_rds, client={"packages": {"tinyroot": "1.0"}})
    (build,) = (tmp_path / "e/builds").iterdir()
    records = list((tmp_path / "e").glob("*.json"))

    def later() -> None:
        for path in (build, *(r for r in records if r.exists())):
            aged(path, 2 * DAY)
        collect(account, ANNA, DAY)

    later()
    assert build.exists() and all(r.exists() for r in records)
    set_default(account, ANNA, ref("V2"))
    delete_version(account, ANNA, ref("V1"))
    later()
    assert build.exists() and all(r.exists() for r in records)
    delete_model(account, ANNA, MPG)
    later()
    # A worker of the version that went may still read it, for one grace.
    assert build.exists() and not any(r.exists() for r in records)
    later()
    assert not build.exists()


def test_a_library_that_was_just_made_or_used_is_left(libraries, repository):
    made = libraries(repository.url)
    wanted = asked(tinyleaf="1.0")
    library, file = made_long_ago(made, wanted)
    assert made.find(asked(tinyleaf="1.0")) == library  # as a log does that is under way
    made.sweep([], DAY)
    assert file.exists() and library.exists()
    aged(file, 2 * DAY)
    made.sweep([wanted.digest], DAY)
    assert file.exists()
    made.sweep([], DAY)
    assert not file.exists() and library.exists()
    assert made.find(asked(tinyleaf="1.0")) is None


def test_a_library_that_is_being_made_is_left(libraries, repository):
    made = libraries(repository.url, deadline_s=4.0)
    with ThreadPoolExecutor(1) as threads:
        making = threads.submit(made.provision, asked(tinyslow="1.0"))
        while not (builds := list(made.root.glob("builds/*/library/*"))):
            assert not making.done()
        made.sweep([], 0.0)
        assert builds[0].exists()
        assert isinstance(making.exception(), MissingPackage)
