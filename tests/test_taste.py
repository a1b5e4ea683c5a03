"""How the repository should look, as tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.compute.local import find_r, worker_environment

ROOT = Path(__file__).resolve().parent.parent
CODE = {".py", ".R", ".sh"}


def tracked() -> list[Path]:
    """Files of the repository, those not yet committed too."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def under(*folders: str) -> list[Path]:
    roots = [ROOT / folder for folder in folders]
    return [path for path in tracked() if any(path.is_relative_to(root) for root in roots)]


def test_no_file_is_long() -> None:
    files = under("src", "r", "tests", "bench", "scripts", "examples")
    long = {
        str(p.relative_to(ROOT)): lines
        for p in files
        if p.suffix in CODE and (lines := len(text_of(p).splitlines())) > 400
    }
    assert long == {}


def test_the_r_code_that_predicts_exists_once() -> None:
    engine = ROOT / "src/modelyard/runtime/r"
    package = ROOT / "r/modelyard/R"
    shared = {p.name for p in engine.glob("*.R")} - {"serve.R", "state.R"}  # a worker's alone
    assert "contract.R" in shared
    assert shared <= {p.name for p in package.glob("*.R")}
    different = [n for n in shared if (engine / n).read_bytes() != (package / n).read_bytes()]
    assert different == []


def test_no_r_function_of_a_worker_is_written_twice() -> None:
    """The files share one environment: the later of two would silently take the other's place."""
    homes: dict[str, list[str]] = {}
    for path in sorted((ROOT / "src/modelyard/runtime/r").glob("*.R")):
        for name in re.findall(r"^([\w.]+) <- ", text_of(path), re.MULTILINE):
            homes.setdefault(name, []).append(path.name)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


# Put together here, so that this file does not find itself.
REGISTRIES = ["py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org", "cran.r-" + "project.org",
              "cran.rstudio" + ".com", "deb.debian" + ".org", "crates" + ".io"]  # fmt: skip
MACHINES = ["/wo" + "rk/", "/ro" + "ot/", "/op" + "t/"]


def test_no_file_names_a_registry() -> None:
    pattern = re.compile("|".join(map(re.escape, REGISTRIES)))
    found = {str(p.relative_to(ROOT)): pattern.findall(text_of(p)) for p in tracked()}
    assert {name: hosts for name, hosts in found.items() if hosts} == {}


def test_no_file_names_a_path_of_a_machine() -> None:
    pattern = re.compile(r"(?<![\w.~}])(?:" + "|".join(MACHINES) + ")")
    found = {str(p.relative_to(ROOT)): pattern.findall(text_of(p)) for p in tracked()}
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_no_module_is_named_for_nothing_in_particular() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "utils.R", "misc.R"}
    assert [str(p) for p in under("src", "r") if p.name in vague] == []


def test_src_does_not_print() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in under("src")
        if path.suffix == ".py" and re.search(r"^\s*print\(", text_of(path), re.MULTILINE)
    ]
    assert found == []


def test_requirements_pin_every_package_with_hashes() -> None:
    for file in ROOT.glob("requirements*.txt"):
        blocks = re.split(r"^(?=[a-zA-Z0-9])", text_of(file), flags=re.MULTILINE)[1:]
        assert blocks, file.name
        loose = [b.split()[0] for b in blocks if "==" not in b or "--hash=sha256:" not in b]
        assert loose == [], file.name


def _loaded_by(statement: str, env: dict[str, str] | None = None) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=env,
    )
    return set(done.stdout.split())


def test_importing_modelyard_stays_light() -> None:
    heavy = {"starlette", "fastapi", "duckdb", "rpy2", "sqlalchemy", "uvicorn", "pandas"}
    assert _loaded_by("import modelyard") & heavy == set()


def test_a_worker_starts_without_what_serving_a_model_does_not_need() -> None:
    loaded = _loaded_by("import modelyard.runtime.worker", worker_environment(find_r()))
    assert "rpy2" in {m.split(".")[0] for m in loaded}
    heavy = {
        "pyarrow",
        "numpy",
        "cffi",
        "pycparser",
        "modelyard.contract",
        "modelyard.runtime.r.scan",
    }
    assert loaded & heavy == set()


@pytest.mark.parametrize("module", ["modelyard.web.app", "modelyard.services.host"])
def test_processes_that_answer_http_do_not_load_r(module: str) -> None:
    assert not {m for m in _loaded_by(f"import {module}") if m.split(".")[0] == "rpy2"}
