"""An account with a reconciler and real hosts, for the tests of services."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from tests.services.doors import Door, log_mixed

from modelyard.access import SYSTEM, issue_token
from modelyard.account import Account, close_account, open_account
from modelyard.names import ModelRef, Namespace, Qualified
from modelyard.registry.log import log_version
from modelyard.registry.types import LogRequest
from modelyard.services.deploy import DeployRequest, deploy
from modelyard.services.folder import HostFile, folder
from modelyard.services.logs import tail
from modelyard.services.options import Options
from modelyard.services.port import bind_port
from modelyard.services.reconcile import Reconciler
from modelyard.services.show import show
from modelyard.services.types import Service, State
from modelyard.settings import Settings
from modelyard.signature import columns
from modelyard.web.app import create_app

SPACE = Namespace("ML_DB", "MODELS")
MPG = "lm(mpg ~ wt + hp + cyl, data = mtcars)"
TROUBLE = """function(model, input) {
  if (any(input$x == 13)) tools::pskill(Sys.getpid(), 9)
  if (any(input$x == 14)) repeat {}
  if (any(input$x == 15)) numeric(1e11)
  if (any(input$x == 16)) stop("R says no")
  if (any(input$x == 17)) Sys.sleep(3)
  data.frame(prediction = 2 * input$x)
}"""

MakeRds = Callable[[str], Path]


@dataclass
class Yard:
    """An account, a reconciler, and what a test does with them."""

    account: Account
    reconciler: Reconciler
    make_rds: MakeRds
    owner: str

    def log(
        self, name: str, files: dict[str, str], inputs: dict[str, str], output: str = "double"
    ) -> None:
        put = self.account.artifacts.put
        digests = {role: put(self.make_rds(code)).digest for role, code in files.items()}
        request = LogRequest(
            files=digests,
            inputs=columns(inputs),
            outputs=columns({"prediction": output}),
        )
        log_version(self.account, SYSTEM, Qualified(SPACE, name), request, None)

    def wish(self, name: str, model: str, *, force: bool = False, **options: Any) -> None:
        ref = ModelRef.parse(model, SPACE)
        request = DeployRequest(Qualified(SPACE, name), ref, Options(**options), force)
        deploy(self.account, SYSTEM, request)
        self.reconciler.wake()

    def deploy(self, name: str, model: str, **more: Any) -> Service:
        self.wish(name, model, **more)
        return self.until(name, State.READY)

    def show(self, name: str) -> Service:
        return show(self.account, Qualified(SPACE, name))

    def until(self, name: str, state: State) -> Service:
        patience = time.monotonic() + 90
        while (service := self.show(name)).status.state is not state:
            is_lost = state is State.READY and service.status.state is State.FAILED
            assert not is_lost and time.monotonic() < patience, (
                service.to_dict(),
                self.log_of(service),
            )
            time.sleep(0.05)
        return service

    def host(self, service: Service) -> HostFile:
        host = folder(self.account.settings.home, service.spec.id).read_host()
        assert host is not None
        return host

    def log_of(self, service: Service) -> list[str]:
        return tail(folder(self.account.settings.home, service.spec.id).log_file, 50)

    def post(self, service: Service, **more: Any) -> httpx.Response:
        headers = {"authorization": f'Snowflake Token="{self.owner}"', **more.pop("headers", {})}
        assert service.url is not None
        return httpx.post(f"{service.url}/predict", headers=headers, timeout=60, **more)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, make_rds: MakeRds) -> Iterator[Yard]:
    home = tmp_path_factory.mktemp("home")
    account = open_account(Settings(home=home, max_workers=2))
    owner = issue_token(account, SYSTEM, name="owner", role="owner").secret
    yard = Yard(account, Reconciler(account), make_rds, owner)
    inputs = {"wt": "double", "hp": "double", "cyl": "integer"}
    yard.log("MPG", {"model": MPG}, inputs)
    yard.log("TROUBLE", {"model": "lm(dist ~ speed, cars)", "body": TROUBLE}, {"x": "double"})
    yard.reconciler.start()
    yield yard
    yard.reconciler.stop(hosts=True)
    close_account(account)


def door_to(yard: Yard, service: Service) -> Door:
    assert service.url is not None
    return Door(service.url, yard.owner)


@pytest.fixture(scope="module")
def door(yard: Yard) -> Door:
    """A service of MPG."""
    return door_to(yard, yard.deploy("door_mpg", "MPG/V1"))


@pytest.fixture(scope="module")
def other(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Door:
    """A service of a model with columns of many types."""
    log_mixed(yard.account, SPACE, yard.make_rds, tmp_path_factory.mktemp("samples"))
    return door_to(yard, yard.deploy("door_mixed", "MIXED/V1"))


@pytest.fixture(scope="module")
def account_door(yard: Yard) -> Iterator[Door]:
    """The account's own HTTP, on a port."""
    app = create_app(yard.account)
    app.state.is_ready = True
    with bind_port("") as sock:
        config = uvicorn.Config(app, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
        thread.start()
        yield Door(f"http://127.0.0.1:{sock.getsockname()[1]}", yard.owner)
        server.should_exit = True
        thread.join()
