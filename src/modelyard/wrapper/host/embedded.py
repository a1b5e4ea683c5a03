"""The R of this process: started once, with one model; frames go in and out column by column."""

import bz2
import gzip
import lzma
import os
import warnings
from typing import Any

import numpy as np

from modelyard.wrapper.host.faults import RModelError
from modelyard.wrapper.host.stack import stack_checked

NA_INTEGER = -(2**31)
NA_REAL_BITS = 0x7FF00000000007A2
"""R's NA among doubles: a NaN that differs from the others in its low word, 1954."""

PINNED = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "R_DEFAULT_PACKAGES": "stats,utils",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""What R is started with: all of it can change a number."""

Columns = list[tuple[Any, Any, dict[str, Any]]]
"""For each column its numbers or codes, which of them are missing, and what it is."""


class EmbeddedR:
    """R with one model loaded. Reached through ``rpy2.rinterface``, which converts nothing."""

    def __init__(self, contract: dict[str, Any], r_code: str, files: dict[str, Any]) -> None:
        from rpy2 import rinterface

        self._ri = rinterface
        self._seed = contract["seed"]
        base = rinterface.baseenv
        self._env = base["new.env"](True, base)
        code = base["parse"](text=rinterface.StrSexpVector([r_code]), encoding="UTF-8")
        base["eval"](code, self._env)
        raw = [rinterface.NULL if data is None else self._raw(data) for data in
               (files["model"], files["body"])]  # fmt: skip
        authors = {name: files[name] for name in ("user_files", "code_paths", "code")}
        self._call("pinned_load", *raw, self._list({**contract["predict"], **authors}))

    def predict(self, columns: Columns, rows: int) -> "list[tuple[str, Any, Any, list[str]]]":
        """Name, values, which are missing, and R's class, for each column of the answer.

        Raises:
            RModelError: with R's own message.
        """
        ri = self._ri
        frame = ri.baseenv["structure"](
            ri.ListSexpVector([self._vector(*column) for column in columns]),
            **{
                "names": ri.StrSexpVector([what["name"] for _, _, what in columns]),
                "class": ri.StrSexpVector(["data.frame"]),
                "row.names": ri.IntSexpVector([ri.NA_Integer, -rows]),
            },
        )
        seed = ri.NULL if self._seed is None else ri.IntSexpVector([self._seed])
        answer = self._call("pinned_answer", frame, seed)
        for said in answer["warnings"]:
            warnings.warn(f"R: {said}", stacklevel=3)
        table = answer["frame"]
        return [(name, *self._read(v)) for name, v in zip(table.names, table, strict=True)]

    def _call(self, name: str, *args: Any) -> dict[str, Any]:
        with stack_checked():
            result = self._env[name](*args)
        told = dict(zip(result.names, result, strict=True))
        if not told["ok"][0]:
            raise RModelError(str(told["code"][0]), str(told["message"][0]))
        return told

    def _vector(self, values: Any, missing: Any, what: dict[str, Any]) -> Any:
        base, ri, kind = self._ri.baseenv, self._ri, what["type"]
        if kind in ("integer", "boolean"):
            numbers = np.where(missing, NA_INTEGER, values).astype(np.int32)
            return self._filled("integer" if kind == "integer" else "logical", numbers)
        if kind in ("string", "factor"):
            codes = self._filled("integer", np.where(missing, NA_INTEGER, values + 1))
            levels = ri.StrSexpVector(what["levels"])
            if kind == "string":
                return base["["](levels, codes)
            classes = ["ordered", "factor"] if what.get("ordered") else ["factor"]
            return base["structure"](codes, levels=levels, **{"class": ri.StrSexpVector(classes)})
        numbers = values.astype(np.float64)
        if kind == "timestamp":
            whole, rest = np.divmod(values, 10**9)
            numbers = whole.astype(np.float64) + rest.astype(np.float64) / 10**9
        numbers.view(np.uint64)[missing] = NA_REAL_BITS
        vector = self._filled("double", numbers)
        if kind == "double":
            return vector
        if kind == "date":
            return base["structure"](vector, **{"class": ri.StrSexpVector(["Date"])})
        return base["structure"](
            vector,
            **{"class": ri.StrSexpVector(["POSIXct", "POSIXt"])},
            tzone=ri.StrSexpVector([what.get("tz") or "UTC"]),
        )

    def _filled(self, kind: str, numbers: Any) -> Any:
        vector = self._ri.baseenv[kind](len(numbers))
        np.asarray(vector.memoryview())[:] = numbers
        return vector

    def _raw(self, data: bytes) -> Any:
        return self._ri.ByteSexpVector.from_memoryview(memoryview(data))

    def _read(self, vector: Any) -> tuple[Any, Any, "list[str]"]:
        ri, base = self._ri, self._ri.baseenv
        classes = [str(c) for c in vector.rclass]
        if isinstance(vector, ri.StrSexpVector):
            distinct = base["unique"](vector)
            texts = [None if v is ri.NA_Character else str(v) for v in distinct]
            codes = np.array(base["match"](vector, distinct).memoryview()) - 1
            found = np.array([*texts, None], object)[codes]
            return found, np.array([v is None for v in found], bool), ["character"]
        values = np.array(vector.memoryview()) if len(vector) else np.array([], np.float64)
        if isinstance(vector, ri.FloatSexpVector):
            low = values.view(np.uint64) & np.uint64(0xFFFFFFFF)
            return values, np.isnan(values) & (low == 1954), classes
        return values, values == NA_INTEGER, classes

    def _list(self, values: dict[str, Any]) -> Any:
        ri = self._ri
        parts = ri.ListSexpVector([self._value(v) for v in values.values()])
        return ri.baseenv["structure"](parts, names=ri.StrSexpVector(list(values)))

    def _value(self, value: Any) -> Any:
        ri = self._ri
        if isinstance(value, dict):
            return self._list(value)
        flat = value if isinstance(value, list) else [value]
        if value is None:
            return ri.NULL
        if all(isinstance(v, str) for v in flat):
            return ri.StrSexpVector(flat)
        if all(isinstance(v, bool) for v in flat):
            return ri.BoolSexpVector(flat)
        if all(isinstance(v, int) and abs(v) < 2**31 for v in flat):
            return ri.IntSexpVector(flat)
        return ri.FloatSexpVector([float(v) for v in flat])


def r_of_this_process(contract: dict[str, Any], r_code: str, read: Any) -> EmbeddedR:
    """R with this model, started where it was not. ``read`` gives the bytes of its files.

    Raises:
        RModelError: R here holds another model, or could not load this one.
    """
    from rpy2.rinterface_lib import embedded

    mine = [contract["files"], contract["predict"]]
    held = getattr(embedded, "_r_model_held", None)
    if held is not None:
        if held[0] != mine:
            raise RModelError(
                "conflict",
                "This process holds another R model. Its options, methods and packages would "
                "change this one's numbers: load each model in a process of its own.",
            )
        return held[1]  # type: ignore[no-any-return]
    _start(embedded)
    # From here on R is this model's, also when it cannot be loaded.
    embedded._r_model_held = [mine, None]
    embedded._r_model_held[1] = EmbeddedR(contract, r_code, read())
    return embedded._r_model_held[1]  # type: ignore[no-any-return]


def _start(embedded: Any) -> None:
    from rpy2 import rinterface

    if embedded.isinitialized():
        return
    before = {name: os.environ.get(name) for name in PINNED}
    os.environ.update(PINNED)
    try:
        embedded.set_initoptions(
            ("rpy2", "--quiet", "--no-save", "--no-restore", "--no-init-file", "--no-site-file")
        )
        rinterface.initr()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def decompressed(data: bytes) -> bytes:
    """What saveRDS() compressed; other bytes as they are."""
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:3] == b"BZh":
        return bz2.decompress(data)
    if data[:6] == b"\xfd7zXZ\0":
        return lzma.decompress(data)
    return data
