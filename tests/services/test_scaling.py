"""How many workers are wanted, as a table."""

from __future__ import annotations

import pytest

from modelyard.services.options import Options
from modelyard.services.scaling import Load, Range, next_size

ONE_TO_THREE = Range(1, 3, 1)
FROM_NOTHING = Range(0, 4, 2)


@pytest.mark.parametrize(
    ("allowed", "load", "size"),
    [
        (ONE_TO_THREE, Load(1, 0, 0, 0.0, 5.0, 5.0), 1),
        (ONE_TO_THREE, Load(1, 5, 1, 0.05, 0.0, 5.0), 1),  # it will be asked in a moment
        (ONE_TO_THREE, Load(1, 5, 1, 0.2, 0.0, 5.0), 2),
        (ONE_TO_THREE, Load(2, 5, 2, 0.2, 0.0, 1.0), 2),  # the last step has not shown yet
        (ONE_TO_THREE, Load(3, 5, 3, 9.0, 0.0, 9.0), 3),
        (ONE_TO_THREE, Load(2, 0, 0, 0.0, 99.0, 99.0), 2),
        (ONE_TO_THREE, Load(2, 0, 0, 0.0, 301.0, 301.0), 1),
        (ONE_TO_THREE, Load(1, 0, 0, 0.0, 999.0, 999.0), 1),
        (ONE_TO_THREE, Load(3, 0, 0, 0.0, 999.0, 10.0), 3),  # one instance at a time
        (ONE_TO_THREE, Load(2, 0, 1, 0.0, 999.0, 999.0), 2),
        (FROM_NOTHING, Load(0, 1, 0, 0.0, 0.0, 0.1), 2),
        (FROM_NOTHING, Load(2, 0, 0, 0.0, 301.0, 301.0), 0),
        (FROM_NOTHING, Load(2, 3, 2, 0.5, 0.0, 9.0), 4),
        (Range(2, 2, 2), Load(2, 3, 2, 0.5, 0.0, 9.0), 2),
    ],
)
def test_next_size(allowed: Range, load: Load, size: int) -> None:
    assert next_size(load, allowed, patience_s=300.0) == size


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        (Options(), Range(1, 1, 1)),
        (Options(num_workers=3), Range(3, 3, 3)),
        (Options(min_instances=0, max_instances=1), Range(0, 1, 1)),
        (Options(num_workers=2, min_instances=2, max_instances=4), Range(4, 8, 2)),
    ],
)
def test_what_a_deploy_allows(options: Options, allowed: Range) -> None:
    assert Range.of(options) == allowed
