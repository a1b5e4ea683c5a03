"""A version as other tools want it: files by their path, as bytes or as files that are stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from modelyard.runtime.manifest import File, Manifest
from modelyard.wrapper.contract import contract, place
from modelyard.wrapper.generate import custom_model

Entry = bytes | File
Entries = Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Package:
    """What is known of a version when it is packed.

    ``created_at`` is ISO 8601 in UTC; ``samples`` are the rows it was proven with, if any.
    """

    model: str
    version: str
    manifest: Manifest
    created_at: str
    comment: str = ""
    samples: pa.Table | None = None

    @property
    def title(self) -> str:
        """``DB.SCHEMA.MODEL/V1``."""
        return f"{self.model}/{self.version}"

    @property
    def name(self) -> str:
        """The model's own name."""
        return self.model.rpartition(".")[2]

    def program(self) -> Entry:
        """The version's ``custom_model.py``; one logged before there were any gets it here."""
        stored = self.manifest.file("custom_model.py")
        return custom_model(self.manifest).encode() if stored is None else stored

    def environment(self) -> Entry:
        """The version's ``environment.yml`` for conda, with what the program itself needs."""
        stored = self.manifest.file("environment.yml")
        return _environment(self.manifest).encode() if stored is None else stored

    def data(self, folder: str) -> dict[str, Entry]:
        """The files that the program reads, in ``folder``."""
        placed = ((place(file), file) for file in self.manifest.files)
        return {f"{folder}/{path}": file for path, file in placed if path is not None}

    def contract(self) -> bytes:
        """The contract in JSON, as the program holds it."""
        return json.dumps(contract(self.manifest), indent=1, ensure_ascii=False).encode()


def _environment(manifest: Manifest) -> str:
    """For a version that was logged without one: R, and no packages, as none are known for sure."""
    r = manifest.environment.r_version
    wanted = [f"r-base=={r}" if r else "r-base", "python", "rpy2", "pandas"]
    wanted += [f"r-{p.lower()}" for p in manifest.predict.packages]
    lines = "\n".join(f"  - {json.dumps(w)}" for w in wanted)
    return f'channels:\n  - "conda-forge"\ndependencies:\n{lines}\n'
