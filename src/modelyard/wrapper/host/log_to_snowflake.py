"""Log the model of this folder to Snowflake's registry.

python log_to_snowflake.py MODEL_NAME [VERSION_NAME]

Needs snowflake-ml-python, and a connection in Snowflake's connections.toml. The parts can be used
by themselves: ``custom_model()``, ``signature()`` and ``conda_dependencies()``.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def custom_model() -> Any:
    """The model with its files, to be packed; R does not start for it."""
    from snowflake.ml.model.custom_model import ModelContext

    sys.path.insert(0, str(HERE))
    from custom_model import CustomModel  # type: ignore[import-not-found]

    return CustomModel(ModelContext(model_folder=str(HERE / "model")))


def signature() -> Any:
    """The contract in Snowflake's types; the program checks what these cannot say."""
    from snowflake.ml.model.model_signature import DataType, FeatureSpec, ModelSignature

    contract = json.loads((HERE / "contract.json").read_text(encoding="utf-8"))
    sides = {
        side: [
            FeatureSpec(c["name"], DataType[c["snowflake"]], nullable=c["nullable"])
            for c in contract[side]
        ]
        for side in ("inputs", "outputs")
    }
    return ModelSignature(**sides)


def conda_dependencies() -> list[str]:
    """What environment.yml names, each with its channel; Python itself is Snowflake's to choose."""
    import yaml  # type: ignore[import-untyped]

    told = yaml.safe_load((HERE / "environment.yml").read_text(encoding="utf-8"))
    channel = told["channels"][0]
    names = [d for d in told["dependencies"] if isinstance(d, str) and d.split("=")[0] != "python"]
    return [d if "::" in d else f"{channel}::{d}" for d in names]


def main(model_name: str, version_name: "str | None" = None) -> None:
    """Log it."""
    from snowflake.ml.registry import Registry
    from snowflake.snowpark import Session

    Registry(session=Session.builder.getOrCreate()).log_model(
        custom_model(),
        model_name=model_name,
        version_name=version_name,
        signatures={"predict": signature()},
        conda_dependencies=conda_dependencies(),
        target_platforms=["SNOWPARK_CONTAINER_SERVICES"],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
