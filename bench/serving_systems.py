"""The servers that bench/serving.py asks: started as their users do, ended after the block."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from bench.bridge import ROOT, environment_of

import modelyard
from modelyard.compute.local import find_r, worker_environment

OURS, ALONE = "modelyard", "modelyard, requests not joined"
PLUMBER, FASTAPI, MLSERVER = "plumber", "FastAPI + rpy2 wrapper", "MLServer + rpy2"
ECHO = "echo of the same HTTP server"
COMMAND = str(Path(sys.executable).parent / "modelyard")


@dataclass(frozen=True)
class System:
    """Where a model answers, and which of the files of bodies it reads."""

    name: str
    port: int
    path: str
    form: str = "records"
    token: str | None = None
    ready: str = ""
    bits: bool = True
    """Whether it says numbers in full."""


@dataclass(frozen=True)
class Yard:
    """A real account, with the real server."""

    home: Path
    token: str
    registry: modelyard.Registry
    environment: dict[str, str]


@contextmanager
def account(folder: Path) -> Iterator[Yard]:
    """An account whose server runs."""
    home = folder / "home"
    environment = os.environ | {"MODELYARD_HOME": str(home)}
    environment.pop("MODELYARD_URL", None)
    subprocess.run([COMMAND, "server", "start"], env=environment, check=True)
    try:
        told = json.loads((home / "server.json").read_text())
        connection = modelyard.connect(told["url"], token=told["token"])
        registry = modelyard.Registry(connection)
        yield Yard(home, told["token"], registry, environment)
    finally:
        subprocess.run([COMMAND, "server", "stop", "--services"], env=environment, check=True)


@contextmanager
def systems(yard: Yard, folder: Path, model: str) -> Iterator[list[System]]:
    """All of them with this model, each ready; plumber is first, to which ratios are."""
    with ExitStack() as stack:
        found = [
            stack.enter_context(one)
            for one in (_plumber(folder, model), _fastapi(folder, model), _echo(folder))
        ]
        if (python := mlserver_python()) is not None:
            found.insert(2, stack.enter_context(_mlserver(python, folder, model)))
        yield [*found, *_ours(yard, folder, model)]


def _ours(yard: Yard, folder: Path, model: str) -> Iterator[System]:
    """Deployed by the server, twice: as it comes, and with a call of R for each request."""
    version = yard.registry.log_model(
        folder / f"{model}.rds",
        model_name=model,
        input_cols=dict.fromkeys("abcd", "double"),
        output_cols={"prediction": "double"},
    )
    for name, options in ((OURS, {}), (ALONE, {"max_batch_rows": 1})):
        service_name = f"{model}_{'alone' if options else 'joined'}"
        service = version.create_service(service_name=service_name, **options)
        assert service.url is not None
        yield System(name, int(service.url.rsplit(":", 1)[1]), "/predict", token=yard.token)


@contextmanager
def _process(command: Sequence[object], system: System, log: Path) -> Iterator[System]:
    environment = worker_environment(find_r()) | {"PYTHONPATH": str(ROOT)}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=log.parent,
            env=environment,
            stdout=said,
            stderr=said,
        )
    try:
        _wait(process, system, log)
        yield system
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], system: System, log: Path) -> None:
    patience = time.monotonic() + 120
    while not _is_ready(system):
        if process.poll() is not None or time.monotonic() > patience:
            raise SystemExit(f"{system.name} does not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.05)


def _is_ready(system: System) -> bool:
    """Whether it answers; MLServer does before it has its model."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{system.port}{system.ready}", timeout=10)
    except httpx.HTTPError:
        return False
    return not system.ready or answer.status_code == 200


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def _plumber(folder: Path, model: str) -> AbstractContextManager[System]:
    system = System(PLUMBER, _free_port(), "/predict", bits=False)
    script = ROOT / "bench/serving_plumber.R"
    command = ["Rscript", "--vanilla", script, folder / f"{model}.rds", system.port]
    return _process(command, system, folder / "plumber.log")


def _fastapi(folder: Path, model: str) -> AbstractContextManager[System]:
    system = System(FASTAPI, _free_port(), "/predict")
    command = [environment_of("reference"), "-m", "bench.serving_fastapi", folder / f"{model}.rds"]
    return _process([*command, system.port], system, folder / "fastapi.log")


def _echo(folder: Path) -> AbstractContextManager[System]:
    system = System(ECHO, _free_port(), "/predict")
    return _process(
        [sys.executable, "-m", "bench.serving_echo", system.port], system, Path(os.devnull)
    )


def mlserver_python() -> Path | None:
    """The Python of MLServer's environment; None where it cannot be made."""
    try:
        return environment_of("mlserver")
    except subprocess.CalledProcessError:
        return None


def _mlserver(python: Path, folder: Path, model: str) -> AbstractContextManager[System]:
    path = f"/v2/models/{model}"
    system = System(MLSERVER, _free_port(), f"{path}/infer", form="v2", ready=f"{path}/ready")
    place = folder / f"mlserver-{model}"
    place.mkdir()
    settings = {
        "http_port": system.port,
        "grpc_port": _free_port(),
        "metrics_port": _free_port(),
        "host": "127.0.0.1",
    }
    (place / "settings.json").write_text(json.dumps(settings))
    described = {
        "name": model,
        "implementation": "bench.serving_mlserver.RModel",
        "parameters": {"uri": str(folder / f"{model}.rds")},
    }
    (place / "model-settings.json").write_text(json.dumps(described))
    return _process([python.parent / "mlserver", "start", place], system, folder / "mlserver.log")
