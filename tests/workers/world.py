"""What an attacker in a worker could get at, and the means to try."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from tests.conftest import Workshop
from tests.workers.probes import BODY, DOES, NATIVE_BODY, READS

import modelyard
from modelyard.compute.local import LocalCompute
from modelyard.errors import WorkerCrashed
from modelyard.settings import Settings
from modelyard.workers.lease import Worker
from modelyard.workers.pool import WorkerPool

R_CODE = {k: f"length({v}) > 0" for k, v in READS.items()} | DOES
OF_THE_PARENT = {"kill_parent", "tgkill", "tkill", "limit_of_another", "priority", "affinity"}


@dataclass(frozen=True)
class World:
    """What there is to get at: an account's home, a secret beside it, a server, another worker."""

    home: Path
    secret: Path
    port: int
    abstract: str
    artifact: Path

    def filled(self, code: str, other: Worker) -> str:
        process = other._process
        return code.format(
            home=self.home,
            secret=self.secret,
            port=self.port,
            artifact=self.artifact,
            parent=os.getpid(),
            other=process.popen.pid,
            other_folder=process.folder,
            code=Path(modelyard.__file__).parent,
        )

    def restore(self) -> None:
        """Put back what a successful attack has done."""
        self.secret.write_text("secret\n")
        self.secret.chmod(0o644)
        code, library = Path(modelyard.__file__).parent, Path("/usr/lib/R/library")
        for left in (
            *Path("/tmp").glob("modelyard-probe*"),
            *(Path(p) / "modelyard-probe" for p in ("/var/tmp", "/dev/shm")),
            *(p / "probe" for p in (code, library, Path("/usr/local/lib/R/site-library"))),
            self.home / "probe",
        ):
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"out\n")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """A home in ``folder``, with what there is beside it."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    for name in ("catalog.db", "token", "settings.toml"):
        (home / name).write_text("secret\n")
    # Readable by everyone and on the same disk as a worker's folder: no mode protects it.
    place = Path(f"/tmp/modelyard-secret-{os.getpid()}")
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    artifact = home / "artifacts" / "ab" / "abcd"
    artifact.parent.mkdir(parents=True)
    artifact.write_bytes(b"model of another")
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    abstract = socket.socket(socket.AF_UNIX)
    name = f"modelyard-{os.getpid()}"
    abstract.bind(f"\0{name}")
    abstract.listen()
    found = World(home, place / "secret", web.server_address[1], name, artifact)
    found.restore()
    yield found
    found.restore()
    web.shutdown()
    abstract.close()
    shutil.rmtree(place)


@dataclass(frozen=True)
class Inside:
    """A worker an attacker's version is loaded in, and a worker of somebody else."""

    pool: WorkerPool
    other: Worker
    world: World
    workshop: Workshop
    library: Path

    def gets_out(self, code: str) -> bool:
        """Whether this R code, run in the worker, gives TRUE."""
        manifest = self.workshop.manifest("1", {"code": "string"}, body=BODY)
        rows = pa.table({"code": [self.world.filled(code, self.other)]})
        try:
            answer = self.pool.predict(manifest, rows, deadline_s=20)
        except WorkerCrashed:
            return False
        finally:
            self.world.restore()
        return bool(answer.table["prediction"].to_pylist() == [1.0])

    def native(self, what: str) -> int:
        """The errno native code gets for this attack; 0: done."""
        model = f"readBin('{self.library}', raw(), 1e6)"
        manifest = self.workshop.manifest(model, {"what": "string"}, body=NATIVE_BODY)
        number = os.getpid() if what in OF_THE_PARENT else self.other._process.popen.pid
        texts = {"abstract_socket": self.world.abstract, "new_file_outside": "/tmp/modelyard-probe"}
        rows = pa.table(
            {
                "what": [what],
                "number": pa.array([number], pa.int32()),
                "text": [texts.get(what, str(self.world.secret))],
            }
        )
        try:
            answer = self.pool.predict(manifest, rows)
        finally:
            self.world.restore()
        return int(answer.table["prediction"][0].as_py())


@contextmanager
def inside(world: World, workshop: Workshop, library: Path, **how: object) -> Iterator[Inside]:
    """An attacker's worker; ``how`` weakens its sandbox."""
    compute = LocalCompute(hidden=(str(world.home),), **how)  # type: ignore[arg-type]
    settings = Settings(max_workers=4, min_isolation="none" if how else "full")
    pool = WorkerPool(compute, workshop.store, settings)
    somebody = workshop.manifest("3", {"x": "double"}, body="function(model, input) input$x")
    with pool.lend(somebody, wait_s=60) as other:
        yield Inside(pool, other, world, workshop, library)
    pool.close()


def build_attack(out: Path) -> Path:
    """The library of native attacks."""
    source = Path(__file__).parent / "attack.c"
    build = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-o", str(out), str(source)]
    subprocess.run(build, check=True)
    return out
