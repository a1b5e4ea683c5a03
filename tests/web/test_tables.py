"""SQL and tables over HTTP, in every form."""

import io

import pyarrow as pa
import pytest
from tests.web.envelope import assert_error

from modelyard.runtime.r.rds import read_frame
from modelyard.runtime.r.rds_write import write_frame

ARROW, RDS, JSON = "application/vnd.apache.arrow.stream", "application/x-rds", "application/json"
ROWS = pa.table({"wt": [2.5, None], "Name": ["a", "ü"], "cyl": pa.array([4, None], pa.int32())})


def _stream(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue()


ENCODED = {
    ARROW: _stream(ROWS),
    RDS: write_frame(ROWS),
    JSON: b'[{"wt": 2.5, "Name": "a", "cyl": 4}, {"wt": null, "Name": "\xc3\xbc", "cyl": null}]',
}


@pytest.mark.parametrize("form", ENCODED)
def test_a_table_written_in_any_form_is_read_in_any_form(client, form):
    put = client.put(
        "/api/v1/tables/cars?overwrite=true", content=ENCODED[form], headers={"content-type": form}
    )
    assert put.json() == {"rows": 2}
    arrow = client.get("/api/v1/tables/CARS", headers={"accept": ARROW})
    assert arrow.headers["content-type"] == ARROW
    assert pa.ipc.open_stream(arrow.content).read_all().to_pydict() == ROWS.to_pydict()
    rds = client.get("/api/v1/tables/cars", headers={"accept": RDS})
    assert read_frame(rds.content).to_pydict() == ROWS.to_pydict()
    assert client.get("/api/v1/tables/cars").json() == ROWS.to_pylist()
    assert len(client.get("/api/v1/tables/cars?limit=1").json()) == 1


def test_sql_answers_rows_or_how_many_changed(client):
    def run(sql, **more):
        return client.post("/api/v1/sql", json={"sql": sql, **more})

    assert run("CREATE TABLE t (a INT)", database="D", schema="S").json() == {"rows_affected": 0}
    assert run("INSERT INTO D.S.t VALUES (1), (2)").json() == {"rows_affected": 2}
    assert run("SELECT a FROM t", database="d", schema="s").json() == [{"a": 1}, {"a": 2}]
    error = assert_error(run("SELECT * FROM nosuch", database="D", schema="S"), 404, "not_found")
    assert error["hint"] == "D.S has: t."
    assert_error(run("SELEC 1"), 422, "invalid_value")
    listed = client.get("/api/v1/tables?database=D&schema=S").json()
    assert listed == {"tables": [{"database": "D", "schema": "S", "name": "t"}]}
    fields = client.get("/api/v1/tables/D.S.t/fields").json()
    assert fields == {"fields": [{"name": "a", "type": "int32"}]}
    assert client.delete("/api/v1/tables/D.S.T").status_code == 200
    assert_error(client.get("/api/v1/tables/D.S.t"), 404, "not_found")


def test_a_table_is_replaced_only_when_asked(client):
    put = {"content": ENCODED[ARROW], "headers": {"content-type": ARROW}}
    assert client.put("/api/v1/tables/once", **put).status_code == 200
    assert_error(client.put("/api/v1/tables/once", **put), 409, "already_exists")
    assert client.put("/api/v1/tables/once?overwrite=true", **put).status_code == 200


def test_a_reader_queries_and_changes_nothing(client, nobody, tokens):
    client.put("/api/v1/tables/r", content=ENCODED[ARROW], headers={"content-type": ARROW})
    headers = {"authorization": f"Bearer {tokens['reader']}"}

    def run(sql):
        return nobody.post("/api/v1/sql", json={"sql": sql}, headers=headers)

    assert run("SELECT count(*) AS n FROM r").json() == [{"n": 2}]
    for sql in ("DROP TABLE r", "DELETE FROM r", "CREATE TABLE x (a INT)"):
        assert_error(run(sql), 403, "forbidden")
    sneaky = run("WITH x AS (DELETE FROM r RETURNING wt) SELECT * FROM x")
    assert sneaky.status_code in (403, 422)
    assert run("SELECT count(*) AS n FROM r").json() == [{"n": 2}]


def test_every_change_is_in_the_audit_log(client):
    client.put("/api/v1/tables/seen", content=ENCODED[ARROW], headers={"content-type": ARROW})
    client.post("/api/v1/sql", json={"sql": "DELETE FROM seen"})
    client.delete("/api/v1/tables/seen")
    events = client.get("/api/v1/events?limit=3").json()["events"]
    assert [e["kind"] for e in events] == ["TableDropped", "StatementRun", "TableWritten"]
    assert {e["actor"] for e in events} == {"owner"}


def test_inferences_are_read_by_sql_where_the_model_s_bytes_are(client, nobody, tokens):
    asked = {"sql": "SELECT * FROM TABLE(INFERENCE_TABLE('NOSUCH'))"}
    assert_error(client.post("/api/v1/sql", json=asked), 404, "not_found")
    for role, status in {"reader": 403, "deployer": 403, "author": 404}.items():
        headers = {"authorization": f"Bearer {tokens[role]}"}
        assert nobody.post("/api/v1/sql", json=asked, headers=headers).status_code == status
    log = {"sql": "CALL SYSTEM$GET_SERVICE_LOGS('nosuch')"}
    assert_error(client.post("/api/v1/sql", json=log), 404, "not_found")
