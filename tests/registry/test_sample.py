"""What the sample rows say of the contract where the author did not."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from modelyard.errors import InvalidSignature
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


MID_FIRST = pa.table({"g": pa.array(["mid", "lo"]).dictionary_encode()})
KNOWN = {"g": {"type": "factor", "levels": ["lo", "mid"], "ordered": False}}


def test_the_levels_a_model_knows_beat_those_of_the_samples():
    """Some classes take a factor by the numbers of its levels."""
    for declared in (Column("g", "string"), Column("g", "factor", levels=("mid", "lo", "new"))):
        (column,) = resolved_inputs([declared], MID_FIRST, KNOWN)
        assert (column.type, column.levels) == ("factor", ("lo", "mid"))


def test_a_predict_function_of_the_authors_own_gets_the_levels_of_the_samples():
    (column,) = resolved_inputs([Column("g", "string")], MID_FIRST, KNOWN, plain=False)
    assert column.levels == ("mid", "lo")


@pytest.mark.parametrize("plain", [True, False])
def test_a_factor_whose_levels_nobody_knows_is_refused(plain):
    """As text its codes, and what is looked up by them, would be others than in R."""
    with pytest.raises(InvalidSignature, match="'g' is declared as factor"):
        resolved_inputs([Column("g", "factor")], None, {}, plain=plain)
