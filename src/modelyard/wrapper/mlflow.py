"""A folder that is an MLflow model: ``mlflow.pyfunc.load_model(folder)`` loads it and predicts.

The format is written as MLflow documents it, without MLflow: an ``MLmodel`` file in YAML, of which
every value here is JSON, a part of YAML.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelyard.json_rows import encode_split
from modelyard.signature import Column
from modelyard.wrapper.contract import snowflake_type
from modelyard.wrapper.package import Entries, Package

_REQUIREMENTS = ["mlflow", "numpy", "pandas"]
_PYTHON = "3.11"
_TYPES = {
    "DOUBLE": "double",
    "INT64": "long",
    "BOOL": "boolean",
    "TIMESTAMP_NTZ": "datetime",
    "STRING": "string",
}
"""MLflow's words for the types of ``contract.py``."""

_EXAMPLE_ROWS = 5


def mlflow(package: Package) -> Entries:
    """MLmodel, the program as its loader, the data beside it, environments, an example."""
    example = _example(package)
    requirements = [*_REQUIREMENTS, rpy2_requirement(package.manifest.environment.r_version)]
    extra = {} if example is None else {"input_example.json": encode_split(example)}
    python_env = {
        "python": _PYTHON,
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt"],
    }
    return {
        "MLmodel": _mlmodel(package, has_example=example is not None),
        "code/custom_model.py": package.program(),
        "conda.yaml": package.environment(),
        "python_env.yaml": _yaml(python_env),
        "requirements.txt": "".join(f"{r}\n" for r in requirements).encode(),
        **extra,
        **package.data("data"),
    }


def rpy2_requirement(r_version: str) -> str:
    """What pip is to be asked for: later releases of rpy2-rinterface need symbols of R 4.5."""
    parts = [int(part) for part in r_version.split(".")[:2] if part.isdigit()]
    return "rpy2-rinterface" if parts >= [4, 5] else "rpy2-rinterface<=3.6.5"


def _mlmodel(package: Package, *, has_example: bool) -> bytes:
    signature = package.manifest.signature
    told: dict[str, Any] = {
        "flavors": {
            "python_function": {
                "loader_module": "custom_model",
                "code": "code",
                "data": "data",
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "python_version": _PYTHON,
            }
        },
        "model_uuid": uuid.uuid5(uuid.NAMESPACE_OID, package.manifest.digest).hex,
        "utc_time_created": package.created_at.replace("T", " ").rstrip("Z"),
        "metadata": {"model": package.title, "comment": package.comment},
        "signature": {
            "inputs": json.dumps([_column(c) for c in signature.inputs]),
            "outputs": json.dumps([_column(c) for c in signature.outputs]),
            "params": None,
        },
    }
    if has_example:
        told["saved_input_example_info"] = {
            "artifact_path": "input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
        }
    return _yaml(told)


def _column(column: Column) -> dict[str, Any]:
    """A column of MLflow's schema.

    MLflow gives no missing value to its integers and booleans, so what may be missing has its type
    ``any``, and the program alone checks it.
    """
    kind = _TYPES[snowflake_type(column)]
    loose = column.nullable and kind in ("long", "boolean")
    return {"type": "any" if loose else kind, "name": column.name, "required": True}


def _example(package: Package) -> pa.Table | None:
    """A few sample rows without the numbers JSON lacks, in plain types."""
    if package.samples is None:
        return None
    rows = package.samples
    for name in rows.column_names:
        if pa.types.is_dictionary(rows[name].type):
            text = rows[name].cast(pa.string())
            rows = rows.set_column(rows.column_names.index(name), name, text)
        if pa.types.is_floating(rows[name].type):
            rows = rows.filter(pc.fill_null(pc.is_finite(rows[name]), True))
    return rows.slice(0, _EXAMPLE_ROWS) if rows.num_rows else None


def _yaml(values: dict[str, Any]) -> bytes:
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items()).encode()
