"""Predict: the one way in for every pattern.

Contract in, a worker, contract out. Whoever asks, locally, by REST or from a service, comes
through here and gets the version that answered named in the answer.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass

import pyarrow as pa

from modelyard.account import Account
from modelyard.contract import check_inputs, check_outputs, empty_answer
from modelyard.registry.types import ModelVersion

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scored:
    """The answer: output columns in the request's row order, and who gave it.

    ``notes`` say what was made to fit (a column matched without case), ``warnings`` are R's.
    """

    table: pa.Table
    version: ModelVersion
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def predict(
    account: Account,
    version: ModelVersion,
    rows: pa.Table,
    *,
    strict: bool = False,
    request_id: str | None = None,
    deadline_s: float | None = None,
) -> Scored:
    """Score rows with a version.

    Raises:
        Invalid: the rows do not fit the version's signature.
        ModelFault: the model failed.
    """
    request_id = request_id or uuid.uuid4().hex
    manifest = version.manifest
    checked = check_inputs(
        rows, manifest.signature.inputs, strict=strict, max_columns=account.settings.max_columns
    )
    if rows.num_rows == 0:
        return Scored(empty_answer(manifest.signature), version, checked.notes, ())
    started = time.perf_counter()
    answer = account.workers.predict(
        manifest, checked.table, deadline_s=deadline_s, request_id=request_id
    )
    table = check_outputs(answer.table, manifest.signature, rows.num_rows)
    log.info(
        "request %s: %s scored %d rows in %.1f ms",
        request_id,
        version,
        rows.num_rows,
        1e3 * (time.perf_counter() - started),
    )
    return Scored(table, version, checked.notes, answer.warnings)
