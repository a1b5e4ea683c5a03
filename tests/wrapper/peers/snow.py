"""Run by Snowflake's peer: pack exported folders with its own packager, or load one and score.

snow.py save PACKED FOLDER... | snow.py load PACKED ROWS.json ANSWER.json
snow.py compose PACKED FOLDER | snow.py handle PACKED ROWS.json ANSWER.json
"""

import importlib.util
import json
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

import pandas as pd
from peer import columns_of, frame_of
from snowflake.ml._internal.platform_capabilities import PlatformCapabilities
from snowflake.ml.model._packager.model_packager import ModelPackager
from snowflake.ml.model.target_platform import TargetPlatform


def exported(folder):
    spec = importlib.util.spec_from_file_location(
        "log_to_snowflake", f"{folder}/log_to_snowflake.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.pop("custom_model", None)
    sys.path[:] = [p for p in sys.path if not Path(p, "custom_model.py").exists()]
    return module


def save(packed, *folders):
    for folder in folders:
        script = exported(folder)
        ModelPackager(f"{packed}/{Path(folder).name}").save(
            name="model",
            model=script.custom_model(),
            signatures={"predict": script.signature()},
            options={"relax_version": False},
        )
        assert script.conda_dependencies()


def load(packed, rows, answer):
    packager = ModelPackager(packed)
    packager.load()
    assert not any(n.startswith("modelyard") for n in sys.modules)
    with open(rows) as f:
        given = [frame_of(columns) for columns in json.load(f)]
    with open(answer, "w") as f:
        json.dump([columns_of(packager.model.predict(frame)) for frame in given], f)


def compose(packed, folder):
    """The whole package as Snowflake's composer makes it, with the handler it generates."""
    from snowflake.ml.model._model_composer.model_composer import ModelComposer

    # No account is asked what it can do: the library's own switch for that.
    PlatformCapabilities.set_mock_features({"none": "none"})
    script = exported(folder)
    composer = ModelComposer(MagicMock(), "@db.schema.stage/model", save_location=packed)
    composer.save(
        name="model",
        model=script.custom_model(),
        signatures={"predict": script.signature()},
        conda_dependencies=script.conda_dependencies(),
        target_platforms=[TargetPlatform.SNOWPARK_CONTAINER_SERVICES],
        options={"relax_version": False, "method_options": {"predict": {"case_sensitive": True}}},
    )


def handle(packed, rows, answer):
    """Run the generated handler on what Snowflake would hand to it."""
    snowflake = types.ModuleType("_snowflake")
    snowflake.vectorized = lambda **_: lambda function: function
    sys.modules["_snowflake"] = snowflake
    sys._xoptions["snowflake_import_directory"] = packed
    spec = importlib.util.spec_from_file_location("handler", f"{packed}/functions/predict.py")
    handler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(handler)
    with open(rows) as f:
        given = [frame_of(columns) for columns in json.load(f)]
    with open(answer, "w") as f:
        json.dump([records_of(handler.infer(frame)) for frame in given], f)


def records_of(answer):
    records = [{"prediction": v} for v in answer] if isinstance(answer, pd.Series) else answer
    return [{n: v.hex() if isinstance(v, float) else v for n, v in r.items()} for r in records]


if __name__ == "__main__":
    {"save": save, "load": load, "compose": compose, "handle": handle}[sys.argv[1]](*sys.argv[2:])
