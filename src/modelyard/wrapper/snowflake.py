"""A folder from which snowflake-ml-python logs the model to Snowflake's registry."""

from __future__ import annotations

from importlib.resources import files

from modelyard.wrapper.generate import r_code
from modelyard.wrapper.package import Entries, Package


def snowflake(package: Package) -> Entries:
    """``custom_model.py`` with its data, and ``log_to_snowflake.py``, which logs it."""
    script = files("modelyard.wrapper.host").joinpath("log_to_snowflake.py")
    return {
        "README.md": _readme(package).encode(),
        "custom_model.py": package.program(),
        "log_to_snowflake.py": script.read_bytes(),
        "contract.json": package.contract(),
        "predict.R": r_code().encode(),
        "environment.yml": package.environment(),
        **package.data("model"),
    }


def _readme(package: Package) -> str:
    joined = ""
    if not package.manifest.checks.row_independent:
        joined = (
            "\nThe answer for a row may depend on the others of its call. Snowflake may split a\n"
            "table into batches: score such a model with all rows of one question in one call.\n"
        )
    return f"""# {package.title} for Snowflake

`custom_model.py` predicts with R's own numbers through rpy2; its `CustomModel` takes this folder's
`model` as the artifact `model_folder`. It holds `contract.json` and `predict.R`, which are to read.

    pip install snowflake-ml-python
    python log_to_snowflake.py {package.name.upper()} {package.version.upper()}

The connection is the default one of Snowflake's `connections.toml`. R and its packages come from
`environment.yml`, by conda, so the model runs in Snowpark Container Services.

Dates, and times in a zone other than UTC, are text in ISO 8601: Snowflake's model signatures have
no type that keeps them. One process holds one R, and one R one model.
{joined}"""
