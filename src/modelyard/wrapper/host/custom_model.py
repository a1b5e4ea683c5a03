"""An R model for hosts that have no Modelyard: it gives R's own numbers, through rpy2.

This file is a whole program. It needs R with the packages of the model, rpy2 (rpy2-rinterface is
enough), numpy and pandas 2 or later; where snowflake-ml-python is installed it has a
``CustomModel``, and MLflow loads it by ``_load_pyfunc``. By hand, beside ``model.rds``::

    from custom_model import RModel
    RModel(".").predict(frame)

Rows are checked against the model's contract first: they fit exactly, or ``ContractError`` says
which column and row do not. A NaN in a numpy column is a missing value. A missing double of an
answer has the bits of R's NA, which is a NaN that differs from the others in its low word, 1954.

One process holds one R, and one R one model: a second one is refused, as options, S3 methods and
loaded packages of the first would change its numbers. Give each model a process of its own.
"""

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from modelyard.wrapper.host.answers import answer_frame, no_answer
from modelyard.wrapper.host.embedded import decompressed, r_of_this_process
from modelyard.wrapper.host.faults import RModelError
from modelyard.wrapper.host.rows import check_rows

try:
    from snowflake.ml.model import custom_model as snowflake_model
except ImportError:
    snowflake_model = None

CONTRACT: dict[str, Any] = {}
"""Files, signature and way to predict of the version; its own copy of this file fills it in."""
R_CODE = ""
"""The R code that predicts, the same as in the registry's workers; filled in likewise."""


class RModel:
    """The model of a folder that has the version's files, at the paths its contract names.

    R starts with the first prediction. Safe to use from many threads: R takes one at a time.
    """

    def __init__(self, folder: "str | Path") -> None:
        self._folder = Path(folder)
        for file in CONTRACT["files"]:
            self._read(file)

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Score rows.

        Args:
            rows: At least the contract's columns, in any order.

        Returns:
            The contract's output columns, with the index of ``rows``.

        Raises:
            ContractError: rows that do not fit.
            RModelError: R could not score them, or answered what the contract does not have.
        """
        from rpy2.rinterface_lib import openrlib

        columns = check_rows(rows, CONTRACT["inputs"])
        if len(rows) == 0:
            return no_answer(CONTRACT, rows.index)
        with openrlib.rlock:
            answer = r_of_this_process(CONTRACT, R_CODE, self._files).predict(columns, len(rows))
        return answer_frame(answer, CONTRACT, rows.index)

    def _files(self) -> dict[str, Any]:
        data = {
            f["role"]: decompressed(self._read(f))
            for f in CONTRACT["files"]
            if f["role"] in ("model", "body")
        }
        user, code = self._folder / "user", self._folder / "code"
        r_files = sorted(f["path"] for f in CONTRACT["files"] if f["path"].startswith("code/"))
        return {
            "model": data["model"],
            "body": data.get("body"),
            "user_files": str(user.resolve()) if user.is_dir() else None,
            "code_paths": str(code.resolve()) if code.is_dir() else None,
            "code": [
                str((self._folder / path).resolve())
                for path in r_files
                if path.lower().endswith(".r")
            ]
            or None,
        }

    def _read(self, file: dict[str, Any]) -> bytes:
        """The bytes of a file, once they are those that were logged."""
        data: bytes = (self._folder / file["path"]).read_bytes()
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            path = self._folder / file["path"]
            raise RModelError("model_rejected", f"{path} was changed after it was logged.")
        return data


def _load_pyfunc(path: str) -> RModel:
    """What MLflow calls with the path of the model's data."""
    return RModel(path)


if snowflake_model is not None:

    class CustomModel(snowflake_model.CustomModel):  # type: ignore[misc]
        """The model for Snowflake's registry: its context has the artifact ``model_folder``."""

        def __init__(self, context: Any) -> None:
            super().__init__(context)
            self._model = RModel(context["model_folder"])

        @snowflake_model.inference_api  # type: ignore[untyped-decorator]
        def predict(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803 (Snowflake's name)
            """Score rows; what Snowflake's types cannot hold exactly is text in ISO 8601."""
            answer = self._model.predict(X)
            for column in CONTRACT["outputs"]:
                if column["snowflake"] == "STRING" and column["type"] in ("date", "timestamp"):
                    answer[column["name"]] = answer[column["name"]].map(_iso).astype(object)
                elif column["type"] == "timestamp":
                    answer[column["name"]] = answer[column["name"]].dt.tz_localize(None)
            return answer


def _iso(value: "date | None") -> "str | None":
    return None if value is None or value is pd.NaT else value.isoformat()
