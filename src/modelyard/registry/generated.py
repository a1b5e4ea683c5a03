"""Files of a version that are written when it is logged, from all else that is known of it by then.

A version's manifest names them as it does the others; they are exported, imported and collected
alike, and never written anew.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace

from modelyard.account import Account
from modelyard.registry.lockfiles import conda_environment, renv_lock
from modelyard.registry.roles import GENERATED
from modelyard.runtime.manifest import File, Manifest
from modelyard.wrapper.generate import custom_model

WRITERS: Mapping[str, Callable[[Manifest], str]] = {
    "renv.lock": renv_lock,
    "environment.yml": conda_environment,
    "custom_model.py": custom_model,
}
"""The text of a file for a version, by its role, one of ``roles.GENERATED``."""


def with_generated(account: Account, manifest: Manifest) -> Manifest:
    """Store the generated files and name them in the manifest, after its other files."""
    files = list(manifest.files)
    for role in GENERATED:
        stored = account.artifacts.put(io.BytesIO(WRITERS[role](manifest).encode()))
        files.append(File(role, stored.digest, stored.size_bytes))
    return replace(manifest, files=tuple(files))
