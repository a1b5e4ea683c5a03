"""A version's environment as renv and conda read it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest
from tests.registry.fake import believe, log, request_for

from modelyard.registry.lockfiles import TIDYMODELS, conda_environment, renv_lock
from modelyard.registry.log import _file, _manifest, _verify_request
from modelyard.runtime.environment import Environment, Package
from modelyard.runtime.manifest import PredictSpec

CLOSURE = (
    Package("lme4", "1.1-31", requires=("Matrix", "stats"), builds_with=("Rcpp", "RcppEigen"),
            origin={"Repository": "CRAN"}),
    Package("Matrix", "1.5-3", "recommended", requires=("lattice",)),
    Package("lattice", "0.20-45", "recommended"),
    Package("stats", "4.2.2", "base"),
    Package("mine", "0.1", origin={"RemoteType": "github", "RemoteUsername": "me", "RemoteSha": "ab"}),
    Package("local", "0.2"),
    Package("RcppEigen", "0.3.3.9.3", origin={"Repository": "CRAN"}),
)  # fmt: skip
ENVIRONMENT = Environment(
    "4.2.2",
    "x86_64-pc-linux-gnu",
    {p.name: p.version for p in CLOSURE if p.name != "RcppEigen"},
    ("lme4", "mine", "local"),
    CLOSURE,
    {"CRAN": "https://mirror.example/cran"},
)


@pytest.fixture
def manifest(account):
    request = request_for(account)
    files = {r: _file(account, r, d) for r, d in request.files.items()}
    to_verify = _verify_request(account, request, files)
    made = _manifest(account, to_verify, believe(account, to_verify))
    return replace(made, environment=ENVIRONMENT)


def deps(manifest, **options) -> list[str]:
    text = conda_environment(replace(manifest, options=options))
    return [json.loads(line[4:]) for line in text.splitlines() if line.startswith('  - "')]


def test_the_lock_names_every_package_that_is_not_r_itself(manifest):
    lock = json.loads(renv_lock(manifest))
    assert lock["R"] == {
        "Version": "4.2.2",
        "Repositories": [{"Name": "CRAN", "URL": "https://mirror.example/cran"}],
    }
    packages = lock["Packages"]
    assert set(packages) == {p.name for p in CLOSURE} - {"stats"}
    assert packages["lme4"] == {
        "Package": "lme4",
        "Version": "1.1-31",
        "Source": "Repository",
        "Repository": "CRAN",
        "Requirements": ["Matrix", "Rcpp", "RcppEigen"],
    }
    assert packages["Matrix"]["Source"] == "Repository"
    assert packages["mine"]["Source"] == "GitHub" and packages["mine"]["RemoteSha"] == "ab"
    assert packages["local"]["Source"] == "unknown"


def test_no_repository_is_named_that_the_author_did_not_name(manifest):
    unnamed = replace(manifest, environment=replace(ENVIRONMENT, repositories={}))
    assert json.loads(renv_lock(unnamed))["R"]["Repositories"] == []


def test_a_version_logged_before_the_closure_was_recorded_has_a_lock(manifest):
    old = Environment("4.2.2", "linux", {"stats": "4.2.2", "ranger": "0.14.1"})
    packages = json.loads(renv_lock(replace(manifest, environment=old)))["Packages"]
    assert list(packages) == ["ranger"]


def test_conda_pins_r_and_every_package(manifest):
    found = deps(manifest)
    assert found[0] == "conda-forge"
    assert {"r-base==4.2.2", "r-lme4==1.1-31", "r-matrix==1.5-3", "python", "rpy2"} <= set(found)
    assert not any(d.startswith("r-stats") for d in found)


def test_without_pins_conda_chooses(manifest):
    found = deps(manifest, pin_versions=False)
    assert {"r-base", "r-lme4", "r-mine"} <= set(found) and not any("==" in d for d in found)


def test_a_channel_and_its_policy_are_written(manifest):
    assert deps(manifest, conda_channel="inside")[:2] == ["inside", "r-base==4.2.2"]
    strict = deps(manifest, conda_channel="inside", conda_channel_strict=True)
    assert strict[:2] == ["inside", "nodefaults"]


def test_what_the_author_named_is_merged(manifest):
    given = ["r-lme4", "r-mine>=0.1", "other::r-local=0.3", "r-forecast=8.20", "libfoo"]
    found = deps(manifest, conda_deps=given)
    assert "r-lme4==1.1-31" in found and "r-lme4" not in found
    for entry in given[1:]:
        assert entry in found
    assert len([d for d in found if "r-mine" in d]) == 1
    assert len([d for d in found if "r-local" in d]) == 1
    assert "r-forecast" in deps(manifest, conda_deps="r-forecast")


def test_python_and_pip_are_written(manifest):
    text = conda_environment(
        replace(manifest, options={"python_version": "3.11", "pip_requirements": ["a==1", "b"]})
    )
    assert '  - "python=3.11"\n' in text
    assert text.endswith('  - "pip"\n  - pip:\n      - "a==1"\n      - "b"\n')


@pytest.mark.parametrize("how", ["conda", "attached"])
def test_tidymodels_is_its_core_packages(manifest, how):
    if how == "conda":
        found = deps(manifest, conda_deps=["r-tidymodels"])
    else:
        found = deps(replace(manifest, predict=PredictSpec(packages=("tidymodels",))))
    assert {f"r-{name}" for name in TIDYMODELS} <= set(found) and "r-tidymodels" not in found


def test_text_of_the_authors_stays_text(manifest):
    text = conda_environment(replace(manifest, options={"conda_deps": ['x"\n  - evil: y']}))
    assert "\n  - evil" not in text


def test_r_reads_both(manifest, tmp_path):
    (tmp_path / "renv.lock").write_text(renv_lock(manifest))
    (tmp_path / "environment.yml").write_text(conda_environment(manifest))
    code = (
        "l <- jsonlite::read_json('renv.lock'); y <- yaml::read_yaml('environment.yml'); "
        "cat(length(l$Packages), y$channels, y$dependencies[[1]])"
    )
    out = subprocess.run(
        ["Rscript", "-e", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert out.stdout == "6 conda-forge r-base==4.2.2"


def test_a_version_holds_both_files(account):
    version = log(account).version
    for role in ("renv.lock", "environment.yml"):
        with account.artifacts.open(version.manifest.file(role).digest) as stream:
            assert b"4.2.2" in stream.read()
