"""What a client warns of when an alias was moved, or a version deployed."""

import warnings
from types import SimpleNamespace

import httpx
import pytest

from modelyard.client.http import Http
from modelyard.client.service import create, warn_moved


def _warned(moved):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_moved(moved)
    return [str(w.message) for w in caught]


def test_notes_and_services_that_stay_behind_are_warned_of():
    services = [{"service": "S", "cause": "no room"}, {"service": "T", "cause": None}]
    said = _warned({"notes": ["'hp' is new."], "services": services})
    assert said == ["'hp' is new.", "The service S does not follow: no room"]


def test_notes_of_a_version_that_is_deployed_are_warned_of():
    def answer(request):
        return httpx.Response(202, json={"name": "s", "notes": ["V1 is only known to load."]})

    http = Http("http://127.0.0.1:1", "token", httpx.MockTransport(answer))
    with pytest.warns(UserWarning, match=r"V1 is only known to load\."):
        made = create(SimpleNamespace(http=http), {})
    assert made.to_dict() == {"name": "s"}


@pytest.mark.parametrize("services", [[], [{"service": "S", "cause": "no room"}]])
def test_a_server_of_an_earlier_version_sends_no_notes(services):
    assert len(_warned({"services": services})) == len(services)
