"""Rows in files: CSV, Parquet, JSON and Arrow, by the file's ending."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from modelyard.client.rows import like, to_table
from modelyard.errors import InvalidValue, NotFound

_ENDINGS = ".csv, .parquet, .json or .arrow"


def read_rows(file: Path, inputs: Sequence[dict[str, Any]] = ()) -> pa.Table:
    """The rows of a file; ``inputs`` are the columns of a contract, whose texts stay texts.

    Raises:
        NotFound: there is no such file.
        InvalidValue: an ending not known, or content that is not of that form.
    """
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    try:
        match file.suffix.lower():
            case ".csv":
                # 00123 is a text where the contract says so.
                texts = [c["name"] for c in inputs if c["type"] in ("string", "factor")]
                types = dict.fromkeys(texts, pa.string())
                options = pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
                return pyarrow.csv.read_csv(file, convert_options=options)
            case ".parquet":
                return pyarrow.parquet.read_table(file)
            case ".json":
                return to_table(json.loads(file.read_text(encoding="utf-8")))[0]
            case ".arrow":
                with pa.memory_map(str(file)) as source:
                    return pa.ipc.open_stream(source).read_all()
    except (pa.ArrowException, ValueError, OSError) as e:
        raise InvalidValue(f"{file} cannot be read: {str(e).splitlines()[0]}") from e
    raise InvalidValue(f"{file} has an ending that is not known.", hint=f"Use {_ENDINGS}.")


def check_ending(file: Path) -> None:
    """Know before the work is done that its result can be written.

    Raises:
        InvalidValue: an ending not known.
    """
    if file.suffix.lower() not in (".csv", ".parquet", ".json", ".arrow"):
        raise InvalidValue(f"{file} has an ending that is not known.", hint=f"Use {_ENDINGS}.")


def write_rows(table: pa.Table, file: Path) -> None:
    """Write rows to a file, in the form its ending says."""
    check_ending(file)
    match file.suffix.lower():
        case ".csv":
            pyarrow.csv.write_csv(_without_dictionaries(table), file)
        case ".parquet":
            pyarrow.parquet.write_table(table, file)
        case ".json":
            file.write_text(json.dumps(like(table, "records"), default=str), encoding="utf-8")
        case _:
            with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as out:
                out.write_table(table)


def write_csv_to_stdout(table: pa.Table) -> None:
    """Rows as CSV, for the next command of a pipe."""
    pyarrow.csv.write_csv(_without_dictionaries(table), sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _without_dictionaries(table: pa.Table) -> pa.Table:
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table
