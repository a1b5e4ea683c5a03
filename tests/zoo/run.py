"""Run the zoo: a driver process a family, and every case over HTTP as JSON and as Arrow."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Server
from tests.zoo.bodies import arrow_body, arrow_columns, columns_of, json_body, json_columns
from tests.zoo.judge import Found, expected, problem

HERE = Path(__file__).parent
NOT_FAMILIES = {"entry", "cases", "drive", "frames"}
AT_A_TIME = 3
ARROW = "application/vnd.apache.arrow.stream"
Told = dict[str, Any]


def families() -> dict[str, list[str]]:
    """The names of the models of each family, as its file defines them."""
    found = {}
    for file in sorted(HERE.glob("*.R")):
        if file.stem not in NOT_FAMILIES:
            names = re.findall(r"^zoo\$(\w+) <- ", file.read_text(encoding="utf-8"), re.MULTILINE)
            found[file.stem] = sorted(names)
    return found


@dataclass(frozen=True, slots=True)
class Cell:
    """What a model gave for a case on a path: exact or a code, and what is wrong with that."""

    outcome: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Ran:
    """A model of the zoo with all its cells, by case and path."""

    name: str
    family: str
    told: Told
    cells: dict[tuple[str, str], Cell]


def run_zoo(server: Server, wanted: dict[str, list[str]]) -> dict[str, Ran]:
    """Every model of these families, by name."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        ran = pool.map(lambda family: list(_run_family(server, family)), wanted)
        return {one.name: one for found in ran for one in found}


def _run_family(server: Server, family: str) -> Iterator[Ran]:
    environment = server.environment | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
    command = ["Rscript", "--no-save", str(HERE / "drive.R"), str(HERE), family]
    headers = {"authorization": f'Snowflake Token="{server.token}"'}
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as driver,
        httpx.Client(headers=headers, timeout=60) as client,
    ):
        for line in driver.stdout or ():
            if line.startswith("{"):
                told = json.loads(line)
                yield Ran(told["name"], family, told, _cells(server, client, told))


def _cells(server: Server, client: httpx.Client, told: Told) -> dict[tuple[str, str], Cell]:
    if "failed" in told:
        return {}
    version = told["version"]
    model = ".".join(version[part] for part in ("database", "schema", "model"))
    urls = {"": f"{server.url}/api/v1/models/{model}/predict"}
    if told["service"]:
        name = ".".join((version["database"], version["schema"], told["service"]))
        shown = client.get(f"{server.url}/api/v1/services/{name}").raise_for_status().json()
        urls["service "] = f"{shown['url']}/predict"
    cells = {}
    for case, asked in told["cases"].items():
        found = {path: _from_r(answer) for path, answer in asked["paths"].items()}
        for prefix, url in urls.items():
            found[f"{prefix}json"] = _ask_json(client, url, told, case)
            found[f"{prefix}arrow"] = _ask_arrow(client, url, told, case)
        for path, one in found.items():
            outcome = "exact" if one.code is None else one.code
            cells[case, path] = Cell(outcome, problem(one, expected(told, case, path)))
    return cells


def _from_r(answer: Told) -> Found:
    if "columns" in answer:
        return Found(columns=columns_of(answer["columns"]))
    return Found(code=answer.get("code"), failure=answer.get("error"))


def _ask_json(client: httpx.Client, url: str, told: Told, case: str) -> Found:
    asked = told["cases"][case]
    body = json_body(asked["given"], asked["rows"])
    answer = client.post(url, content=body, headers={"content-type": "application/json"})
    if answer.status_code != 200:
        return _refused(answer)
    return Found(columns=json_columns(answer.content, expected(told, case, "json").columns or {}))


def _ask_arrow(client: httpx.Client, url: str, told: Told, case: str) -> Found:
    body = arrow_body(told["cases"][case]["given"])
    answer = client.post(url, content=body, headers={"content-type": ARROW})
    if answer.status_code != 200:
        return _refused(answer)
    return Found(columns=arrow_columns(answer.content))


def _refused(answer: httpx.Response) -> Found:
    error = answer.json()["error"]
    if error["code"] == "internal":
        return Found(failure=f"{answer.status_code} {error['message']}")
    return Found(code=error["code"])
