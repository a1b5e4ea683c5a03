"""Golden predictions: the rows kept with a version, and what they gave when it was logged."""

from __future__ import annotations

import pyarrow as pa

from modelyard.account import Account
from modelyard.contract import check_inputs, check_outputs
from modelyard.errors import (
    MalformedRequest,
    ModelRejected,
    ModelyardError,
    VerificationFailed,
)
from modelyard.registry.bits import differences
from modelyard.runtime.arrow import read_arrow
from modelyard.runtime.manifest import Manifest


def replay(account: Account, manifest: Manifest, said: str) -> int:
    """Score the sample rows as any request is, and compare with what was kept.

    At least one worker is warm afterwards; ``said`` names the version in an error. Returns the
    number of rows that were compared: 0 for a version without golden predictions, or one that by
    its nature gives other numbers each time.

    Raises:
        VerificationFailed: a value differs in one bit (any NaN equals any NaN).
        ModelFault: the model does not load or does not score.
    """
    try:
        return _replayed(account, manifest, said)
    except ModelyardError:
        # A later try is to see what has been mended, not what this worker had loaded.
        account.workers.forget(manifest)
        raise


def _replayed(account: Account, manifest: Manifest, said: str) -> int:
    samples, golden = (rows_of(account, manifest, role) for role in ("samples", "golden"))
    if samples is None or samples.num_rows == 0:
        account.workers.warm(manifest, 1)
        return 0
    rows = check_inputs(samples, manifest.signature.inputs).table
    deadline_s = account.settings.deploy_deadline_s
    answer = account.workers.predict(manifest, rows, deadline_s=deadline_s, request_id="golden")
    given = check_outputs(answer.table, manifest.signature, rows.num_rows)
    if golden is None or not manifest.checks.deterministic:
        return 0
    if details := differences(given, golden):
        first = details[0]
        where = f" in column {first.column}, row {first.row}" if first.column else ""
        raise VerificationFailed(
            f"{said} does not predict here what it did when it was logged{where}: {first.reason}.",
            hint="R or a package has changed since. Log the model again, or restore what it had.",
            details=details,
        )
    return int(golden.num_rows)


def rows_of(account: Account, manifest: Manifest, role: str) -> pa.Table | None:
    """The sample rows or the golden predictions kept with a version, if it has them.

    Raises:
        ModelRejected: when their bytes are no Arrow stream.
    """
    file = manifest.file(role)
    if file is None:
        return None
    try:
        with account.artifacts.open(file.digest) as source:
            return read_arrow(source.read())
    except MalformedRequest as e:
        raise ModelRejected(
            f"The {role} of the version cannot be read: artifact {file.digest} is damaged.",
            hint="Restore that file of artifacts/ from a backup, or log the model again.",
        ) from e
