"""A library made for an environment: all of it or nothing, and the same numbers from it."""

from __future__ import annotations

import functools
import gzip
import http.server
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.environments.test_check import ROWS, log, predict, refused
from tests.environments.tiny import Repository, index
from tests.registry.fake import ANNA, MPG, ref

from modelyard.environments.libraries import Libraries
from modelyard.errors import InvalidValue, MissingPackage, Unavailable, VerificationFailed
from modelyard.registry.bring_in import import_tar
from modelyard.registry.export import export_tar
from modelyard.registry.provide import asked_for, environment_here, replay_provided
from modelyard.runtime.environment import Environment

ROOT = {"tinyroot": "1.0", "tinydep": "1.0", "tinyleaf": "1.0"}


@pytest.fixture
def own(repository: Repository, tmp_path: Path) -> Repository:
    """A copy of the repository, to be spoilt."""
    return Repository(Path(shutil.copytree(repository.root, tmp_path / "own")), repository.sources)


def asked(**packages) -> Environment:
    return Environment("", "", packages)


def installed(library: Path) -> set[str]:
    return {p.name for p in library.iterdir()}


def nothing_is_used(libraries: Libraries) -> bool:
    return list(libraries.root.glob("*.json")) == []


@pytest.fixture
def served_by_http(repository):
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(repository.root)
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_refused_log_goes_through_once_the_packages_are_provided(
    opened, make_rds, repository, tmp_path
):
    account = opened(r_repositories=repository.url, environments=str(tmp_path / "e"))
    client = {"packages": {"tinyroot": "1.0"}}
    error = refused(account, make_rds, client=client)
    assert "modelyard environment provision --package tinyroot==1.0" in (error.hint or "")
    account.libraries.provision(asked_for({"tinyroot": "1.0"}))
    version = log(account, make_rds, client=client).version
    # Whatever was newest came with it, and is recorded.
    assert version.manifest.environment.added == ROOT | {"tinydep": "1.1"}
    assert predict(account, version) == [102.0, 104.0]


def test_with_always_a_log_provides_for_itself(opened, make_rds, served_by_http, tmp_path):
    account = opened(
        r_repositories=served_by_http, provision="always", environments=str(tmp_path / "e")
    )
    client = {"packages": {"tinydep": "1.0"}}
    body = "function(model, input) input$x * 2 + tinydep::offset_by()"
    version = log(
        account, make_rds, "1", body, packages=[], client=client, predictions=[3.0, 5.0]
    ).version
    assert version.manifest.checks.verified == "predictions"
    assert version.manifest.environment.added == {"tinydep": "1.0"}


