"""The most that one body of rows may hold."""

from __future__ import annotations

from dataclasses import dataclass

from modelyard.settings import Settings

_DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one body may hold: rows, columns, levels and bytes of JSON; binary bytes."""

    rows: int = _DEFAULTS.max_json_rows
    columns: int = _DEFAULTS.max_columns
    depth: int = _DEFAULTS.max_json_depth
    size_bytes: int = _DEFAULTS.max_json_bytes
    binary_bytes: int = _DEFAULTS.max_body_bytes

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that are set."""
        return cls(
            rows=settings.max_json_rows,
            columns=settings.max_columns,
            depth=settings.max_json_depth,
            size_bytes=settings.max_json_bytes,
            binary_bytes=settings.max_body_bytes,
        )
