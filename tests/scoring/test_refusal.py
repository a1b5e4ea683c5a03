from __future__ import annotations

from datetime import UTC, datetime

from modelyard.errors import (
    Detail,
    Invalid,
    MissingColumn,
    ModelError,
    TypeMismatch,
)
from modelyard.names import Namespace, Qualified
from modelyard.registry.types import ModelVersion
from modelyard.runtime.manifest import Checks, Environment, Manifest, PredictSpec
from modelyard.scoring.refusal import explain, named
from modelyard.signature import Signature, columns

MODEL = Qualified(Namespace("ML_DB", "MODELS"), "MTCARS_MPG")


def version(ordinal: int, *inputs: str) -> ModelVersion:
    signature = Signature(columns(dict.fromkeys(inputs, "double")), columns({"y": "double"}))
    manifest = Manifest(
        (), signature, PredictSpec(), Environment("", "", {}), Checks("load", True, True)
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return ModelVersion(
        ordinal, MODEL, f"V{ordinal}", ordinal, manifest, "", now, "me", False, (), {}, {}
    )


V1, V2 = version(1, "wt", "hp"), version(2, "wt", "hp", "disp")
NO_DISP = MissingColumn("The rows lack disp.", details=[Detail("missing", "disp")])


def explained(error: Invalid, *others: ModelVersion) -> Invalid:
    return explain(error, V2, others)


def test_a_refusal_names_the_version_and_keeps_what_was_wrong() -> None:
    told = explained(NO_DISP, V1, V2)
    assert type(told) is MissingColumn
    assert told.message == "MTCARS_MPG V2: The rows lack disp."
    assert told.details == NO_DISP.details


def test_a_refusal_names_a_version_that_needs_only_the_columns_there_are() -> None:
    assert 'version_name = "V1" (wt, hp)' in str(explained(NO_DISP, V1, V2).hint)


def test_the_newest_version_that_fits_is_named() -> None:
    assert '"V3"' in str(explained(NO_DISP, V1, version(3, "WT"), V2).hint)


def test_no_version_is_named_when_each_needs_a_column_that_is_not_there() -> None:
    assert explained(NO_DISP, V2, version(4, "wt", "cyl")).hint is None


def test_a_hint_that_was_there_stays() -> None:
    with_hint = MissingColumn("No disp.", hint="Not used: Disp2.", details=NO_DISP.details)
    assert str(explained(with_hint, V1).hint).startswith("Not used: Disp2. Add the column")


def test_another_version_is_no_way_out_of_a_wrong_type() -> None:
    wrong = TypeMismatch("disp is text.", details=[Detail("text", "disp", 1)])
    assert explained(wrong, V1).hint is None


def test_what_a_model_did_names_the_version() -> None:
    told = named(ModelError("object 'k' not found", hint="Look."), V2)
    assert (type(told), told.hint) == (ModelError, "Look.")
    assert told.message == "MTCARS_MPG V2: object 'k' not found"
