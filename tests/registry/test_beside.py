"""What is kept beside a version: metrics, tags, comments. The version itself never changes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from tests.registry.fake import ANNA, MPG, log, opened, ref

from modelyard.access import list_events
from modelyard.catalog import tables
from modelyard.errors import Internal, InvalidValue, NotFound
from modelyard.registry.describe import get_model, list_versions, set_comment
from modelyard.registry.metrics import (
    check_metric,
    delete_metric,
    get_metric,
    get_metrics,
    metric_history,
    set_metric,
)
from modelyard.registry.resolve import resolve
from modelyard.registry.tags import delete_tag, get_tags, set_tag


def test_a_metric_is_overwritten_and_its_history_kept(account):
    log(account)
    for value in (2.45, "good", 2.4):
        set_metric(account, ANNA, ref("V1"), "rmse", value)
    assert get_metric(account, ref("V1"), "rmse") == 2.4
    assert [m.value for m in metric_history(account, ref("V1"), "rmse")] == [2.45, "good", 2.4]


def test_a_deleted_metric_is_gone_and_that_is_recorded(account):
    log(account, metrics={"rmse": 2.45, "r_squared": 0.87})
    delete_metric(account, ANNA, ref("V1"), "rmse")
    assert get_metrics(account, ref("V1")) == {"r_squared": 0.87}
    assert [m.value for m in metric_history(account, ref("V1"), "rmse")] == [2.45, None]
    with pytest.raises(NotFound, match=r"V1 of model MPG has no metric rmse\. It has r_squared\."):
        get_metric(account, ref("V1"), "rmse")
    with pytest.raises(NotFound):
        delete_metric(account, ANNA, ref("V1"), "rmse")


def test_the_history_of_a_metric_that_never_was_is_not_found(account):
    log(account)
    with pytest.raises(NotFound, match="It has none"):
        metric_history(account, ref("V1"), "rmse")


def test_a_metric_keeps_every_bit(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("home")) as account:
        log(account)

        @given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53))
        def keeps(value):
            set_metric(account, ANNA, ref("V1"), "m", value)
            found = get_metric(account, ref("V1"), "m")
            assert found == value and type(found) is type(value)
            assert math.copysign(1, found) == math.copysign(1, value)

        keeps()


@pytest.mark.parametrize("value", ["2.45", "0x1p3", "null", "NA", ""])
def test_a_text_metric_stays_a_text(account, value):
    log(account)
    set_metric(account, ANNA, ref("V1"), "note", value)
    assert get_metric(account, ref("V1"), "note") == value


@pytest.mark.parametrize("value", [math.nan, math.inf, True, None, [1], 2**53 + 1, "x" * 5000])
def test_what_is_no_metric_is_refused(value):
    with pytest.raises(InvalidValue, match="rmse"):
        check_metric("rmse", value)


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 256, 7])
def test_what_cannot_name_a_metric_is_refused(name):
    with pytest.raises(InvalidValue, match="cannot name"):
        check_metric(name, 1.0)


def test_tags_are_of_a_model_or_of_a_version(account):
    log(account, tags={"team": "growth"})
    set_tag(account, ANNA, MPG, "owner", "cars")
    set_tag(account, ANNA, ref("V1"), "team", "risk")
    assert get_tags(account, MPG) == {"owner": "cars"}
    assert get_tags(account, ref("V1")) == {"team": "risk"}
    delete_tag(account, ANNA, ref("V1"), "team")
    assert resolve(account, ref("V1")).tags == {} and get_model(account, MPG).tags != {}
    with pytest.raises(NotFound, match=r"MPG/V1 has no tag team\. It has none"):
        delete_tag(account, ANNA, ref("V1"), "team")


def test_comments_are_of_a_model_or_of_a_version(account):
    log(account, comment="first")
    set_comment(account, ANNA, ref("V1"), "better")
    set_comment(account, ANNA, MPG, "cars")
    assert resolve(account, ref("V1")).comment == "better"
    assert get_model(account, MPG).comment == "cars"
    set_comment(account, ANNA, MPG, "")
    assert get_model(account, MPG).comment == ""
    details = [e.detail for e in list_events(account) if e.kind == "CommentSet"]
    assert {"comment": "better", "before": "first"} in details


def test_each_version_of_a_list_has_its_own(account):
    for i in range(3):
        log(account, comment=f"c{i}", metrics={"i": i})
    found = list_versions(account, MPG)
    assert [(v.name, v.comment, v.metrics) for v in found] == [
        (f"V{i + 1}", f"c{i}", {"i": i}) for i in range(3)
    ]
    assert found[1] == resolve(account, ref("V2"))


def test_the_row_of_a_version_cannot_be_changed(account):
    log(account)
    with pytest.raises(Internal) as caught, account.catalog.begin() as tx:
        tx.execute(update(tables.version).values(name="V9"))
    assert isinstance(caught.value.__cause__, DBAPIError)
    assert resolve(account, ref()).name == "V1"
