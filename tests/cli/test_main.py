"""The commands, against a real server: tables for people, JSON for machines, one clear error."""

import json
import re
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from modelyard.cli.main import app, main
from modelyard.client.launch import find_or_start, stop

CSV = "wt,hp,cyl\n2.62,110,6\n3.44,175,8\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "home"
    find_or_start(folder)
    yield folder
    stop(folder)


@pytest.fixture
def run(home, monkeypatch, capsys, tmp_path):
    """Run a command: its exit status, what it said, and what it said on stderr."""
    monkeypatch.setenv("MODELYARD_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("MODELYARD_URL", "MODELYARD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["modelyard", *map(str, words)])
        status = 0
        try:
            main()
        except SystemExit as e:
            status = e.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


@pytest.fixture
def read(run):
    """Run a command that works, with --json, and read its answer."""

    def command(*words):
        status, out, err = run(*words, "--json")
        assert status == 0, err
        return json.loads(out)

    return command


@pytest.fixture
def cars(tmp_path):
    file = tmp_path / "cars.csv"
    file.write_text(CSV)
    return file


@pytest.fixture
def mpg(read, make_rds, cars):
    """The model MPG, logged once."""
    if not read("models"):
        rds = make_rds("lm(mpg ~ wt + hp + cyl, data = mtcars)")
        made = read("log", rds, "--name", "MPG", "--sample", cars, "--metric", "rmse=2.5")
        assert (made["version"], made["metrics"]) == ("V1", {"rmse": 2.5})
    return "MPG"


def test_every_command_has_help(run):
    for words in ([], ["server"], ["metric"], ["alias"], ["tag"], ["service"], ["token"]):
        status, out, _ = run(*words, "--help")
        assert status == 0
        assert "Usage" in out
    names = {c.name or c.callback.__name__ for c in app.registered_commands}
    names |= {g.name for g in app.registered_groups}
    assert names >= {
        "log", "models", "versions", "describe", "predict", "default", "delete", "export",
        "import", "deploy", "services", "undeploy", "tables", "sql", "write-table", "settings",
        "gc", "events", "server", "metric", "alias", "tag", "service", "token",
    }  # fmt: skip


def test_a_model_is_logged_listed_and_described(run, read, mpg):
    assert [m["name"] for m in read("models")] == ["MPG"]
    assert [v["version"] for v in read("versions", "mpg")] == ["V1"]
    assert read("describe", "MPG/V1")["model_class"] == ["lm"]
    for words in (["models"], ["versions", mpg], ["describe", mpg]):
        status, out, _ = run(*words)
        assert status == 0
        assert "V1" in out


@pytest.mark.parametrize("ending", ["csv", "parquet", "json", "arrow"])
def test_predictions_are_the_same_in_every_form(read, run, mpg, cars, tmp_path, ending):
    expected = [row["prediction"] for row in read("predict", mpg, cars)]
    assert len(expected) == 2
    given = tmp_path / f"in.{ending}"
    assert read("predict", mpg, cars, "--with-input", "-o", given)["rows"] == 2
    again = read("predict", mpg, given)
    assert [row["prediction"] for row in again] == expected
    status, out, _ = run("predict", mpg, given)
    assert status == 0
    assert [float(line) for line in out.splitlines()[1:]] == expected


def test_texts_of_the_contract_stay_texts(read, make_rds, tmp_path):
    rds = make_rds("lm(y ~ code, data.frame(y = 1:4 + 0, code = c('001', '002', '001', '002')))")
    made = read("log", rds, "--name", "CODES", "--input", "code=string", "--output", "p=double")
    assert made["signature"]["inputs"][0]["type"] in ("string", "factor")
    (tmp_path / "codes.csv").write_text("code\n002\n001\n")
    assert [round(r["p"], 6) for r in read("predict", "CODES", tmp_path / "codes.csv")] == [3, 2]
    assert read("delete", "CODES", "--yes") == {"deleted": "MODELYARD.PUBLIC.CODES"}


def test_metrics_aliases_tags_and_the_default_are_set_and_listed(run, read, mpg):
    assert read("metric", "set", mpg, "auc", "0.9") == {"auc": 0.9}
    assert {"metric": "auc", "value": 0.9} in read("metric", "list", mpg)
    read("alias", "set", mpg, "production", "V1")
    assert read("alias", "list", mpg) == [{"alias": "production", "version": "V1"}]
    assert read("describe", "MPG@production")["version"] == "V1"
    read("alias", "unset", mpg, "production")
    for ref in (mpg, "MPG/V1"):
        read("tag", "set", ref, "team", ref)
        assert read("tag", "list", ref) == [{"tag": "team", "value": ref}]
        read("tag", "unset", ref, "team")
    assert read("default", mpg, "V1") == {"version": "V1"}
    assert run("tag", "list", mpg)[1].strip() == "It has no tags."


def test_a_version_is_exported_and_imported(read, mpg, cars, tmp_path):
    read("export", "MPG/V1", tmp_path / "out")
    assert read("import", tmp_path / "out", "--name", "COPY")["model"] == "COPY"
    assert read("predict", "COPY", cars) == read("predict", mpg, cars)
    read("delete", "COPY", "-y")


