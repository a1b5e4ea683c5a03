"""Nothing gets out of a worker: each way is tried from inside a predict body, and refused.

Each is also tried in a worker without a sandbox, where it must succeed: so it is known to be a
real one.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Workshop
from tests.workers.probes import NATIVE, REFUSED_ANYWAY
from tests.workers.world import R_CODE, Inside, World, a_world, build_attack, inside

from modelyard.artifacts.files import FileStore
from modelyard.compute.identity import pythons_folders, shut_to_others
from modelyard.errors import WorkerCrashed

REFUSALS = {errno.EPERM, errno.EACCES, errno.ENOSYS}
ROOT_ONLY = pytest.mark.skipif(
    os.geteuid() != 0, reason="what succeeds without a sandbox is known for root"
)
NOBODY = 64_980
"""A user id that nobody has."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("account")) as found:
        yield found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, make_rds) -> Workshop:
    root = tmp_path_factory.mktemp("store")
    return Workshop(FileStore(root), root, make_rds)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_attack(tmp_path_factory.mktemp("attack") / "attack.so")


@pytest.fixture(scope="module")
def shut_in(world, store, library) -> Iterator[Inside]:
    with inside(world, store, library) as found:
        yield found


@pytest.fixture(scope="module")
def open_(world, store, library) -> Iterator[Inside]:
    with inside(world, store, library, layers=(), uids="") as found:
        yield found


@pytest.mark.parametrize("way", R_CODE)
def test_r_code_does_not_get_out(shut_in, way):
    assert not shut_in.gets_out(R_CODE[way])


@ROOT_ONLY
@pytest.mark.parametrize("way", [w for w in R_CODE if w not in REFUSED_ANYWAY])
def test_the_same_r_code_gets_out_where_there_is_no_sandbox(open_, way):
    assert open_.gets_out(R_CODE[way])


@pytest.mark.parametrize("way", NATIVE)
def test_native_code_does_not_get_out(shut_in, way):
    assert shut_in.native(way) in REFUSALS


@ROOT_ONLY
@pytest.mark.parametrize("way", [w for w in NATIVE if w not in REFUSED_ANYWAY])
def test_the_same_native_code_gets_out_where_there_is_no_sandbox(open_, way):
    assert open_.native(way) not in REFUSALS


def test_garbage_on_its_socket_ends_the_worker_and_nothing_else(shut_in):
    with pytest.raises(WorkerCrashed, match="it answered a message of"):
        shut_in.native("garbage_on_the_socket")
    assert shut_in.native("fork") == errno.EPERM


@ROOT_ONLY
@pytest.mark.skipif(
    shut_to_others(pythons_folders()) is not None, reason="others cannot read this Python"
)
def test_nothing_gets_out_where_the_server_is_an_ordinary_user(library):
    """Its worker shares its user id, so that no mode of a file and no id is in the way."""
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, NOBODY, NOBODY)
    shutil.copy(library, folder / "attack.so")
    done = subprocess.run(
        [sys.executable, "-m", "tests.workers.unprivileged", str(folder)],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["level"] == "full" and told["uid"] == NOBODY
    assert told["out"] == []
    assert set(told["tried"]) == {*R_CODE, *NATIVE}
