"""Deleting, what stops it, and collecting what it leaves."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.registry.fake import (
    ANNA,
    MPG,
    account_at,
    believe,
    log,
    orphans,
    problems,
    ref,
    request_for,
)
from tests.registry.services import serve

from modelyard.access import list_events
from modelyard.errors import InUse, InvalidValue, NotFound
from modelyard.registry.aliases import set_alias, set_default
from modelyard.registry.delete import delete_model, delete_version
from modelyard.registry.describe import get_model
from modelyard.registry.gc import collect
from modelyard.registry.log import log_version


def test_everything_that_points_at_a_version_is_named(account):
    log(account)
    for alias in ("production", "champion"):
        set_alias(account, ANNA, ref("V1"), alias)
    serve(account, "V1", "mpg_service")
    with pytest.raises(InUse) as caught:
        delete_version(account, ANNA, ref("V1"))
    assert caught.value.message == (
        "Version V1 of model MPG is in use: it is the default version; the aliases champion, "
        "production point at it; the service mpg_service serves it."
    )


def test_a_version_nothing_points_at_goes(account):
    log(account), log(account, metrics={"rmse": 1.0})
    delete_version(account, ANNA, ref("V2"))
    assert get_model(account, MPG).versions == ("V1",)
    assert problems(account) == []
    with pytest.raises(NotFound):
        delete_version(account, ANNA, ref("V2"))


def test_the_former_default_goes_once_another_is(account):
    log(account), log(account)
    set_default(account, ANNA, ref("V2"))
    delete_version(account, ANNA, ref("V1"))
    assert get_model(account, MPG).versions == ("V2",)


def test_a_served_model_stays(account):
    log(account)
    serve(account, "V1", "mpg_service")
    with pytest.raises(InUse, match="served by mpg_service"):
        delete_model(account, ANNA, MPG)
    assert get_model(account, MPG).versions == ("V1",)


def test_a_model_goes_with_its_versions_aliases_and_tags(account):
    log(account, comment="c"), log(account)
    set_alias(account, ANNA, ref("V2"), "production")
    delete_model(account, ANNA, MPG)
    with pytest.raises(NotFound, match="It has none"):
        get_model(account, MPG)
    event = list_events(account)[0]
    assert (event.kind, event.detail) == ("ModelDeleted", {"versions": ["V1", "V2"]})
    log(account)
    assert get_model(account, MPG).aliases == {} and problems(account) == []


def test_bytes_two_versions_share_stay_until_both_are_gone(account):
    log(account), log(account, data=b"a model")
    assert orphans(account) == set()
    kept = {entry.digest for entry in account.artifacts.entries()}
    delete_version(account, ANNA, ref("V2"))
    assert collect(account, ANNA, 0).deleted == 0
    delete_model(account, ANNA, MPG)
    collected = collect(account, ANNA, 0)
    assert collected.deleted == len(kept) and collected.bytes > 0
    assert list(account.artifacts.entries()) == []


def test_bytes_of_a_log_under_way_are_within_the_grace(account):
    account.artifacts.put(io.BytesIO(b"uploaded just now"))
    assert collect(account, ANNA).deleted == 0
    assert collect(account, ANNA, 3600).deleted == 0


def test_the_grace_is_counted_from_the_last_upload(tmp_path):
    later = datetime.now(UTC) + timedelta(seconds=90_000)
    account = account_at(tmp_path, now=lambda: later)
    account.artifacts.put(io.BytesIO(b"a day ago"))
    assert collect(account, ANNA).deleted == 1
    account.catalog.close()


def test_collecting_during_a_log_never_takes_what_it_then_names(account):
    wanted = request_for(account)

    def collect_meanwhile(inner_account, request):
        collect(inner_account, ANNA, 0)
        request_for(inner_account)  # the client uploads again
        return believe(inner_account, request)

    log_version(account, ANNA, MPG, wanted, verifier=collect_meanwhile)
    collect(account, ANNA, 0)
    assert problems(account) == [] and orphans(account) == set()


class _Late:
    """A catalog in which somebody else always writes just before."""

    def __init__(self, catalog, first):
        self._catalog, self._first = catalog, first

    def connect(self):
        return self._catalog.connect()

    def begin(self):
        self._first()
        return self._catalog.begin()


def test_what_is_named_while_it_is_about_to_be_collected_stays(account):
    wanted = request_for(account)
    orphan = account.artifacts.put(io.BytesIO(b"nobody's")).digest

    def log_it() -> None:
        log_version(account, ANNA, MPG, wanted, "k", verifier=believe)

    late = replace(account, catalog=_Late(account.catalog, log_it))
    assert collect(late, ANNA, 0).deleted == 1
    assert not account.artifacts.has(orphan)
    assert problems(account) == []


def test_what_was_collected_is_an_event(account):
    digest = account.artifacts.put(io.BytesIO(b"nobody's")).digest
    collect(account, ANNA, 0)
    assert list_events(account)[0].detail == {"digests": [digest], "bytes": 8}


def test_many_orphans_are_collected(account):
    for i in range(150):
        account.artifacts.put(io.BytesIO(b"%d" % i))
    assert collect(account, ANNA, 0).deleted == 150


@pytest.mark.parametrize("grace", [-1, float("nan")])
def test_a_negative_grace_is_refused(account, grace):
    with pytest.raises(InvalidValue):
        collect(account, ANNA, grace)
