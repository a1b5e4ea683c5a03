"""Aliases, the default version, and how a word becomes a version."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.registry.fake import ANNA, HERE, MPG, log, ref
from tests.registry.services import serve

from modelyard.access import list_events
from modelyard.errors import Forbidden, InUse, InvalidName, InvalidValue, NotFound
from modelyard.names import ModelRef, Qualified
from modelyard.registry.aliases import (
    alias_history,
    get_aliases,
    set_alias,
    set_default,
    unset_alias,
)
from modelyard.registry.resolve import resolve


@pytest.fixture(autouse=True)
def three_versions(account):
    for _ in range(3):
        log(account)


def test_an_alias_moves_in_one_step_with_its_history(account):
    for version in ("V2", "V1", "V3"):
        assert set_alias(account, ANNA, ref(version), "production") == version
    assert get_aliases(account, MPG) == {"production": "V3"}
    moves = [(m.version, m.previous, m.by) for m in alias_history(account, MPG)]
    assert moves == [("V2", None, "anna"), ("V1", "V2", "anna"), ("V3", "V1", "anna")]
    assert resolve(account, ref("production")).aliases == ("production",)


def test_setting_an_alias_where_it_is_changes_nothing(account):
    set_alias(account, ANNA, ref("V1"), "production")
    before = list_events(account)
    set_alias(account, ANNA, ref("V1"), "PRODUCTION")
    assert list_events(account) == before and len(alias_history(account, MPG)) == 1


def test_a_version_may_have_several_aliases(account):
    set_alias(account, ANNA, ref("V1"), "production")
    set_alias(account, ANNA, ref("@production"), "champion")
    assert resolve(account, ref("V1")).aliases == ("champion", "production")


@pytest.mark.parametrize("alias", ["V7", "v1", "DEFAULT", "first", "Last", "a b", ""])
def test_an_alias_that_cannot_be_one_is_refused(account, alias):
    with pytest.raises(InvalidName):
        set_alias(account, ANNA, ref("V1"), alias)


def test_an_alias_cannot_have_the_name_of_a_version(account):
    log(account, version_name="with_disp")
    with pytest.raises(InvalidName, match="with_disp is a version of model MPG"):
        set_alias(account, ANNA, ref("V1"), "WITH_DISP")


def test_unsetting_an_unknown_alias_names_those_there_are(account):
    set_alias(account, ANNA, ref("V1"), "production")
    set_alias(account, ANNA, ref("V2"), "staging")
    with pytest.raises(NotFound, match=r"no alias champion\. It has the aliases production, stag"):
        unset_alias(account, ANNA, MPG, "champion")


def test_an_unset_alias_means_nothing_but_keeps_its_history(account):
    set_alias(account, ANNA, ref("V1"), "production")
    unset_alias(account, ANNA, MPG, "@Production")
    assert get_aliases(account, MPG) == {}
    assert [(m.version, m.previous) for m in alias_history(account, MPG)] == [
        ("V1", None),
        (None, "V1"),
    ]
    with pytest.raises(NotFound, match=r"has no alias production\. It has no alias"):
        resolve(account, ref("@production"))


def test_an_alias_a_service_follows_cannot_be_unset(account):
    set_alias(account, ANNA, ref("V1"), "production")
    serve(account, "V1", "mpg_service", alias="production")
    with pytest.raises(InUse, match="followed by the service mpg_service"):
        unset_alias(account, ANNA, MPG, "production")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        (None, "V2"),
        ("default", "V2"),
        ("@DEFAULT", "V2"),
        ("First", "V1"),
        ("@last", "V3"),
        ("v3", "V3"),
        ("Production", "V1"),
        ("@production", "V1"),
    ],
)
def test_a_word_means_a_version(account, word, name):
    set_default(account, ANNA, ref("V2"))
    set_alias(account, ANNA, ref("V1"), "production")
    assert resolve(account, ref(word)).name == name


def test_default_and_last_can_be_given_to_an_alias(account):
    set_alias(account, ANNA, ref("LAST"), "staging")
    assert set_default(account, ANNA, ref("staging")) == "V3"
    assert set_alias(account, ANNA, ref("DEFAULT"), "production") == "V3"
    assert resolve(account, ref()).is_default


def test_only_an_alias_is_meant_after_an_at(account):
    with pytest.raises(NotFound, match=r"no alias V1\. It has no alias"):
        resolve(account, ref("@V1"))


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (ref("V9"), "Model MPG has no version V9. It has V1, V2, V3."),
        (ref("old"), "Model MPG has no version and no alias old. It has V1, V2, V3, and no alias."),
        (
            ModelRef(Qualified(HERE, "CARS")),
            "There is no model CARS in ML_DB.MODELS. It has MPG.",
        ),
    ],
)
def test_what_is_not_found_is_told_what_there_is(account, wanted, says):
    with pytest.raises(NotFound) as caught:
        resolve(account, wanted)
    assert caught.value.message == says


def test_a_default_that_does_not_move_is_no_event(account):
    before = list_events(account)
    set_default(account, ANNA, ref("V1"))
    assert list_events(account) == before
    set_default(account, ANNA, ref("V2"))
    assert list_events(account)[0].detail == {"version": "V2", "previous": "V1"}


@pytest.mark.parametrize(
    ("word", "host", "needed"),
    [
        ("always", "127.0.0.1", True),
        ("never", "0.0.0.0", False),
        ("shared", "0.0.0.0", True),
        ("shared", "::", True),
        ("shared", "192.0.2.1", True),
        ("shared", "127.0.0.1", False),
        ("shared", "::1", False),
        ("shared", "models.example.org", True),
        ("shared", "localhost", False),
    ],
)
def test_production_takes_a_second_person(account, word, host, needed):
    settings = replace(account.settings, require_second_person=word, host=host)
    account = replace(account, settings=settings)
    set_alias(account, ANNA, ref("V1"), "staging")
    if needed:
        for alias in ("production", "Production"):
            with pytest.raises(Forbidden, match="anna logged V1"):
                set_alias(account, ANNA, ref("V1"), alias)
        assert set_alias(account, replace(ANNA, name="bob"), ref("V1"), "production") == "V1"
    else:
        assert set_alias(account, ANNA, ref("V1"), "production") == "V1"


def test_a_word_the_setting_does_not_have_is_refused(account):
    account = replace(account, settings=replace(account.settings, require_second_person="yes"))
    with pytest.raises(InvalidValue, match="require_second_person"):
        set_alias(account, ANNA, ref("V1"), "production")
