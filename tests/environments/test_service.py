"""A service process that makes the library its version needs, before it is ready."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from tests.conftest import serving
from tests.environments.tiny import FIT

PACKAGES = ("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0")


def test_a_service_provides_the_recorded_packages_and_answers_the_recorded_numbers(
    repository, library, make_rds, tmp_path: Path
) -> None:
    home, made = tmp_path / "home", tmp_path / "made"
    sample = tmp_path / "sample.csv"
    sample.write_text("x\n1.5\n2.5\n")
    with serving(home, r_libs=library(*PACKAGES)) as server:
        log = ("log", str(make_rds(FIT)), "--name", "TINY", "--predict-pkg", "tinyroot")
        server.cli(*log, "--sample", str(sample))
    # The same account where the packages are not installed, and the repository's newest tinydep
    # would answer other numbers.
    settings = {"r_repositories": repository.url, "provision": "on_deploy", "environments": made}
    with serving(home, **settings) as server:
        told = json.loads(server.cli("deploy", "TINY/V1", "--name", "tiny", "--json"))
        answer = httpx.post(
            f"{told['url']}/predict",
            json={"dataframe_records": [{"x": 1.5}, {"x": 2.5}]},
            headers={"authorization": f"Bearer {server.token}"},
        )
        assert [row[1]["prediction"] for row in answer.json()["data"]] == [4.0, 6.0]
        said = server.cli("service", "logs", "tiny")
        assert "installing" in said and "tinydep_1.0.tar.gz" in said
        (build,) = (made / "builds").iterdir()
        assert {p.name for p in (build / "library").iterdir()} == {
            "tinyroot",
            "tinydep",
            "tinyleaf",
        }
        # The server's own workers find it, too.
        scored = server.cli("predict", "TINY/V1", str(sample), "--json")
        assert [row["prediction"] for row in json.loads(scored)] == [4.0, 6.0]
