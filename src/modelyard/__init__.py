"""Modelyard: a governed registry for R models.

::

    import modelyard

    connection = modelyard.connect()
    registry = modelyard.Registry(connection)
    version = registry.get_model("MTCARS_MPG").version("production")
    version.run({"wt": [2.62], "hp": [110], "cyl": [6]})

Importing it is cheap: the client is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelyard.client.connection import Connection, connect
    from modelyard.client.model import Model
    from modelyard.client.registry import Registry
    from modelyard.client.version import ModelVersion
    from modelyard.errors import ModelyardError

__version__ = "0.1.0"

__all__ = [
    "Connection",
    "Model",
    "ModelVersion",
    "ModelyardError",
    "Registry",
    "__version__",
    "connect",
]

_HOMES = {
    "Connection": "modelyard.client.connection",
    "Model": "modelyard.client.model",
    "ModelVersion": "modelyard.client.version",
    "ModelyardError": "modelyard.errors",
    "Registry": "modelyard.client.registry",
    "connect": "modelyard.client.connection",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'modelyard' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
