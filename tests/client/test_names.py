"""What `import modelyard` gives, and what it costs."""

import subprocess
import sys

import pytest

import modelyard

NAMES = [
    "Connection",
    "Model",
    "ModelVersion",
    "ModelyardError",
    "Registry",
    "__version__",
    "connect",
]
HEAVY = [
    "alembic",
    "duckdb",
    "fastapi",
    "httpx",
    "pyarrow",
    "rpy2",
    "sqlalchemy",
    "starlette",
    "uvicorn",
]


def test_the_public_names_are_these():
    assert sorted(modelyard.__all__) == sorted(NAMES)
    assert sorted(dir(modelyard)) == sorted(NAMES)
    for name in NAMES:
        assert getattr(modelyard, name) is not None
    with pytest.raises(AttributeError):
        modelyard.nosuch  # noqa: B018


def _loads(code):
    said = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in said.stdout.split()}


def test_importing_it_is_cheap():
    assert not _loads("import modelyard") & set(HEAVY)


def test_the_client_needs_nothing_of_the_server():
    loaded = _loads("import modelyard; modelyard.connect; modelyard.Registry")
    assert "httpx" in loaded
    server = {
        "alembic",
        "duckdb",
        "fastapi",
        "rpy2",
        "sqlalchemy",
        "starlette",
        "uvicorn",
        "pandas",
    }
    assert not loaded & server