def test_a_deploy_provides_the_very_versions(opened, make_rds, library, repository, tmp_path):
    first = opened(r_libs=library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0"))
    manifest = log(first, make_rds).version.manifest
    never = opened("never", r_repositories=repository.url, environments=str(tmp_path / "n"))
    _copy(first, never, manifest)
    with pytest.raises(MissingPackage, match="tinyroot") as refusal:
        replay_provided(never, manifest, "It", policy="on_deploy", advice="do it")
    assert "Or have a library made: do it." in (refusal.value.hint or "")
    settings = {"r_repositories": repository.url, "provision": "on_deploy"}
    account = opened("other", **settings, environments=str(tmp_path / "e"))
    _copy(first, account, manifest)
    with pytest.raises(MissingPackage):
        replay_provided(account, manifest, "It", policy="always", advice="do it")
    assert replay_provided(account, manifest, "It", policy="on_deploy", advice="do it") == (2, ())
    answer = account.workers.predict(manifest, ROWS).table["prediction"].to_pylist()
    assert answer == [3.0, 5.0]
    here = environment_here(account, manifest.environment)
    assert here.missing == () and here.different == () and here.library is not None
    # The Archive had the version that was recorded; the newest would give other numbers.
    assert {p["name"]: p["version"] for p in here.library["packages"]} == ROOT


def test_an_import_provides_its_packages_or_says_which_setting_would(
    opened, make_rds, library, repository, tmp_path
):
    first = opened(r_libs=library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0"))
    log(first, make_rds)
    archive = b"".join(export_tar(first, ref())[1])
    settings = {"r_repositories": repository.url, "environments": str(tmp_path / "e")}
    with pytest.raises(MissingPackage) as refusal:
        import_tar(opened("other", **settings), ANNA, MPG, io.BytesIO(archive))
    assert 'provision = "always" in settings.toml' in (refusal.value.hint or "")
    account = opened("always", provision="always", **settings)
    version = import_tar(account, ANNA, MPG, io.BytesIO(archive)).version
    assert predict(account, version) == predict(first, version) == [3.0, 5.0]


def _copy(source, target, manifest) -> None:
    for file in manifest.files:
        with source.artifacts.open(file.digest) as stream:
            target.artifacts.put(stream)


def test_another_version_that_changes_a_number_is_refused_and_one_that_does_not_is_noted(
    opened, make_rds, library, tmp_path
):
    first = opened(r_libs=library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0"))
    manifest = log(first, make_rds).version.manifest
    newer = opened("newer", r_libs=library("tinyleaf_1.0", "tinydep_1.1", "tinyroot_1.0"))
    _copy(first, newer, manifest)
    with pytest.raises(VerificationFailed):
        replay_provided(newer, manifest, "It", policy="on_deploy", advice="do it")
    same = replace(
        manifest,
        environment=replace(
            manifest.environment, packages=ROOT | {"tinyleaf": "0.9"}, r_version="4.9.0"
        ),
    )
    rows, notes = replay_provided(first, same, "It", policy="on_deploy", advice="do it")
    assert rows == 2 and "tinyleaf 0.9, here 1.0" in notes[0] and "R 4.9.0, here 4." in notes[0]


def test_a_library_is_made_once_by_two(libraries, repository):
    made = libraries(repository.url)
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: made.provision(asked(tinyroot="1.0")), range(2)))
    assert both[0] == both[1] and installed(both[0]) == set(ROOT)
    assert len(list((made.root / "builds").iterdir())) == 1


@pytest.mark.parametrize("point", ["provision.installed", "provision.built"])
def test_a_kill_in_the_middle_leaves_nothing_that_is_used(libraries, repository, point):
    made = libraries(repository.url)
    code = (
        "import sys; from pathlib import Path\n"
        "from modelyard.environments.libraries import Libraries\n"
        "from modelyard.runtime.environment import Environment\n"
        "l = Libraries(Path(sys.argv[1]), '', '', sys.argv[2], 'never', 60.0)\n"
        "l.provision(Environment('', '', {'tinyroot': '1.0'}))\n"
    )
    command = [sys.executable, "-c", code, str(made.root), repository.url]
    died = subprocess.run(command, env=os.environ | {"MODELYARD_FAULT": point}, check=False)
    assert died.returncode == -signal.SIGKILL
    assert nothing_is_used(made) and made.find(asked(tinyroot="1.0")) is None
    again = made.provision(asked(tinyroot="1.0"))
    assert again is not None and installed(again) == set(ROOT)
    assert len(list((made.root / "builds").iterdir())) == 1


def test_a_kill_while_r_installs_leaves_nothing_that_is_used(libraries, repository):
    made = libraries(repository.url)
    code = (
        "import sys; from pathlib import Path\n"
        "from modelyard.environments.libraries import Libraries\n"
        "from modelyard.runtime.environment import Environment\n"
        "l = Libraries(Path(sys.argv[1]), '', '', sys.argv[2], 'never', 60.0)\n"
        "l.provision(Environment('', '', {'tinyslow': '1.0'}))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(made.root), repository.url])
    while not list(made.root.glob("builds/*/library/*")):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert nothing_is_used(made) and made.find(asked(tinyslow="1.0")) is None


def test_an_install_without_end_is_ended(libraries, repository):
    made = libraries(repository.url, deadline_s=4.0)
    with pytest.raises(MissingPackage, match="longer than provision_deadline_s"):
        made.provision(asked(tinyslow="1.0"))
    assert nothing_is_used(made) and list((made.root / "builds").iterdir()) == []


def test_a_package_that_does_not_install_says_what_r_said(libraries, repository):
    made = libraries(repository.url)
    with pytest.raises(MissingPackage, match="no such thing as a tiny thing") as caught:
        made.provision(asked(tinybroken="1.0"))
    assert caught.value.packages == ("tinybroken",) and str(made.root) not in str(caught.value)
    assert nothing_is_used(made)


def test_every_package_no_repository_has_is_named(libraries, repository):
    with pytest.raises(MissingPackage) as caught:
        libraries(repository.url).provision(asked(tinydep="7.7", tinynone="", tinyleaf="1.0"))
    assert caught.value.packages == ("tinydep", "tinynone")
    assert "tinydep is in none of the repositories in version 7.7" in caught.value.message


def test_a_dependency_that_is_missing_in_the_repository_is_named(libraries, own):
    own.tarball("tinyleaf_1.0").unlink()
    index(own.root / "src/contrib")
    with pytest.raises(MissingPackage) as caught:
        libraries(own.url).provision(asked(tinyroot="1.0"))
    assert caught.value.packages == ("tinyleaf",)


def test_versions_that_do_not_fit_together_are_refused_before_anything_is_built(
    libraries, repository
):
    made = libraries(repository.url)
    with pytest.raises(MissingPackage, match=r"tinyroot needs tinydep \(>= 1.0\), and 0.5"):
        made.provision(asked(tinyroot="1.0", tinydep="0.5"))
    with pytest.raises(MissingPackage, match=r"tinynew needs R \(>= 99.0\)"):
        made.provision(asked(tinynew="1.0"))
    assert nothing_is_used(made)


@pytest.mark.parametrize("spoil", ["bytes", "cut", "other", "text"])
def test_damaged_sources_are_refused(libraries, own, spoil):
    tarball = own.tarball("tinydep_1.0")
    data = tarball.read_bytes()
    changed = {
        "bytes": data[:100] + bytes([data[100] ^ 255]) + data[101:],
        "cut": data[: len(data) // 2],
        "other": own.tarball("tinyleaf_1.0").read_bytes(),
        "text": b"<html>not found</html>",
    }[spoil]
    tarball.write_bytes(changed)
    made = libraries(own.url)
    with pytest.raises(MissingPackage, match="tinydep"):
        made.provision(asked(tinydep="1.0"))
    assert nothing_is_used(made)


@pytest.mark.parametrize(
    "record",
    [
        "Version: 1\0", "Version: " + "9" * 5000, "Version: " + "1." * 3000 + "1", "Version: ../1",
        "Version: 1.0\nPath: ../..", "Version: 1.0\nPath: \0", "Version: 1.0\nPath: " + "x" * 300,
        "Version:", "",
    ],
)  # fmt: skip
def test_a_list_that_names_no_files_has_no_packages(libraries, own, record):
    contrib = own.root / "src/contrib"
    (contrib / "PACKAGES.gz").unlink(missing_ok=True)
    (contrib / "PACKAGES").write_text(f"Package: tinydep\n{record}\n")
    with pytest.raises(MissingPackage, match="tinydep"):
        libraries(own.url).provision(asked(tinydep=""))


def test_a_list_that_unpacks_without_end_is_told(libraries, own, monkeypatch):
    monkeypatch.setattr("modelyard.environments.repository._MOST_LISTED", 1000)
    (own.root / "src/contrib/PACKAGES.gz").write_bytes(gzip.compress(b" " * 1001))
    with pytest.raises(Unavailable, match="larger"):
        libraries(own.url).provision(asked(tinydep="1.0"))


def test_bytes_the_list_does_not_know_are_refused(libraries, own):
    shutil.copy(own.tarball("tinyleaf_1.0"), own.tarball("tinydep_1.1"))
    with pytest.raises(MissingPackage, match="other bytes"):
        libraries(own.url).provision(asked(tinydep="1.1"))


def test_a_library_that_was_changed_is_none(libraries, repository, monkeypatch):
    made = libraries(repository.url)
    wanted = asked(tinydep="1.1")
    library = made.provision(wanted)
    code = library / "tinydep/R/tinydep.rdb"
    code.write_bytes(code.read_bytes()[:-1] + b"x")
    monkeypatch.setattr("modelyard.environments.libraries._whole", set())
    assert made.find(asked(tinydep="1.1")) is None
    assert installed(made.provision(asked(tinydep="1.1"))) == {"tinydep"}
    assert made.find(asked(tinydep="1.1")) != library


def test_what_is_here_already_is_not_installed_again(libraries, repository, library):
    made = libraries(repository.url, r_libs=library("tinyleaf_1.0", "tinydep_1.0"))
    assert installed(made.provision(asked(**ROOT))) == {"tinyroot"}
    assert made.provision(asked(tinyleaf="1.0")) is None


def test_the_first_repository_that_has_it_gives_it(libraries, repository, own):
    shutil.rmtree(own.root / "src/contrib/Archive")
    library = libraries(own.url, repository.url).provision(asked(tinydep="1.0"))
    assert installed(library) == {"tinydep"}


@pytest.mark.parametrize("url", ["ftp://x", "/srv/cran", "cran", "http://[::1"])
def test_an_address_that_is_none_is_refused(opened, url):
    with pytest.raises(InvalidValue):
        opened(r_repositories=url)


def test_a_repository_that_is_not_there_is_told(libraries, tmp_path):
    for url in (tmp_path.as_uri(), "http://127.0.0.1:9"):
        with pytest.raises(Unavailable):
            libraries(url).provision(asked(tinydep="1.0"))
    with pytest.raises(InvalidValue, match="No repositories"):
        libraries().provision(asked(tinydep="1.0"))


@pytest.mark.parametrize("name", ["../x", "a/b", "", "1a", "a b", "-x"])
def test_a_name_that_is_no_package_never_becomes_a_path(libraries, repository, name):
    with pytest.raises(InvalidValue):
        asked_for({name: "1.0"})
    with pytest.raises(MissingPackage):
        libraries(repository.url).provision(asked(**{name: "1.0"}))


@pytest.mark.parametrize("version", ["1.0/..", "1." * 60 + "0/../../x", "9" * 5000, "1.0\0", "-"])
def test_a_version_that_is_none_never_becomes_a_path(version):
    with pytest.raises(InvalidValue):
        asked_for({"tinydep": version})


def test_the_record_has_digests(libraries, repository):
    made = libraries(repository.url)
    made.provision(asked(tinydep="1.1"))
    (file,) = made.root.glob("*.json")
    (package,) = json.loads(file.read_text())["packages"]
    assert package["version"] == "1.1" and package["repository"] == repository.url
    assert len(package["source"]) == len(package["digest"]) == 64
