"""Rows between our Python and a peer's, as JSON without a lost bit: doubles are 64-bit numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa


def to_wire(table: pa.Table) -> list[dict[str, Any]]:
    return [_column(name, table[name].combine_chunks()) for name in table.column_names]


def _column(name: str, values: pa.Array) -> dict[str, Any]:
    t = values.type
    if pa.types.is_float64(t):
        bits = values.fill_null(0.0).to_numpy(zero_copy_only=False).view(np.uint64).tolist()
        gone = values.is_null().to_pylist()
        cells = [None if g else b for b, g in zip(bits, gone, strict=True)]
        return {"name": name, "type": "double", "cells": cells}
    if pa.types.is_timestamp(t):
        return {
            "name": name,
            "type": "timestamp",
            "tz": t.tz,
            "cells": values.cast("int64").to_pylist(),
        }
    if pa.types.is_date(t):
        return {"name": name, "type": "date", "cells": values.cast("int32").to_pylist()}
    if pa.types.is_dictionary(t):
        levels = values.dictionary.to_pylist()
        cells = values.cast(pa.string()).to_pylist()
        return {"name": name, "type": "factor", "levels": levels, "cells": cells}
    kind = {pa.int32(): "integer", pa.bool_(): "boolean", pa.string(): "string"}[t]
    return {"name": name, "type": kind, "cells": values.to_pylist()}