def test_tables_are_written_queried_and_read(run, read, cars, tmp_path):
    assert read("write-table", "cars", cars) == {"name": "cars", "rows": 2}
    assert read("tables") == [{"name": "cars"}]
    assert read("sql", "SELECT max(hp) AS hp FROM CARS") == [{"hp": 175}]
    assert run("read-table", "cars", "--limit", 1)[1].splitlines()[1] == "2.62,110,6"
    read("sql", "SELECT * FROM cars", "-o", tmp_path / "cars.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "cars.parquet")["hp"].type == pa.int32()
    assert read("sql", "DROP TABLE cars") == {"rows_affected": 0}


def test_tokens_are_made_listed_and_revoked(run, read):
    made = read("token", "create", "ci", "--role", "reader", "--days", 1)
    assert read("--token", made["token"], "models") is not None
    status, _, err = run("--token", made["token"], "gc")
    assert (status, "may not do this" in err) == (1, True)
    new = read("token", "rotate", "ci", "--overlap-hours", 1)
    for token in (made["token"], new["token"]):
        assert read("--token", token, "models") is not None
    read("token", "revoke", "ci")
    for token in (made["token"], new["token"]):
        assert run("--token", token, "models")[0] == 1
        assert token not in json.dumps(read("token", "list"))


def test_a_token_is_bound_to_what_the_options_say(run, read):
    words = ("--role", "caller", "--user", "ann", "--service", "s", "--model", "a.b.c")
    words = (
        *words,
        "--schema",
        "x",
        "--database",
        "y",
        "--database",
        "z",
        "--network",
        "10.0.0.0/8",
    )
    made = read("--database", "ML_DB", "--schema", "LAB", "token", "create", "app", *words)
    assert (made["user"], made["networks"]) == ("ann", ["10.0.0.0/8"])
    grants = ["service ML_DB.LAB.s", "model a.b.c", "schema ML_DB.x", "database y", "database z"]
    assert made["grants"] == grants
    assert grants in [token["grants"] for token in read("token", "list")]
    assert run("token", "list")[0] == 0


def test_the_account_is_shown(read, mpg):
    shown = {row["setting"]: row["value"] for row in read("settings")}
    assert shown["predict_deadline_s"] == 10.0
    assert read("gc", "--grace", 3600) == {"deleted": 0, "bytes": 0}
    assert "kind" in read("events", "-n", 1)[0]
    assert read("server", "status")["running"] is True
    assert "token" not in read("server", "status")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["describe", "NOSUCH"], "no model NOSUCH"),
        (["describe", "NO SUCH"], "cannot name a model"),
        (["log", "nosuch.rds", "--name", "M"], "nosuch.rds"),
        (["log", "cars.csv", "--name", "M", "--metric", "rmse"], "name=value"),
        (["log", "cars.csv", "--name", "M"], "cars.csv is not an .rds file"),
        (["predict", "MPG", "nosuch.csv"], "nosuch.csv"),
        (["predict", "MPG", "cars.csv", "-o", "out.xlsx"], "out.xlsx"),
        (["predict", "MPG", "broken.json"], "broken.json"),
        (["sql", "SELEC"], "syntax error"),
        (["versions", "MPG/V1"], "names a version"),
        (["import", "nosuch", "--name", "M"], "nosuch"),
        (["service", "status", "nosuch"], "nosuch"),
        (["--profile", "nosuch", "models"], "nosuch"),
        (["--url", "http://127.0.0.1:9", "--token", "t", "models"], "No server answers"),
        (["--url", "http://127.0.0.1:9", "models"], "There is no token"),
    ],
)
def test_what_goes_wrong_is_one_clear_error(run, mpg, cars, words, said):
    Path("broken.json").write_text("{")
    status, out, err = run(*words)
    assert status == 1
    assert out == ""
    assert err.startswith("Error: ")
    assert said in err
    assert "Traceback" not in err


def test_rows_that_do_not_fit_are_told_with_column_and_row(run, mpg, tmp_path):
    (tmp_path / "bad.csv").write_text("wt,hp,cyl\n2.62,110,6\n2.62,110,many\n")
    status, _, err = run("predict", mpg, tmp_path / "bad.csv")
    assert status == 1
    assert err.count("column cyl, row 1") == 1
    assert err.count("column cyl, row 2") == 1


def test_a_place_without_models_names_those_that_have_some(run, mpg):
    status, out, _ = run("--schema", "EMPTY", "models")
    assert status == 0
    assert out.startswith("There are no models in MODELYARD.EMPTY.\n")
    assert "MODELYARD.PUBLIC has 1: use --database MODELYARD --schema PUBLIC" in out


def test_events_are_read_at_eighty_columns(run, mpg, monkeypatch):
    monkeypatch.setattr("modelyard.cli.output.out._width", 80)
    status, out, _ = run("events")
    lines = out.splitlines()
    assert status == 0
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["time", "who", "what", "subject", "detail"]
    logged = next(line for line in lines if "VersionLogged" in line and "MPG/V1" in line)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +owner +VersionLogged +MPG/V1 ", logged)
    assert not re.search(r"[0-9a-f]{13}", out)


def test_a_description_has_no_empty_fields(run, mpg):
    out = run("describe", mpg)[1]
    assert re.search(r"^created at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d *$", out, re.MULTILINE)
    assert re.search(r"^predicts with +predict\(\) *$", out, re.MULTILINE)
    assert not re.search(r"^(comment|tags|attaches|arguments)\b", out, re.MULTILINE)


def test_one_row_is_no_rows(run, mpg, tmp_path):
    (tmp_path / "one.csv").write_text("wt,hp,cyl\n2.62,110,6\n")
    assert run("predict", mpg, "one.csv", "-o", "out.csv")[1].startswith("Scored 1 row with V1")


def test_nothing_is_deleted_without_a_yes(run, read, mpg, monkeypatch):
    monkeypatch.setattr("typer.confirm", lambda *_, **__: sys.exit(1))
    assert run("delete", mpg)[0] == 1
    assert [m["name"] for m in read("models")] == ["MPG"]
    status, _, err = run("delete", "MPG/V1", "--yes")
    assert (status, "default" in err) == (1, True)
