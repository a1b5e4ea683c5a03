"""Every command of the guide, run as it stands there, answers what stands below it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.services.conftest import Yard
from tests.services.doors import Door

from modelyard.access import SYSTEM
from modelyard.names import Namespace, Qualified
from modelyard.registry.log import log_version
from modelyard.registry.types import LogRequest
from modelyard.signature import columns

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "protocols.md"
COMMANDS = re.findall(r"```sh\n(.*?)```\n```json\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def guide(yard: Yard) -> Door:
    model = yard.account.artifacts.put(yard.make_rds("lm(mpg ~ wt + hp, data = mtcars)"))
    request = LogRequest(
        files={"model": model.digest},
        inputs=columns({"wt": "double", "hp": "double"}),
        outputs=columns({"prediction": "double"}),
    )
    space = Namespace("ML_DB", "GUIDE")
    log_version(yard.account, SYSTEM, Qualified(space, "MPG"), request, None)
    service = yard.deploy("guide", "ML_DB.GUIDE.MPG/V1")
    assert service.url is not None
    return Door(service.url, yard.owner)


def read(text: str) -> object:
    # The last digits are those of the machine's own linear algebra.
    return json.loads(text, parse_float=lambda digits: round(float(digits), 9))


def test_the_guide_has_commands() -> None:
    assert len(COMMANDS) == GUIDE.read_text().count("```sh") >= 7


@pytest.mark.parametrize(("command", "answer"), COMMANDS)
def test_a_command_of_the_guide_answers_what_it_says(
    guide: Door, account_door: Door, command: str, answer: str
) -> None:
    addresses = {"SERVICE_URL": guide.url, "ACCOUNT_URL": account_door.url}
    environment = {**os.environ, **addresses, "TOKEN": guide.token}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert read(done.stdout) == read(answer)
