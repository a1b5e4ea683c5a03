"""What callers run into when one version takes the place of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from modelyard.contract.changes import breaking_changes
from modelyard.signature import Column, Signature

WT = Column("wt", "double")
CYL = Column("cyl", "factor", levels=("4", "6", "8"))
PREDICTION = Column("prediction", "double")
BEFORE = Signature((WT, CYL), (PREDICTION,))


def takes(*inputs: Column) -> Sequence[str]:
    return breaking_changes(BEFORE, replace(BEFORE, inputs=inputs))


@pytest.mark.parametrize(
    "inputs",
    [
        (CYL, WT),
        (replace(WT, name="WT"), CYL),
        (WT,),
        (WT, replace(CYL, levels=("2", "4", "6", "8"))),
        (WT, replace(CYL, levels=("4",), unknown="as_na")),
        (WT, replace(CYL, levels=None, type="string")),
    ],
    ids=["order", "case", "fewer", "more levels", "unknown as NA", "wider"],
)
def test_what_callers_do_not_notice_is_no_change(inputs):
    assert takes(*inputs) == []


@pytest.mark.parametrize(
    ("inputs", "change"),
    [
        ((WT, CYL, Column("hp", "double")), "needs hp"),
        ((replace(WT, type="integer"), CYL), "takes wt as integer, not double"),
        ((replace(WT, type="factor", levels=("a",)), CYL), "takes wt as factor, not double"),
        ((replace(WT, nullable=False), CYL), "takes no missing wt"),
        ((WT, replace(CYL, levels=("4", "8"))), "does not take '6' of cyl"),
    ],
)
def test_inputs_that_may_not_fit_any_more_are_told(inputs, change):
    assert takes(*inputs) == [change]


def test_a_text_that_may_be_only_some_values_is_told():
    text = Signature((Column("cyl", "string"),), (PREDICTION,))
    some = Signature((Column("cyl", "string", levels=("4",)),), (PREDICTION,))
    assert breaking_changes(text, some) == ["takes only some values of cyl"]
    assert breaking_changes(some, text) == []


def test_answers_of_another_kind_are_told():
    def gives(outputs: Sequence[Column], rows: str = "same") -> list[str]:
        return breaking_changes(BEFORE, Signature(BEFORE.inputs, tuple(outputs), rows))

    assert gives([PREDICTION, Column("se", "double")]) == []
    assert gives([Column("lwr", "double")]) == ["gives no prediction"]
    told = ["gives prediction as string, not double"]
    assert gives([replace(PREDICTION, type="string")]) == told
    assert gives([PREDICTION], "free") == ["gives rows of its own"]
