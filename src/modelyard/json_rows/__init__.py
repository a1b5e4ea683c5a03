"""Rows as JSON: three forms in, two out, with the contract's errors."""

from modelyard.json_rows.answers import (
    encode_answer,
    encode_records,
    encode_split,
    records_of,
)
from modelyard.json_rows.dialect import Body, Dialect
from modelyard.json_rows.limits import Limits
from modelyard.json_rows.rows import Decoded, decode_rows, decode_untyped

__all__ = [
    "Body",
    "Decoded",
    "Dialect",
    "Limits",
    "decode_rows",
    "decode_untyped",
    "encode_answer",
    "encode_records",
    "encode_split",
    "records_of",
]
