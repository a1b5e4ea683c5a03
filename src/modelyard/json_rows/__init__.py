"""Rows as JSON: three forms in, two out, with the contract's errors."""

from modelyard.json_rows.answers import (
    encode_data,
    encode_numbered,
    encode_records,
    encode_split,
    records_of,
)
from modelyard.json_rows.rows import Decoded, Limits, decode_rows, decode_untyped

__all__ = [
    "Decoded",
    "Limits",
    "decode_rows",
    "decode_untyped",
    "encode_data",
    "encode_numbered",
    "encode_records",
    "encode_split",
    "records_of",
]
