"""The registry as snowflake-ml-python has it: log models, find them, delete them."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from modelyard.client.bundle import pack
from modelyard.client.connection import Connection
from modelyard.client.http import Progress, path
from modelyard.client.log import Columns, LogRequest, as_source
from modelyard.client.model import Model
from modelyard.client.version import ModelVersion
from modelyard.errors import InvalidSignature, Unavailable


class Registry:
    """Models of one database and schema; names with their own are taken as they are."""

    def __init__(
        self,
        connection: Connection,
        database_name: str | None = None,
        schema_name: str | None = None,
        *,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Without names it is the connection's database and schema. ``options`` are ignored."""
        self._connection = connection
        self.database_name = database_name or connection.database
        self.schema_name = schema_name or connection.schema

    @property
    def location(self) -> str:
        """Database and schema."""
        return f"{self.database_name}.{self.schema_name}"

    def log_model(
        self,
        model: str | Path | bytes,
        *,
        model_name: str,
        version_name: str | None = None,
        comment: str | None = None,
        metrics: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        sample_input_data: object = None,
        sample_predictions: object = None,
        signatures: Mapping[str, Any] | None = None,
        input_cols: Columns | None = None,
        output_cols: Columns | None = None,
        rows: str = "same",
        nullable: Mapping[str, bool] | None = None,
        predict_fn: str = "predict",
        predict_pkgs: Sequence[str] = (),
        predict_args: Mapping[str, Any] | None = None,
        predict_body: str | Path | bytes | None = None,
        task: str | None = None,
        options: Mapping[str, Any] | None = None,
        user_files: Mapping[str, Sequence[str | Path]] | None = None,
        code_paths: Sequence[str | Path] = (),
        progress: Progress | None = None,
    ) -> ModelVersion:
        """Log a fitted R model as a new version, which a fresh R process checks first.

        Args:
            model: Path of an .rds file, or its bytes.
            model_name: Its name, made on the first log.
            version_name: ``V1``, ``V2``, … when None.
            comment: A remark on the version.
            metrics: Numbers or texts by name.
            tags: Texts by name.
            sample_input_data: Rows the model can score; some are kept, and scored at deploy.
            sample_predictions: What R's own session answered for them, to be compared bit by bit.
            signatures: ``{"inputs", "outputs", "rows"}``, instead of the next three.
            input_cols: Names with types, or columns in full; found out when None.
            output_cols: The same for the answer.
            rows: ``same``, or ``free`` when answers have rows of their own.
            nullable: Which input columns may be missing, instead of what is found out.
            predict_fn: Name of the R function that predicts.
            predict_pkgs: R packages to attach first.
            predict_args: Fixed arguments, such as ``{"type": "response"}``.
            predict_body: An .rds file that holds ``function(model, input)``.
            task: Such as ``TABULAR_REGRESSION``.
            options: Anything for other platforms, kept as it is.
            user_files: Files predict reads, lists of paths by folder; R finds them below
                ``getOption("modelyard.user_files")``.
            code_paths: Files and folders of code; the R files are sourced before it predicts.
            progress: Told how many bytes of the model were sent, of how many.

        Raises:
            NotFound: there is no such file.
            AlreadyExists: the version name was used before.
            VerificationFailed: R's answers are not those of the author.
            Invalid: a name, signature or value that cannot be.
        """
        if signatures is not None:
            input_cols, output_cols, rows = _signature(signatures, rows)
        request = LogRequest(
            model=as_source(model, "model"),
            version_name=version_name,
            comment=comment,
            metrics=metrics,
            tags=tags,
            sample_input_data=sample_input_data,
            sample_predictions=sample_predictions,
            input_cols=input_cols,
            output_cols=output_cols,
            rows=rows,
            nullable=nullable or {},
            predict_fn=predict_fn,
            predict_pkgs=[predict_pkgs] if isinstance(predict_pkgs, str) else predict_pkgs,
            predict_args=predict_args,
            predict_body=None if predict_body is None else as_source(predict_body, "predict_body"),
            task=task,
            options=options,
            user_files=user_files,
            code_paths=code_paths,
        )
        files = request.upload(self._connection.http, progress)
        raw = self._post_version(model_name, request.body(files))
        return ModelVersion(self._connection, raw)

    def _post_version(self, model_name: str, body: dict[str, Any]) -> dict[str, Any]:
        # With the same key the server answers a second try with what the first one logged.
        headers = {"idempotency-key": uuid.uuid4().hex}
        where = path("models", model_name, "versions")
        send = self._connection.http.json
        try:
            answer = send("POST", where, params=self._namespace, body=body, headers=headers)
        except Unavailable:
            answer = send("POST", where, params=self._namespace, body=body, headers=headers)
        return dict(answer)

    def import_model(
        self, folder: str | Path, *, model_name: str, version_name: str | None = None
    ) -> ModelVersion:
        """Log what :meth:`ModelVersion.export` wrote, here or in another account.

        Raises:
            NotFound: there is no such folder.
            MalformedRequest: it is not an exported version.
        """
        with tempfile.TemporaryFile() as tar:
            pack(Path(folder).expanduser(), tar)
            size = tar.tell()
            tar.seek(0)
            answer = self._connection.http.send(
                "POST",
                path("models", model_name, "import"),
                params={**self._namespace, "version": version_name},
                content=iter(lambda: tar.read(2**20), b""),
                headers={"content-type": "application/x-tar", "content-length": str(size)},
            )
        return ModelVersion(self._connection, answer.json())

    def get_model(self, model_name: str) -> Model:
        """The model of this name.

        Raises:
            NotFound: there is none.
        """
        raw = self._connection.http.json("GET", path("models", model_name), params=self._namespace)
        return Model(self._connection, raw)

    def models(self) -> list[Model]:
        """Every model, by name."""
        found = self._connection.http.json("GET", path("models"), params=self._namespace)
        return [Model(self._connection, raw) for raw in found["models"]]

    def show_models(self) -> pa.Table:
        """A table of them: name, comment, default version, versions, aliases, owner, times."""
        raw = [m.to_dict() for m in self.models()]
        return pa.table(
            {
                "created_on": pa.array([m["created_at"] for m in raw], pa.string()),
                "name": pa.array([m["name"] for m in raw], pa.string()),
                "database_name": pa.array([m["database"] for m in raw], pa.string()),
                "schema_name": pa.array([m["schema"] for m in raw], pa.string()),
                "comment": pa.array([m["comment"] for m in raw], pa.string()),
                "owner": pa.array([m["owner"] for m in raw], pa.string()),
                "default_version_name": pa.array([m["default_version"] for m in raw], pa.string()),
                "versions": pa.array([m["versions"] for m in raw], pa.list_(pa.string())),
            }
        )

    def delete_model(self, model_name: str) -> None:
        """Delete a model and its versions.

        Raises:
            NotFound: there is none.
            InUse: a service or an alias still needs it.
        """
        self._connection.http.json("DELETE", path("models", model_name), params=self._namespace)

    @property
    def _namespace(self) -> dict[str, str | None]:
        return {"database": self.database_name, "schema": self.schema_name}

    def __repr__(self) -> str:
        return f"<Registry {self.location}>"


def _signature(given: Mapping[str, Any], rows: str) -> tuple[Columns | None, Columns | None, str]:
    inner = given.get("predict", given)
    if not isinstance(inner, Mapping) or not {"inputs", "outputs"} & set(inner):
        raise InvalidSignature('signatures is {"inputs": …, "outputs": …}, each names with types.')
    return inner.get("inputs"), inner.get("outputs"), inner.get("rows", rows)
