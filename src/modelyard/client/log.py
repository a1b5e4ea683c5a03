"""What ``log_model`` sends: the bytes first, then one request that names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from modelyard.client.http import Http, Progress
from modelyard.client.rows import to_stream, to_table
from modelyard.errors import InvalidValue, NotFound

Columns = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""Columns of a signature: names with types, or a list of ``{"name", "type", ...}``."""

_RDS_STARTS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"X\n", b"B\n", b"A\n")
"""gzip, bzip2, xz, and R's three formats as they are. (RDX is save()'s, of many objects.)"""

_SAVE = {
    "model": 'Save it in R: saveRDS(model, "model.rds").',
    "predict_body": 'Save it in R: saveRDS(function(model, input) ..., "body.rds").',
}


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Everything an author says of a version, before it is sent."""

    model: Path | bytes
    version_name: str | None = None
    comment: str | None = None
    metrics: Mapping[str, Any] | None = None
    tags: Mapping[str, str] | None = None
    sample_input_data: object = None
    sample_predictions: object = None
    input_cols: Columns | None = None
    output_cols: Columns | None = None
    rows: str = "same"
    nullable: Mapping[str, bool] = field(default_factory=dict)
    predict_fn: str = "predict"
    predict_pkgs: Sequence[str] = ()
    predict_args: Mapping[str, Any] | None = None
    predict_body: Path | bytes | None = None
    task: str | None = None
    options: Mapping[str, Any] | None = None
    user_files: Mapping[str, Sequence[str | Path]] | None = None
    code_paths: Sequence[str | Path] = ()

    def upload(self, http: Http, progress: Progress | None) -> dict[str, str]:
        """Send the files and return their digests by role."""
        own = author_files(self.user_files or {}, self.code_paths)  # all are there, or none is sent
        files = {"model": http.upload(as_source(self.model, "model"), progress)}
        if self.predict_body is not None:
            files["body"] = http.upload(as_source(self.predict_body, "predict_body"))
        for role, rows in (
            ("samples", self.sample_input_data),
            ("predictions", self.sample_predictions),
        ):
            if rows is not None:
                files[role] = http.upload(to_stream(to_table(rows)[0]))
        return files | {role: http.upload(path) for role, path in own.items()}

    def body(self, files: Mapping[str, str]) -> dict[str, Any]:
        """The request that logs those files."""
        origin = None if self.sample_input_data is None else "sample_input"
        return {
            "version_name": self.version_name,
            "files": dict(files),
            "inputs": columns(self.input_cols),
            "outputs": columns(self.output_cols),
            "rows": self.rows,
            "nullable": dict(self.nullable),
            "predict": {
                "fn": self.predict_fn,
                "packages": list(self.predict_pkgs),
                "args": dict(self.predict_args or {}),
            },
            "sample_origin": origin,
            "comment": self.comment or "",
            "metrics": dict(self.metrics or {}),
            "tags": dict(self.tags or {}),
            "task": self.task,
            "options": dict(self.options or {}),
            "client": {"r_version": None, "packages": {}},
        }


def author_files(
    user_files: Mapping[str, Sequence[str | Path]], code_paths: Sequence[str | Path]
) -> dict[str, Path]:
    """Files of the author's own by their roles in the version.

    ``user_files`` maps a folder there, or "" for none, to paths here; ``code_paths`` are files, and
    folders with all that is in them.

    Raises:
        NotFound: naming every path that is not there.
    """
    found: dict[str, Path] = {}
    missing: list[str] = []
    for folder, paths in user_files.items():
        for path in (Path(p).expanduser() for p in paths):
            place = PurePosixPath("user", folder, path.name)
            found[str(place)] = path
            missing += [] if path.is_file() else [str(path)]
    for given in (Path(p).expanduser() for p in code_paths):
        inside = sorted(p for p in given.rglob("*") if p.is_file()) if given.is_dir() else [given]
        for path in (p for p in inside if "__pycache__" not in p.parts):
            name = path.relative_to(given.parent).as_posix()
            found[f"code/{name}"] = path
        missing += [] if given.exists() else [str(given)]
    if missing:
        raise NotFound(f"These files are not there: {', '.join(missing)}.")
    return found


def as_source(given: object, what: str) -> Path | bytes:
    """Bytes as they are, or the path of a file that is there.

    Raises:
        NotFound: there is no such file.
        InvalidValue: neither a path nor bytes, or a file that saveRDS() did not write.
    """
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    if isinstance(given, str | Path):
        file = Path(given).expanduser()
        if not file.is_file():
            raise NotFound(f"There is no file {file} for {what}.")
        with file.open("rb") as opened:
            if not opened.read(6).startswith(_RDS_STARTS):
                raise InvalidValue(f"{file} is not an .rds file.", hint=_SAVE[what])
        return file
    raise InvalidValue(
        f"{what} is the path of an .rds file or its bytes, not {type(given).__name__}.",
        hint=_SAVE[what],
    )


def columns(given: Columns | None) -> list[dict[str, Any]] | None:
    """Columns as they are sent; None stays None, and then the server finds them out."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        return [{"name": name, "type": kind} for name, kind in given.items()]
    return [dict(column) for column in given]
