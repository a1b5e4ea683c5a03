"""Answers after a model: rows, names and types as declared, or a violation."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from modelyard.contract import check_outputs, empty_answer
from modelyard.errors import OutputViolation
from modelyard.signature import Column, Signature

WT = Column("wt", "double")


def answer(rows: Any, outputs: list[Column], rows_in: int = 2, free: bool = False) -> list[Any]:
    signature = Signature((WT,), tuple(outputs), "free" if free else "same")
    return check_outputs(pa.table(rows), signature, rows_in).to_pylist()


PREDICTION = Column("prediction", "double")


def test_one_output_takes_the_declared_name_and_integers_widen() -> None:
    assert answer({"fit": [1, None]}, [PREDICTION]) == [{"prediction": 1.0}, {"prediction": None}]


def test_another_number_of_rows_is_a_violation_unless_rows_are_free() -> None:
    with pytest.raises(OutputViolation, match="answered 1 row for 2 rows"):
        answer({"fit": [1.0]}, [PREDICTION])
    assert answer({"fit": [1.0]}, [PREDICTION], free=True) == [{"prediction": 1.0}]


def test_outputs_are_found_by_name_or_else_by_position() -> None:
    declared = [Column("a", "double"), Column("b", "double")]
    assert answer({"b": [2.0], "a": [1.0]}, declared, 1) == [{"a": 1.0, "b": 2.0}]
    assert answer({"B": [2.0], "A": [1.0]}, declared, 1) == [{"a": 1.0, "b": 2.0}]
    assert answer({"x": [1.0], "y": [2.0]}, declared, 1) == [{"a": 1.0, "b": 2.0}]


@pytest.mark.parametrize("names", [["b", "c"], ["a"], ["a", "b", "c"], []])
def test_outputs_that_are_not_those_declared_are_a_violation(names: list[str]) -> None:
    with pytest.raises(OutputViolation, match="its signature has a, b"):
        answer(
            {n: [1.0] for n in names} or {"z": [1.0]},
            [Column("a", "double"), Column("b", "double")],
            1,
        )


def test_a_factor_comes_out_as_text() -> None:
    column = Column("class", "factor", levels=("a", "b"))
    factor = pa.array(["b", "a"]).dictionary_encode()
    for declared in (column, Column("class", "string")):
        assert answer({"class": factor}, [declared]) == [{"class": "b"}, {"class": "a"}]


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (["x", "y"], PREDICTION),
        (["NA", "NA"], PREDICTION),
        ([True, False], PREDICTION),
        ([1.5, 2.0], Column("n", "integer")),
        ([[1.0], [2.0]], PREDICTION),
        (["a", "q"], Column("c", "factor", levels=("a",))),
        ([1.0, None], Column("prediction", "double", nullable=False)),
    ],
)
def test_an_answer_of_another_type_is_a_violation(values: Any, column: Column) -> None:
    with pytest.raises(OutputViolation) as caught:
        answer({"out": values}, [column])
    assert caught.value.code == "contract_violation_output"
    assert caught.value.details[0].column == column.name


def test_whole_doubles_answer_a_declared_integer() -> None:
    assert answer({"n": [1.0, 2.0]}, [Column("n", "integer")]) == [{"n": 1}, {"n": 2}]


def test_the_empty_answer_is_typed() -> None:
    outputs = (PREDICTION, Column("c", "factor", levels=("a",)), Column("t", "timestamp"))
    found = empty_answer(Signature((WT,), outputs))
    assert found.num_rows == 0
    assert found.schema.types == [pa.float64(), pa.string(), pa.timestamp("ns", "UTC")]
