"""The SDK from log to predict, against the real app and a real R."""

import httpx
import pyarrow as pa
import pytest
from tests.conftest import run_r

from modelyard.client.http import Http
from modelyard.client.model import Model
from modelyard.client.registry import Registry
from modelyard.client.version import ModelVersion
from modelyard.errors import (
    AlreadyExists,
    InUse,
    InvalidSignature,
    InvalidValue,
    MissingColumn,
    NotFound,
    UnexpectedColumn,
)

CARS = {"wt": [2.62, 3.44], "hp": [110, 175], "cyl": [6, 8]}


@pytest.fixture(scope="module")
def registry(connection):
    return Registry(connection)


@pytest.fixture(scope="module")
def logged(registry, cars_rds):
    return registry.log_model(
        cars_rds,
        model_name="MPG",
        comment="first",
        metrics={"rmse": 2.45, "note": "good"},
        tags={"team": "cars"},
        sample_input_data=CARS,
        input_cols={"wt": "double", "hp": "double", "cyl": "integer"},
        output_cols={"prediction": "double"},
    )


@pytest.fixture(scope="module")
def expected():
    code = (
        "d <- data.frame(wt = c(2.62, 3.44), hp = c(110, 175), cyl = c(6, 8));"
        "cat(sprintf('%a', predict(lm(mpg ~ wt + hp + cyl, data = mtcars), d)))"
    )
    return [float.fromhex(x) for x in run_r(code).split()]


def test_a_logged_version_predicts_as_r_does_bit_for_bit(logged, expected):
    assert (logged.version_name, logged.comment) == ("V1", "first")
    assert logged.run(CARS) == {"prediction": expected}
    assert logged.run([{"wt": 2.62, "hp": 110, "cyl": 6}]) == [{"prediction": expected[0]}]
    table = logged.run(pa.table(CARS), function_name="PREDICT")
    assert table["prediction"].to_pylist() == expected


def test_rows_that_do_not_fit_are_refused_as_our_errors(logged):
    with pytest.raises(MissingColumn) as e:
        logged.run({"wt": [1.0]})
    assert {d.column for d in e.value.details} == {"hp", "cyl"}
    with pytest.raises(UnexpectedColumn):
        logged.run({**CARS, "extra": [1, 2]}, strict_input_validation=True)
    with pytest.raises(NotFound, match="explain"):
        logged.run(CARS, function_name="explain")
    with pytest.raises(NotFound, match="nosuch"):
        logged.run(CARS, service_name="nosuch")


def test_a_version_is_found_in_every_way(registry, logged):
    model = registry.get_model("mpg")
    assert (model.name, model.fully_qualified_name) == ("MPG", "ML_DB.MODELS.MPG")
    for found in (
        model.default,
        model.first(),
        model.last(),
        model.version("v1"),
        model.versions()[0],
    ):
        assert found.version_name == "V1"
    assert [m.name for m in registry.models()] == ["MPG"]
    shown = registry.show_models().to_pylist()[0]
    assert (shown["name"], shown["default_version_name"], shown["versions"]) == (
        "MPG",
        "V1",
        ["V1"],
    )
    assert model.show_versions().to_pylist()[0]["is_default_version"] is True
    assert logged.show_functions()[0]["name"] == "PREDICT"
    assert logged.get_model_task() == "TABULAR_REGRESSION"
    with pytest.raises(NotFound):
        registry.get_model("NOSUCH")


def test_metrics_are_set_shown_and_removed(logged):
    assert logged.show_metrics() == {"rmse": 2.45, "note": "good"}
    logged.set_metric("rmse", 2.5)
    assert logged.get_metric("rmse") == 2.5
    logged.delete_metric("note")
    assert logged.show_metrics() == {"rmse": 2.5}
    with pytest.raises(NotFound):
        logged.get_metric("note")


def test_comments_can_be_changed_by_either_name(registry, logged):
    logged.comment = "second"
    assert logged.description == "second"
    model = registry.get_model("MPG")
    model.description = "about cars"
    assert model.comment == "about cars"


def test_aliases_move_and_go(registry, logged):
    model = registry.get_model("MPG")
    logged.set_alias("production")
    assert logged.aliases == ["production"]
    assert model.version("@production").version_name == "V1"
    with pytest.raises(InUse):
        model.delete_version("V1")
    logged.unset_alias("@Production")
    assert model.aliases() == {}
    with pytest.raises(NotFound):
        logged.unset_alias("production")


