"""This server and its models as the Open Inference Protocol (v2) describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import modelyard
from modelyard.json_rows.tensors import metadata
from modelyard.registry.types import ModelVersion


def oip_server() -> Mapping[str, Any]:
    """The server."""
    return {
        "name": "modelyard",
        "version": modelyard.__version__,
        "extensions": ["binary_tensor_data"],
    }


def oip_model(version: ModelVersion) -> Mapping[str, Any]:
    """A version, as a model."""
    signature = version.manifest.signature
    return {
        "name": version.model.name,
        "versions": [version.name],
        "platform": "modelyard_r",
        "inputs": metadata(signature.inputs),
        "outputs": metadata(signature.outputs),
    }
