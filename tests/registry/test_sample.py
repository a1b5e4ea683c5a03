"""What the sample rows say of the contract where the author did not."""

from datetime import UTC, datetime

import pyarrow as pa

from modelyard.registry.sample import resolved_inputs
from modelyard.signature import Column


def test_a_timestamp_takes_the_zone_of_the_samples():
    at = pa.array([datetime(2024, 7, 1, tzinfo=UTC)], pa.timestamp("ns", tz="Asia/Kolkata"))
    samples = pa.table({"at": at})
    (column,) = resolved_inputs([Column("at", "timestamp")], samples, {})
    assert column.tz == "Asia/Kolkata"


def test_a_declared_zone_stays():
    at = pa.array([datetime(2024, 7, 1, tzinfo=UTC)], pa.timestamp("ns", tz="Asia/Kolkata"))
    declared = Column("at", "timestamp", tz="Europe/Berlin")
    (column,) = resolved_inputs([declared], pa.table({"at": at}), {})
    assert column.tz == "Europe/Berlin"