def test_tags_of_models_and_versions_are_apart(registry, logged):
    model = registry.get_model("MPG")
    model.set_tag("team", "models")
    assert (model.get_tag("team"), logged.show_tags()) == ("models", {"team": "cars"})
    model.unset_tag("team")
    assert (model.show_tags(), model.get_tag("team")) == ({}, None)


def test_an_exported_version_is_imported_and_predicts_the_same(
    registry, logged, tmp_path, expected
):
    folder = logged.export(tmp_path / "out")
    assert (folder / "model.json").is_file()
    with pytest.raises(AlreadyExists):
        logged.export(tmp_path / "out")
    made = registry.import_model(folder, model_name="COPY")
    assert made.run(CARS) == {"prediction": expected}
    registry.delete_model("COPY")
    with pytest.raises(NotFound):
        registry.get_model("COPY")


def test_the_default_is_set_by_name_or_by_version(registry, logged, cars_rds):
    second = registry.log_model(
        cars_rds.read_bytes(), model_name="MPG", signatures={"inputs": {"wt": "double", "hp": "double", "cyl": "double"}, "outputs": {"prediction": "double"}}
    )  # fmt: skip
    model = registry.get_model("MPG")
    model.default = second
    assert model.default.version_name == second.version_name == "V2"
    model.default = "V1"
    assert model.default.version_name == "V1"
    model.delete_version("V2")
    assert [v.version_name for v in model.versions()] == ["V1"]


def test_what_cannot_be_logged_is_told_before_anything_is_sent(registry):
    with pytest.raises(NotFound, match="nosuch"):
        registry.log_model("nosuch.rds", model_name="M")
    with pytest.raises(InvalidValue, match="bytes"):
        registry.log_model({"not": "a model"}, model_name="M")
    with pytest.raises(InvalidSignature):
        registry.log_model(b"x", model_name="M", signatures={"wt": "double"})


def test_a_log_whose_answer_is_lost_is_tried_again_with_its_key(connection):
    keys = []

    def answer(request):
        if request.url.path.endswith("/artifacts"):
            return httpx.Response(201, json={"digest": "d", "size_bytes": 1})
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ReadError("lost")
        return httpx.Response(
            200, json={"version": "V1", "model": "M", "database": "D", "schema": "S"}
        )

    class Other:
        http = Http("http://x", "t", httpx.MockTransport(answer))
        database, schema = "D", "S"

    assert Registry(Other()).log_model(b"x", model_name="M").version_name == "V1"
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_tables_go_there_and_back(connection):
    assert connection.write_table("cars", CARS) == 2
    assert connection.read_table("CARS").to_pydict() == CARS
    assert connection.read_table("cars", limit=1).num_rows == 1
    assert connection.sql("SELECT max(hp) AS hp FROM cars").to_pydict() == {"hp": [175]}
    assert connection.sql("DELETE FROM cars WHERE hp > 150") == 1
    assert connection.tables() == ["cars"]
    with pytest.raises(AlreadyExists):
        connection.write_table("cars", CARS)
    connection.drop_table("cars")
    assert connection.tables() == []


def test_what_a_move_means_for_callers_and_who_cannot_follow_are_warned_of():
    raw = {"name": "M", "database": "D", "schema": "S", "model": "M", "version": "V2"}
    good = {"service": "D.S.good", "version": "V2", "cause": None}
    bad = {"service": "D.S.bad", "version": "V1", "cause": "V2 cannot replace V1: no."}

    moved = {"services": [good, bad], "notes": ["V2 needs hp."]}

    class Other:
        http = Http("http://x", "t", httpx.MockTransport(lambda _: httpx.Response(200, json=moved)))

    for move in (
        lambda: Model(Other(), raw).set_alias("production", "V2"),
        lambda: ModelVersion(Other(), raw).set_alias("production"),
    ):
        with pytest.warns(UserWarning) as said:
            move()
        texts = ["V2 needs hp.", "The service D.S.bad does not follow: V2 cannot replace V1: no."]
        assert [(str(w.message), w.filename) for w in said] == [(t, __file__) for t in texts]
