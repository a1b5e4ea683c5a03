"""What tests of doors share: a model of every type, services as callers see them, and peers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from modelyard.access import SYSTEM
from modelyard.account import Account
from modelyard.names import Namespace, Qualified
from modelyard.registry.log import log_version
from modelyard.registry.types import LogRequest
from modelyard.runtime.arrow import write_arrow
from modelyard.signature import columns

ROOT = Path(__file__).resolve().parents[2]
CARS = {"wt": [2.5, 3.0], "hp": [110.0, 150.0], "cyl": [4, 6]}
RECORDS = [dict(zip(CARS, row, strict=True)) for row in zip(*CARS.values(), strict=True)]
MIXED_BODY = """function(model, input) data.frame(
  d = input$x * 2,
  i = as.integer(input$x),
  b = input$flag,
  s = paste0(input$grade, ifelse(is.na(input$grade), "", "!"))
)"""
MIXED = [
    {"name": "x", "type": "double"},
    {"name": "flag", "type": "boolean"},
    {"name": "grade", "type": "factor", "levels": ["low", "high"]},
    {"name": "day", "type": "date"},
]
OUTPUTS = {"d": "double", "i": "integer", "b": "boolean", "s": "string"}


def log_mixed(
    account: Account, space: Namespace, make_rds: Callable[[str], Path], folder: Path
) -> None:
    """Log MIXED, with inputs and outputs of many types and sample rows."""
    put = account.artifacts.put
    samples = folder / "samples.arrow"
    rows = pa.table(
        {
            "x": [1.5, 2.0],
            "flag": [True, False],
            "grade": pa.array(["low", "high"]).dictionary_encode(),
            "day": pa.array([0, 1], pa.date32()),
        }
    )
    samples.write_bytes(write_arrow(rows))
    files = {
        "model": put(make_rds("lm(dist ~ speed, cars)")).digest,
        "body": put(make_rds(MIXED_BODY)).digest,
        "samples": put(samples).digest,
    }
    request = LogRequest(files=files, inputs=columns(MIXED), outputs=columns(OUTPUTS))
    log_version(account, SYSTEM, Qualified(space, "MIXED"), request, None)


@dataclass(frozen=True)
class Door:
    """A service as its callers see it."""

    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=self.headers, timeout=60)

    def post(self, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return httpx.post(self.url + path, headers=headers, timeout=60, **more)

    def predictions(self, rows: list[dict[str, Any]]) -> list[Any]:
        answer = self.post("/predict", json={"dataframe_records": rows})
        assert answer.status_code == 200, answer.text
        return [row["prediction"] for _, row in answer.json()["data"]]


def peer(name: str, code: str, door: Door) -> Any:
    """What code prints as JSON, run by the Python of a peer with the service's address."""
    environment = {**os.environ, "URL": door.url, "TOKEN": door.token}
    command = [ROOT / ".peers" / name / "bin" / "python", "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
