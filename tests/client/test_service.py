"""What a client warns of when an alias was moved."""

import warnings

import pytest

from modelyard.client.service import warn_moved


def _warned(moved):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_moved(moved)
    return [str(w.message) for w in caught]


def test_notes_and_services_that_stay_behind_are_warned_of():
    services = [{"service": "S", "cause": "no room"}, {"service": "T", "cause": None}]
    said = _warned({"notes": ["'hp' is new."], "services": services})
    assert said == ["'hp' is new.", "The service S does not follow: no room"]


@pytest.mark.parametrize("services", [[], [{"service": "S", "cause": "no room"}]])
def test_a_server_of_an_earlier_version_sends_no_notes(services):
    assert len(_warned({"services": services})) == len(services)
