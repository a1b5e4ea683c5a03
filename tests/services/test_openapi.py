"""A service describes itself: the contract as OpenAPI, tried by schemathesis, and a page."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.services.doors import Door

from modelyard.services.protocols import routes

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"


@pytest.fixture(scope="module")
def api(other: Door) -> dict[str, Any]:
    answer = other.get("/openapi.json")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_contract_is_there_with_its_types_and_levels(api: dict[str, Any]) -> None:
    assert (api["openapi"], api["info"]["version"]) == ("3.1.0", "V1")
    row = api["components"]["schemas"]["Row"]
    assert row["required"] == ["x", "flag", "grade", "day"]
    taken = {
        name: (of["anyOf"][0] if "anyOf" in of else of) for name, of in row["properties"].items()
    }
    assert {"type": "number"} in taken["x"]["anyOf"]
    assert taken["flag"] == {"type": "boolean"}
    assert taken["grade"] == {"enum": ["low", "high"]}
    assert taken["day"] == {"type": "string", "format": "date"}
    assert list(api["components"]["schemas"]["Prediction"]["properties"]) == ["d", "i", "b", "s"]
    assert api["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_path_is_described_and_no_other(api: dict[str, Any]) -> None:
    of_model = {f"/v2/models/MIXED{more}" for more in ("", "/ready", "/infer")}
    assert set(api["paths"]) == set(routes.ROUTES) | routes.OPEN | of_model


def test_each_example_is_made_of_sample_rows_and_is_answered(
    other: Door, api: dict[str, Any]
) -> None:
    tried = 0
    for path, methods in api["paths"].items():
        sent = methods.get("post", {}).get("requestBody", {}).get("content", {})
        for name, example in sent.get("application/json", {}).get("examples", {}).items():
            answer = other.post(path, json=example["value"])
            assert answer.status_code == 200, (path, name, answer.text)
            assert "low!" in answer.text and "high!" in answer.text
            tried += 1
    assert tried == 7


def test_the_page_is_open_loads_nothing_and_runs_its_own_script_only(door: Door) -> None:
    page = httpx.get(door.url + "/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for tag in ("script", "style"):
        (code,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r"src=|href=|https?:|\bon\w+=\"|innerHTML", page.text)
    assert page.text == httpx.get(door.url + "/docs", headers=door.headers).text


def test_schemathesis_finds_nothing_in_any_operation(other: Door, tmp_path: Path) -> None:
    checks = [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "ignored_auth",
    ]
    command = [SCHEMATHESIS, "run", other.url + "/openapi.json", "--no-color", "--no-shrink"]
    command += ["--phases", "examples,coverage,fuzzing", "--seed", "1", "--max-examples", "15"]
    command += ["--checks", ",".join(checks), "-H", f"Authorization: Bearer {other.token}"]
    command += ["--generation-database", "none"]
    done = subprocess.run(
        command,
        cwd=tmp_path,  # where it leaves a cache
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
