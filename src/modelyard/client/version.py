"""A version: score rows with it, measure it, point at it, serve it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from modelyard.client.bundle import unpack
from modelyard.client.connection import Connection
from modelyard.client.http import path
from modelyard.client.run import run
from modelyard.client.service import Service, create, services_of, warn_moved
from modelyard.errors import NotFound


def address(raw: dict[str, Any], name: str = "name") -> str:
    """``DB.SCHEMA.NAME`` of what the server sent."""
    return f"{raw['database']}.{raw['schema']}.{raw[name]}"


class ModelVersion:
    """One version of a model. What it is never changes; comment, metrics and aliases do."""

    def __init__(self, connection: Connection, raw: dict[str, Any]) -> None:
        self._connection = connection
        self._raw = raw

    @property
    def model_name(self) -> str:
        """The model's name."""
        return str(self._raw["model"])

    @property
    def version_name(self) -> str:
        """The version's own name."""
        return str(self._raw["version"])

    @property
    def fully_qualified_model_name(self) -> str:
        """``DB.SCHEMA.MODEL``."""
        return address(self._raw, "model")

    @property
    def notes(self) -> list[str]:
        """What the server had to say when the version was logged; else empty."""
        return list(self._raw.get("notes", ()))

    @property
    def comment(self) -> str:
        """A remark on the version; it can be set."""
        return str(self._fresh()["comment"] or "")

    @comment.setter
    def comment(self, comment: str) -> None:
        self._send("PATCH", body={"comment": comment})

    description = comment

    @property
    def aliases(self) -> list[str]:
        """The aliases that point at it now."""
        return list(self._fresh()["aliases"])

    @property
    def signature(self) -> dict[str, Any]:
        """Its contract: inputs, outputs, rows."""
        return dict(self._raw["signature"])

    def get_model_task(self) -> str:
        """What kind of question it answers, such as ``TABULAR_REGRESSION``, or ``UNKNOWN``."""
        return str(self._raw["task"])

    def show_functions(self) -> list[dict[str, Any]]:
        """The functions that can be run, each with its signature."""
        return [
            {"name": name, "target_method": name.lower(), "signature": self.signature}
            for name in self._raw["functions"]
        ]

    def run(
        self,
        X: object,  # noqa: N803 (the name callers of the reference use)
        *,
        function_name: str = "predict",
        service_name: str | None = None,
        strict_input_validation: bool = False,
    ) -> Any:
        """Score rows: in the account, or by a service of this version when one is named.

        Args:
            X: An Arrow table, a dict of columns, a list of records or a pandas data frame.
            function_name: ``predict``.
            service_name: A service that serves it.
            strict_input_validation: Refuse columns the contract does not have.

        Returns:
            The output columns, a row for each row of ``X`` in their order, as the kind ``X`` was.

        Raises:
            Invalid: rows that do not fit the contract, with column and row.
            ModelError: R refused; the message is R's.
        """
        if function_name.upper() not in self._raw["functions"]:
            has = ", ".join(self._raw["functions"])
            raise NotFound(f"{self!r} has no function {function_name!r}.", hint=f"It has: {has}.")
        if service_name is not None:
            return self._service(service_name).run(X, strict=strict_input_validation)
        where = path("models", self.fully_qualified_model_name, "predict")
        params = {"version": self.version_name}
        return run(self._connection.http, where, X, params, strict_input_validation)

    def show_metrics(self) -> dict[str, Any]:
        """Every metric with its value."""
        return dict(self._send("GET", "metrics")["metrics"])

    def get_metric(self, metric_name: str) -> Any:
        """A metric's value.

        Raises:
            NotFound: there is none of this name.
        """
        return self._send("GET", "metrics", metric_name)["value"]

    def set_metric(self, metric_name: str, value: float | str) -> None:
        """Set a metric to a number or a text; earlier values stay in its history."""
        self._send("PUT", "metrics", metric_name, body={"value": value})

    def delete_metric(self, metric_name: str) -> None:
        """Remove a metric.

        Raises:
            NotFound: there is none of this name.
        """
        self._send("DELETE", "metrics", metric_name)

    def set_alias(self, alias_name: str) -> None:
        """Point an alias here, in one step; one that exists is moved.

        Services that follow it answer with this version then; one that cannot is warned of,
        and so is what a version with another signature means for callers.
        """
        body = {"version": self.version_name}
        warn_moved(self._model("PUT", "aliases", alias_name, body=body))

    def unset_alias(self, alias_name: str) -> None:
        """Remove an alias that points here.

        Raises:
            NotFound: none of that name points here.
        """
        if alias_name.removeprefix("@").lower() not in {a.lower() for a in self.aliases}:
            raise NotFound(f"No alias {alias_name} points at {self!r}.")
        self._model("DELETE", "aliases", alias_name.removeprefix("@"))

    def show_tags(self) -> dict[str, str]:
        """Every tag with its value."""
        return dict(self._send("GET", "tags")["tags"])

    def set_tag(self, tag_name: str, tag_value: str) -> None:
        """Set a tag."""
        self._send("PUT", "tags", tag_name, body={"value": tag_value})

    def unset_tag(self, tag_name: str) -> None:
        """Remove a tag."""
        self._send("DELETE", "tags", tag_name)

    def create_service(
        self,
        *,
        service_name: str,
        service_compute_pool: str | None = None,
        image_repo: str | None = None,
        max_instances: int | None = None,
        min_instances: int | None = None,
        num_workers: int | None = None,
        max_batch_rows: int | None = None,
        cpu_requests: str | None = None,
        memory_requests: str | None = None,
        gpu_requests: str | None = None,
        autocapture: bool | None = None,
        autocapture_sample: float | None = None,
        autocapture_drop: Sequence[str] | None = None,
        split: Mapping[str, float] | None = None,
        shadow: str | None = None,
        force: bool = False,
        block: bool = True,
        timeout_s: float = 600.0,
    ) -> Service:
        """Serve this version at a URL of its own; with ``block`` it is ready on return.

        Args:
            service_name: The service's name.
            force: Replace a service of this name.
            block: Wait until it is ready, at most ``timeout_s`` seconds.
            timeout_s: In seconds.
            num_workers: R processes of an instance, which answer at once.
            max_instances, min_instances: How many instances there may be; none at rest with 0.
            max_batch_rows: Rows of requests that wait are joined up to so many.
            service_compute_pool, image_repo: Kept with the service.
            memory_requests: The most memory of an R process, such as "2Gi".
            cpu_requests: The processors an R process may use, such as "2".
            gpu_requests: Kept with the service.
            autocapture: Keep what is asked and answered, for ``INFERENCE_TABLE('MODEL')`` in SQL.
            autocapture_sample: Of the requests, only this share.
            autocapture_drop: Columns that are not kept.
            split: Shares of the requests that other versions of the model answer.
            shadow: A version that is asked what all are asked; nobody sees its answers.

        Raises:
            AlreadyExists: the name is taken and ``force`` is False.
            Unavailable: it did not become ready; the message has the cause.
        """
        options = {
            "compute_pool": service_compute_pool,
            "image_repo": image_repo,
            "max_instances": max_instances,
            "min_instances": min_instances,
            "num_workers": num_workers,
            "max_batch_rows": max_batch_rows,
            "cpu_requests": cpu_requests,
            "memory_requests": memory_requests,
            "gpu_requests": gpu_requests,
            "autocapture": autocapture,
            "autocapture_sample": autocapture_sample,
            "autocapture_drop": None if autocapture_drop is None else list(autocapture_drop),
            "split": None if split is None else dict(split),
            "shadow": shadow,
        }
        body = {
            "name": service_name,
            "database": self._raw["database"],
            "schema": self._raw["schema"],
            "model": self.fully_qualified_model_name,
            "version": self.version_name,
            "force": force,
            "options": {k: v for k, v in options.items() if v is not None},
        }
        service = create(self._connection, body)
        return service.wait(timeout_s) if block else service

    def list_services(self) -> pa.Table:
        """A table of the services that serve it: name, status, inference_endpoint, cause."""
        found = [s.to_dict() for s in self._services()]
        return pa.table(
            {
                "name": pa.array([s["name"] for s in found], pa.string()),
                "status": pa.array([s["status"] for s in found], pa.string()),
                "inference_endpoint": pa.array([s["url"] for s in found], pa.string()),
                "cause": pa.array([s["cause"] for s in found], pa.string()),
            }
        )

    def delete_service(self, service_name: str) -> None:
        """End a service of this version.

        Raises:
            NotFound: none of that name serves it.
        """
        self._service(service_name).delete()

    def export(self, target_path: str | Path, *, export_mode: str = "model") -> Path:
        """Write the version into a new folder, wholly or as another tool wants it.

        Args:
            target_path: The folder.
            export_mode: ``model``, everything that makes it what it is, to be imported again;
                ``snowflake``, ``mlflow`` or ``vetiver``, what that tool loads.

        Raises:
            AlreadyExists: the folder has something in it.
            InvalidValue: an unknown mode, or a version of which that tool gives other numbers.
        """
        with tempfile.TemporaryFile() as tar:
            self._connection.http.download(self._where("export"), {"mode": export_mode}, tar)
            tar.seek(0)
            return unpack(tar, Path(target_path).expanduser())

    def to_dict(self) -> dict[str, Any]:
        """Everything known of it, as the server said it."""
        return dict(self._raw)

    def environment(self) -> dict[str, Any]:
        """R and the packages it needs (``environment``), and how they stand there (``here``)."""
        return dict(self._send("GET", "environment"))

    def provision_environment(self) -> dict[str, Any]:
        """Have the library of packages made that it needs, from the server's repositories.

        Raises:
            InvalidValue: the server has no repositories.
            MissingPackage: naming what cannot be got or installed.
        """
        return dict(self._send("POST", "environment", "provision", body={}))

    def _services(self) -> Sequence[Service]:
        return services_of(self._connection, self.fully_qualified_model_name, self.version_name)

    def _service(self, name: str) -> Service:
        wanted = name.rpartition(".")[2].lower()
        for service in self._services():
            if service.name.lower() == wanted:
                return service
        raise NotFound(
            f"No service {name} serves {self.fully_qualified_model_name}/{self.version_name}."
        )

    def _fresh(self) -> dict[str, Any]:
        self._raw = self._send("GET")
        return self._raw

    def _where(self, *parts: str) -> str:
        name = self.fully_qualified_model_name
        return path("models", name, "versions", self.version_name, *parts)

    def _send(self, method: str, *parts: str, body: object = None) -> Any:
        return self._connection.http.json(method, self._where(*parts), body=body)

    def _model(self, method: str, *parts: str, body: object = None) -> Any:
        where = path("models", self.fully_qualified_model_name, *parts)
        return self._connection.http.json(method, where, body=body)

    def __repr__(self) -> str:
        return f"<ModelVersion {self.fully_qualified_model_name}/{self.version_name}>"


def version_table(raw: Sequence[dict[str, Any]]) -> pa.Table:
    """Versions as a table with the columns of the reference."""
    texts = pa.list_(pa.string())
    return pa.table(
        {
            "created_on": pa.array([v["created_at"] for v in raw], pa.string()),
            "name": pa.array([v["version"] for v in raw], pa.string()),
            "aliases": pa.array([v["aliases"] for v in raw], texts),
            "comment": pa.array([v["comment"] for v in raw], pa.string()),
            "database_name": pa.array([v["database"] for v in raw], pa.string()),
            "schema_name": pa.array([v["schema"] for v in raw], pa.string()),
            "model_name": pa.array([v["model"] for v in raw], pa.string()),
            "is_default_version": pa.array([v["is_default"] for v in raw], pa.bool_()),
            "functions": pa.array([v["functions"] for v in raw], texts),
            "inference_services": pa.array([v["services"] for v in raw], texts),
        }
    )
