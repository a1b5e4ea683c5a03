"""Golden predictions: the rows kept with a version, and what they gave when it was logged."""

from __future__ import annotations

import pyarrow as pa

from modelyard.account import Account
from modelyard.errors import VerificationFailed
from modelyard.registry.bits import differences
from modelyard.registry.types import ModelVersion
from modelyard.scoring.frames import read_arrow
from modelyard.scoring.predict import predict


def replay(account: Account, version: ModelVersion) -> int:
    """Score the version's sample rows as any request is, and compare with what was kept.

    At least one worker is warm afterwards. Returns the number of rows that were compared: 0 for a
    version without golden predictions, or one that by its nature gives other numbers each time.

    Raises:
        VerificationFailed: a value differs in one bit (any NaN equals any NaN).
        ModelFault: the model does not load or does not score.
    """
    samples, golden = (_rows(account, version, role) for role in ("samples", "golden"))
    if samples is None or samples.num_rows == 0:
        account.workers.warm(version.manifest, 1)
        return 0
    deadline_s = account.settings.deploy_deadline_s
    given = predict(account, version, samples, request_id="golden", deadline_s=deadline_s).table
    if golden is None or not version.manifest.checks.deterministic:
        return 0
    if details := differences(given, golden):
        first = details[0]
        where = f" in column {first.column}, row {first.row}" if first.column else ""
        raise VerificationFailed(
            f"{version} does not predict here what it did when it was logged{where}: "
            f"{first.reason}.",
            hint="R or a package has changed since. Log the model again, or restore what it had.",
            details=details,
        )
    return int(golden.num_rows)


def _rows(account: Account, version: ModelVersion, role: str) -> pa.Table | None:
    file = version.manifest.file(role)
    if file is None:
        return None
    with account.artifacts.open(file.digest) as source:
        return read_arrow(source.read())
