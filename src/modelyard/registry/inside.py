"""What an author is told of what a model's bytes hold, in a few sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelyard.runtime.contents import Captured, Contents, Part, size_text

LARGE_BYTES = 8 * 2**20
CAPTURED_BYTES = 2**16
_SHOWN = 3


def contents_notes(contents: Contents, r_version: str) -> Iterator[str]:
    """Notes about its size, the environments and rows it keeps, its code, and who wrote it."""
    yield from _size(contents)
    for one in contents.captured:
        yield from _captured(one, "The model")
    for one in contents.body.captured if contents.body is not None else ():
        yield from _captured(one, "The predict_body")
    if contents.rows:
        found = (f"{r.path} ({r.rows:,} x {r.columns:,})" for r in contents.rows)
        shown = _some(found, len(contents.rows))
        yield (
            f"The model holds rows it may have been trained on: {shown}. "
            "Who may download the version can read them."
        )
    if contents.verdict == "code":
        yield _code(contents)
    for pointer in contents.pointers:
        yield f"{pointer.path} is {pointer.what}, dead once loaded: predict_body must restore it."
    if contents.r_version != r_version:
        yield f"The file was written by R {contents.r_version}; workers here run R {r_version}."


def _size(contents: Contents) -> Iterator[str]:
    if contents.unpacked_bytes < LARGE_BYTES:
        return
    parts = _parts(contents.parts)
    yield (
        f"The model has {size_text(contents.unpacked_bytes)} "
        f"({size_text(contents.stored_bytes)} stored)"
        + (f", most of it in {parts}." if parts else ".")
    )


def _captured(one: Captured, owner: str) -> Iterator[str]:
    """Environments that a package's functions made are the package's business."""
    if one.size_bytes < CAPTURED_BYTES or one.within.startswith("package "):
        return
    path = one.path if owner == "The model" else one.path.replace("model", "predict_body", 1)
    yield (
        f"{owner} keeps the environment it was made in, {path}, and "
        f"{size_text(one.size_bytes)} with it: {_parts(one.largest)}. "
        "Make it at top level, or in a function that holds less, to leave them out."
    )


def _code(contents: Contents) -> str:
    shown = (f"{r.path} {r.what if r.what.startswith('calls ') else 'is ' + r.what}"
             for r in contents.reasons)  # fmt: skip
    return f"The model holds code: {_some(shown, sum(contents.code.values()))}."


def _parts(parts: Iterable[Part]) -> str:
    parts = tuple(parts)
    return _some((f"{p.path} {size_text(p.size_bytes)}" for p in parts), len(parts))


def _some(texts: Iterable[str], number: int) -> str:
    shown = [text for text, _ in zip(texts, range(_SHOWN), strict=False)]
    more = f" and {number - len(shown):,} more" if number > len(shown) else ""
    return ", ".join(shown) + more
