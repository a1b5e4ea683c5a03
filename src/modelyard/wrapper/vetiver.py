"""A version as a pin on a folder board, from which R's vetiver reads it: ``vetiver_pin_read()``.

A pin is ``<name>/<version>/data.txt``, YAML about it, and its file beside. vetiver's is an .rds of
``list(model =, prototype =)``, with the packages predict needs in the pin's own metadata. The list
is put around the model's serialised bytes as they are: no R reads them here.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import struct
from collections.abc import Callable
from typing import Any

from modelyard.errors import InvalidValue
from modelyard.runtime.blob import unpacked
from modelyard.runtime.environment import BASE
from modelyard.runtime.manifest import File, Manifest
from modelyard.runtime.r.codes import INTEGER, LIST, LOGICAL, REAL, STRING
from modelyard.signature import Column
from modelyard.wrapper.package import Entries, Package

_FILE = "model.rds"
_MAX_NAME = 60
"""So that the pin's paths fit into a ustar archive."""

_OBJECT, _ATTRIBUTES = 0x100, 0x200
_PAIR, _END = struct.pack(">i", 0x402), struct.pack(">i", 254)


def vetiver(package: Package, read: Callable[[File], bytes]) -> Entries:
    """The folder of a board with the one pin; ``read`` gives a stored file's bytes.

    Raises:
        InvalidValue: when vetiver, which calls ``predict(model, new_data)`` and nothing else, would
            give other numbers, or the model was not saved in R's usual format.
    """
    _check_predict(package.manifest)
    data = gzip.compress(_pinned(read(package.manifest.model), package.manifest), 6, mtime=0)
    digest = hashlib.sha256(data).hexdigest()[:16]
    created = re.sub(r"[-:]|\.\d+", "", package.created_at)
    name = package.name[:_MAX_NAME]
    pin = f"{name}/{created}-{digest[:5]}"
    about: dict[str, Any] = {
        "file": _FILE,
        "file_size": len(data),
        "pin_hash": digest,
        "type": "rds",
        "title": f"{name}: a pinned list",
        "description": package.comment or f"{package.title}, from Modelyard",
        "tags": None,
        "urls": None,
        "created": created,
        "api_version": 1,
        "user": {"required_pkgs": required(package.manifest), "modelyard": package.title},
    }
    text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in about.items())
    return {f"{pin}/data.txt": text.encode(), f"{pin}/{_FILE}": data}


def _check_predict(manifest: Manifest) -> None:
    spec = manifest.predict
    other = {
        "a predict_body": manifest.body is not None,
        f"predict_fn = {spec.fn!r}": spec.fn != "predict",
        "predict_args": bool(spec.args),
        "user_files or code_paths": bool(manifest.authors),
    }
    found = [name for name, is_so in other.items() if is_so]
    if found:
        raise InvalidValue(
            f"vetiver predicts by predict(model, new_data) alone; this version has "
            f"{', '.join(found)}, so its predictions there would be others.",
            hint="Export it as snowflake, mlflow or model.",
        )


def required(manifest: Manifest) -> list[str]:
    """Packages that predict needs, without those that are part of R."""
    return sorted({*manifest.predict.packages, *manifest.environment.packages} - BASE)


def _pinned(stored: bytes, manifest: Manifest) -> bytes:
    """The serialised list. As the model comes first, its references stay right as they are."""
    plain = b"".join(unpacked(memoryview(stored)))
    if not plain.startswith(b"X\n"):
        raise InvalidValue("Only a model that saveRDS() wrote in its usual format can be pinned.")
    format_version = struct.unpack(">i", plain[2:6])[0]
    start = 14
    if format_version == 3:
        start += 4 + struct.unpack(">i", plain[14:18])[0]
    names = _attributes(names=_strings(["model", "prototype"]))
    head = _head(LIST, 2, has_attributes=True)
    return plain[:start] + head + plain[start:] + _prototype(manifest.signature.inputs) + names


def _prototype(inputs: tuple[Column, ...]) -> bytes:
    """A data frame of these columns and no rows."""
    columns = b"".join(_empty(column) for column in inputs)
    attributes = {
        "names": _strings([c.name for c in inputs]),
        "class": _strings(["data.frame"]),
        "row.names": _head(INTEGER, 0),
    }
    head = _head(LIST, len(inputs), has_attributes=True, is_object=True)
    return head + columns + _attributes(**attributes)


def _empty(column: Column) -> bytes:
    match column.type:
        case "double":
            return _head(REAL, 0)
        case "integer":
            return _head(INTEGER, 0)
        case "boolean":
            return _head(LOGICAL, 0)
        case "string":
            return _head(STRING, 0)
        case "factor":
            classes = ["ordered", "factor"] if column.ordered else ["factor"]
            return _classed(INTEGER, classes, levels=_strings(list(column.levels or ())))
        case "date":
            return _classed(REAL, ["Date"])
        case "timestamp":
            return _classed(REAL, ["POSIXct", "POSIXt"], tzone=_strings([column.tz]))


def _classed(kind: int, classes: list[str], **attributes: bytes) -> bytes:
    head = _head(kind, 0, has_attributes=True, is_object=True)
    return head + _attributes(**{"class": _strings(classes)}, **attributes)


def _head(
    kind: int, length: int, *, has_attributes: bool = False, is_object: bool = False
) -> bytes:
    flags = kind | (_ATTRIBUTES if has_attributes else 0) | (_OBJECT if is_object else 0)
    return struct.pack(">ii", flags, length)


def _attributes(**values: bytes) -> bytes:
    pieces = [
        _PAIR + struct.pack(">iii", 1, 0x40009, len(name)) + name.encode() + value
        for name, value in values.items()
    ]
    return b"".join(pieces) + _END


def _strings(values: list[str]) -> bytes:
    pieces = [_head(STRING, len(values))]
    for value in values:
        text = value.encode()
        pieces.append(struct.pack(">ii", 0x40009 if value.isascii() else 0x8009, len(text)) + text)
    return b"".join(pieces)
