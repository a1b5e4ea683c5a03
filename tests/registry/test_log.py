"""Logging: names, numbers, what is kept, what is refused, and doing it twice."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
from tests.registry.fake import (
    ANNA,
    GOLDEN,
    HERE,
    MPG,
    ROWS,
    believe,
    log,
    orphans,
    problems,
    ref,
    request_for,
)

from modelyard.access import list_events
from modelyard.errors import (
    AlreadyExists,
    Conflict,
    InvalidName,
    InvalidSignature,
    InvalidValue,
    MalformedRequest,
    ModelError,
    NotFound,
)
from modelyard.names import Qualified
from modelyard.registry.aliases import set_alias
from modelyard.registry.delete import delete_model, delete_version
from modelyard.registry.describe import get_model, list_models, list_versions
from modelyard.registry.log import log_version
from modelyard.registry.request import read_request
from modelyard.registry.resolve import resolve
from modelyard.registry.roles import GENERATED
from modelyard.registry.types import LogRequest
from modelyard.runtime.r.rds_write import write_frame
from modelyard.signature import Column


def test_the_first_version_is_v1_and_the_default(account):
    version = log(account, comment="LM predicting MPG", metrics={"rmse": 2.45}).version
    assert (version.name, version.ordinal, version.is_default) == ("V1", 1, True)
    assert (version.comment, version.metrics) == ("LM predicting MPG", {"rmse": 2.45})
    assert resolve(account, ref()) == version
    assert get_model(account, MPG).default_version == "V1"


def test_numbers_go_on_and_the_default_stays(account):
    assert [log(account).version.name for _ in range(3)] == ["V1", "V2", "V3"]
    assert resolve(account, ref()).name == "V1"


def test_numbers_skip_names_that_authors_took(account):
    names = [log(account, version_name=n).version.name for n in (None, "V2", None, "v4", None)]
    assert names == ["V1", "V2", "V3", "v4", "V5"]


def test_an_author_names_a_version(account):
    assert log(account, version_name="with_disp").version.name == "with_disp"
    assert log(account).version.name == "V1"
    assert get_model(account, MPG).versions == ("with_disp", "V1")


def test_a_name_is_the_same_in_any_case(account):
    log(account, version_name="Final")
    with pytest.raises(AlreadyExists, match="has a version Final already"):
        log(account, version_name="FINAL")
    assert log(account, Qualified(HERE, "mpg")).version.model == MPG


def test_a_taken_name_is_refused_before_any_worker_starts(account):
    log(account)

    def never(*_: object) -> None:
        raise AssertionError("a worker was started")

    with pytest.raises(AlreadyExists):
        log_version(account, ANNA, MPG, request_for(account, version_name="v1"), verifier=never)


def test_the_name_of_a_deleted_version_stays_taken(account):
    log(account), log(account)
    delete_version(account, ANNA, ref("V2"))
    with pytest.raises(AlreadyExists, match="had a version V2, which was deleted"):
        log(account, version_name="V2")
    assert log(account).version.name == "V3"


def test_a_model_logged_again_after_deletion_goes_on_counting(account):
    log(account), log(account)
    delete_model(account, ANNA, MPG)
    assert list_models(account, HERE) == []
    again = log(account).version
    assert (again.name, again.ordinal, again.is_default) == ("V3", 3, True)
    assert problems(account) == []


def test_a_version_cannot_take_the_name_of_an_alias(account):
    log(account)
    set_alias(account, ANNA, ref("V1"), "Production")
    with pytest.raises(AlreadyExists, match="Production is an alias"):
        log(account, version_name="production")


@pytest.mark.parametrize("name", ["default", "FIRST", "Last", "1st", "a-b", "", "a" * 256])
def test_a_bad_version_name_is_refused(account, name):
    with pytest.raises(InvalidName):
        log(account, version_name=name)


def test_the_same_key_and_request_give_the_same_version(account):
    first = log(account, key="k")
    again = log(account, key="k")
    assert not first.replayed and again.replayed
    assert again.version == first.version and again.notes == first.notes == ("believed",)
    assert len(list_versions(account, MPG)) == 1


def test_the_same_key_with_another_request_is_a_conflict(account):
    log(account, key="k")
    with pytest.raises(Conflict, match="another request"):
        log(account, key="k", comment="other")
    with pytest.raises(Conflict, match="another request"):
        log(account, Qualified(HERE, "OTHER"), key="k")


def test_a_key_whose_version_was_deleted_is_a_conflict(account):
    log(account)
    log(account, key="k")
    delete_version(account, ANNA, ref("V2"))
    with pytest.raises(Conflict, match="deleted since"):
        log(account, key="k")


def test_two_that_race_with_one_key_make_one_version(account):
    def slowly(inner_account, request):
        if not list_models(inner_account, HERE):
            log(account, key="k")
        return believe(inner_account, request)

    wanted = request_for(account)
    late = log_version(account, ANNA, MPG, wanted, "k", verifier=slowly)
    assert late.replayed and get_model(account, MPG).versions == ("V1",)


def test_a_model_that_fails_leaves_no_model_behind(account):
    def fail(*_: object) -> None:
        raise ModelError("object 'wt' not found")

    with pytest.raises(ModelError):
        log_version(account, ANNA, MPG, request_for(account), verifier=fail)
    assert list_models(account) == [] and list_events(account) == []
    assert len(orphans(account)) == 1


def test_bytes_that_were_not_uploaded_are_not_found(account):
    with pytest.raises(NotFound, match="bytes of the model are not stored"):
        log_version(account, ANNA, MPG, LogRequest(files={"model": "0" * 64}), verifier=believe)


def test_bytes_collected_during_verification_are_noticed(account):
    wanted = request_for(account)

    def collect_meanwhile(inner_account, request):
        inner_account.artifacts.delete(request.model.digest)
        return believe(inner_account, request)

    with pytest.raises(NotFound, match="not stored"):
        log_version(account, ANNA, MPG, wanted, verifier=collect_meanwhile)
    assert list_models(account) == []


def _arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("encode", [_arrow, write_frame])
def test_samples_arrive_in_either_form(account, encode):
    seen = []

    def look(inner_account, request):
        seen.append((request.samples, request.predictions))
        return believe(inner_account, request)

    files = {
        "model": account.artifacts.put(io.BytesIO(b"m")).digest,
        "samples": account.artifacts.put(io.BytesIO(encode(ROWS))).digest,
        "predictions": account.artifacts.put(io.BytesIO(encode(GOLDEN))).digest,
    }
    logged = log_version(account, ANNA, MPG, LogRequest(files=files), verifier=look)
    assert [(s.to_pydict(), p.to_pydict()) for s, p in seen] == [
        (ROWS.to_pydict(), GOLDEN.to_pydict())
    ]
    roles = [f.role for f in logged.version.manifest.files]
    assert [r for r in roles if r not in GENERATED] == ["model", "samples", "golden"]


def test_samples_that_are_nothing_known_are_refused(account):
    bad = account.artifacts.put(io.BytesIO(b"\xff\xff\xff\xffnot arrow")).digest
    with pytest.raises(MalformedRequest):
        log_version(
            account, ANNA, MPG, LogRequest(files={"model": bad, "samples": bad}), verifier=believe
        )


def test_golden_rows_are_kept_as_arrow(account):
    version = log(account).version
    file = version.manifest.file("golden")
    with account.artifacts.open(file.digest) as stream:
        assert pa.ipc.open_stream(stream).read_all() == GOLDEN


def test_every_log_is_an_event(account):
    log(account, client={"r_version": "4.2.2"})
    log(account)
    kinds = [(e.kind, e.subject, e.actor) for e in reversed(list_events(account))]
    assert kinds == [
        ("ModelCreated", "ML_DB.MODELS.MPG", "anna"),
        ("VersionLogged", "ML_DB.MODELS.MPG/V1", "anna"),
        ("VersionLogged", "ML_DB.MODELS.MPG/V2", "anna"),
    ]
    assert list_events(account)[1].detail["client"] == {"r_version": "4.2.2"}


@pytest.mark.parametrize(
    ("raw", "error", "says"),
    [
        ({"files": {}}, InvalidValue, "files.model"),
        ({"files": {"model": "abc"}}, InvalidValue, "SHA-256"),
        ({"files": {"weights": "0" * 64}}, InvalidValue, "role"),
        ({"inputs": {"wt": "money"}}, InvalidSignature, "money"),
        ({"inputs": []}, InvalidSignature, "at least one input"),
        ({"outputs": []}, InvalidSignature, "at least one output"),
        ({"rows": "many"}, InvalidValue, "rows"),
        ({"nullable": {"hp": False}, "inputs": {"wt": "double"}}, InvalidSignature, "'hp'"),
        ({"nullable": {"wt": "no"}}, InvalidValue, "nullable"),
        ({"metrics": {"rmse": True}}, InvalidValue, "rmse"),
        ({"metrics": {"rmse": None}}, InvalidValue, "rmse"),
        ({"tags": {"team": 1}}, InvalidValue, "team"),
        ({"task": "GUESS"}, InvalidValue, "task"),
        ({"sample_origin": "thin air"}, InvalidValue, "sample_origin"),
        ({"comment": 3}, InvalidValue, "comment"),
        ({"predict": {"fn": ""}}, InvalidValue, "predict_fn"),
        ({"version": "V1"}, InvalidValue, "'version'"),
    ],
)
def test_each_wrong_part_of_a_request_is_named(raw, error, says):
    with pytest.raises(error, match=says):
        read_request({"files": {"model": "0" * 64}} | raw)


def test_a_request_is_read_with_synonyms_and_empty_lists_of_r():
    request = read_request(
        {
            "files": {"model": "0" * 64},
            "inputs": {"wt": "numeric", "cyl": "int"},
            "outputs": [{"name": "prediction", "type": "float64"}],
            "metrics": [],
            "tags": [],
            "nullable": [],
            "options": None,
        }
    )
    assert request.inputs == (Column("wt", "double"), Column("cyl", "integer"))
    assert request.metrics == {} and request.options == {}
