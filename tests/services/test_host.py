"""Services from end to end: a real lm of a real R, real hosts, real HTTP."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.services.conftest import MPG, SPACE, Yard

from modelyard.access import SYSTEM, issue_token, revoke_token
from modelyard.errors import AlreadyExists, NotFound
from modelyard.names import ModelRef, Qualified
from modelyard.registry.add import Draft, add_version
from modelyard.registry.resolve import resolve
from modelyard.runtime.arrow import read_arrow, write_arrow
from modelyard.runtime.manifest import File
from modelyard.runtime.r.rds import read_frame
from modelyard.runtime.r.rds_write import write_frame
from modelyard.scoring.frames import ARROW, RDS
from modelyard.services.folder import folder
from modelyard.services.reconcile import Reconciler
from modelyard.services.show import show_all
from modelyard.services.types import Service, State
from modelyard.services.undeploy import undeploy

CARS = {"wt": [2.5, 3.0, None], "hp": [110.0, 150.0, 93.3], "cyl": [4, 6, 8]}


@pytest.fixture(scope="module")
def mpg(yard: Yard) -> Service:
    return yard.deploy("mpg_service", "MPG/V1", num_workers=1)


@pytest.fixture(scope="module")
def trouble(yard: Yard) -> Service:
    return yard.deploy("trouble", "TROUBLE/V1", num_workers=1, deadline_s=5.0)


@pytest.fixture(scope="module")
def expected() -> list[float | None]:
    """What R itself predicts for CARS, to the last bit."""
    code = f"""m <- {MPG}
    rows <- data.frame(wt = c(2.5, 3, NA), hp = c(110, 150, 93.3), cyl = c(4L, 6L, 8L))
    cat(sprintf("%a", predict(m, rows)))"""
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=True
    )
    return [None if text == "NA" else float.fromhex(text) for text in done.stdout.split()]


def rows_of(columns: dict[str, list[Any]]) -> list[list[Any]]:
    return [list(row) for row in zip(*columns.values(), strict=True)]


def bits(values: list[Any]) -> list[str | None]:
    return [None if v is None else float(v).hex() for v in values]


def answers(response: httpx.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    assert response.headers["x-modelyard-version"] == "V1"
    return [row["prediction"] for _, row in response.json()["data"]]


def refusal(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    return dict(response.json()["error"])


def test_the_three_json_forms_give_r_s_bits(
    yard: Yard, mpg: Service, expected: list[float | None]
) -> None:
    names, rows = list(CARS), rows_of(CARS)
    split = {"dataframe_split": {"index": [0, 1, 2], "columns": names, "data": rows}}
    records = {"dataframe_records": [dict(zip(names, row, strict=True)) for row in rows]}
    data = {"data": [[i + 7, *row] for i, row in enumerate(rows)]}
    for body, index in ((split, [0, 1, 2]), (records, [0, 1, 2]), (data, [7, 8, 9])):
        response = yard.post(mpg, json=body)
        assert bits(answers(response)) == bits(expected)
        assert [i for i, _ in response.json()["data"]] == index


def test_the_reference_client_s_missing_numbers_are_understood(
    yard: Yard, mpg: Service, expected: list[float | None]
) -> None:
    body = {"dataframe_split": {"columns": list(CARS), "data": [["NA", 93.3, 8]]}}
    assert answers(yard.post(mpg, json=body)) == [None]
    assert expected[2] is None


def test_frames_and_streams_give_r_s_bits(
    yard: Yard, mpg: Service, expected: list[float | None]
) -> None:
    table = pa.table({**CARS, "cyl": pa.array(CARS["cyl"], pa.int32())})
    sent = {RDS: write_frame(table), ARROW: write_arrow(table)}
    read: dict[str, Callable[[bytes], pa.Table]] = {RDS: read_frame, ARROW: read_arrow}
    for form, body in sent.items():
        response = yard.post(mpg, content=body, headers={"content-type": form})
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == form
        assert bits(read[form](response.content)["prediction"].to_pylist()) == bits(expected)
        in_json = {"content-type": form, "accept": "application/json"}
        assert bits(answers(yard.post(mpg, content=body, headers=in_json))) == bits(expected)


def test_rows_that_break_the_contract_are_refused_by_name(yard: Yard, mpg: Service) -> None:
    missing = yard.post(mpg, json={"dataframe_records": [{"wt": 1.0, "hp": 2.0}]})
    assert "cyl" in refusal(missing, 422, "missing_column")["message"]
    row = {"wt": 1.0, "hp": 2.0, "cyl": 4}
    wrong = yard.post(mpg, json={"dataframe_records": [row, {**row, "hp": "fast"}]})
    detail = refusal(wrong, 422, "type_mismatch")["details"][0]
    assert (detail["column"], detail["row"]) == ("hp", 2)
    extra = {"dataframe_records": [{**row, "id": 7}]}
    assert len(answers(yard.post(mpg, json=extra))) == 1
    refusal(yard.post(mpg, json=extra, params={"strict": "true"}), 422, "unexpected_column")
    refusal(yard.post(mpg, content=b"{"), 400, "malformed_request")
    refusal(yard.post(mpg, content=b"X", headers={"content-type": RDS}), 400, "malformed_request")
    refusal(yard.post(mpg, content=b"X", headers={"content-type": ARROW}), 400, "malformed_request")
    empty = yard.post(mpg, json={"dataframe_split": {"columns": list(CARS), "data": []}})
    assert empty.json() == {"data": []}
    named = yard.post(mpg, json={"dataframe_records": [{"WT": 1.0, "hp": 2.0, "cyl": 4}]})
    assert "WT" in json.loads(named.headers["x-modelyard-notes"])[0]


def test_a_token_opens_its_own_service_until_it_is_revoked(yard: Yard, mpg: Service) -> None:
    body = {"dataframe_records": [{"wt": 1.0, "hp": 2.0, "cyl": 4}]}

    def call(role: str, *grants: str, **more: Any) -> tuple[httpx.Response, str, str]:
        issued = issue_token(yard.account, SYSTEM, name="t", role=role, grants=grants, **more)
        header = {"authorization": f"Bearer {issued.secret}"}
        return yard.post(mpg, json=body, headers=header), issued.secret, issued.token.id

    assert call("admin")[0].status_code == 200
    refusal(call("reader")[0], 403, "forbidden")
    refusal(call("caller", "service ML_DB.MODELS.other")[0], 403, "forbidden")
    refusal(call("caller", "service mpg_service")[0], 403, "forbidden")
    assert call("caller", "model ML_DB.MODELS.mpg")[0].status_code == 200
    assert call("admin", networks=["127.0.0.0/8"])[0].status_code == 200
    refusal(call("admin", networks=["192.0.2.0/24"])[0], 403, "forbidden")
    good, secret, token_id = call("caller", "service ml_db.models.MPG_service")
    assert good.status_code == 200
    revoke_token(yard.account, SYSTEM, token_id)
    patience = time.monotonic() + 10
    header = {"authorization": f"Bearer {secret}"}
    while yard.post(mpg, json=body, headers=header).status_code == 200:
        assert time.monotonic() < patience
    refusal(yard.post(mpg, json=body, headers=header), 401, "unauthenticated")


def test_a_service_describes_itself_to_those_who_may_call_it(yard: Yard, mpg: Service) -> None:
    assert mpg.url is not None
    header = {"authorization": f"Bearer {yard.owner}"}
    said = httpx.get(mpg.url + "/", headers=header).json()
    assert (said["fqn"], said["version"]) == ("ML_DB.MODELS.mpg_service", "V1")
    assert [c["name"] for c in said["signature"]["inputs"]] == list(CARS)
    assert httpx.get(mpg.url + "/").status_code == 401
    assert httpx.get(mpg.url + "/readyz").text == "ok"


def test_the_log_tells_of_the_start_but_no_secret_and_no_path(yard: Yard, mpg: Service) -> None:
    said = "\n".join(yard.log_of(mpg))
    assert "golden rows replayed" in said
    assert str(yard.account.settings.home) not in said
    assert yard.owner not in said
    replayed = next(line for line in said.splitlines() if "golden rows" in line)
    assert not replayed.split(": ")[-1].startswith("0 ")


@pytest.mark.parametrize(
    ("x", "status", "code"),
    [
        (13.0, 502, "worker_crashed"),
        (14.0, 504, "model_timeout"),
        (15.0, 422, "memory_limit"),
        (16.0, 422, "model_error"),
    ],
)
def test_what_a_model_does_to_its_worker_costs_only_that_request(
    yard: Yard, trouble: Service, x: float, status: int, code: str
) -> None:
    bad = yard.post(trouble, json={"dataframe_records": [{"x": x}]})
    refusal(bad, status, code)
    assert answers(yard.post(trouble, json={"dataframe_records": [{"x": 21.0}]})) == [42.0]
    host = yard.host(yard.show("trouble"))
    assert host.is_alive


def test_a_host_that_is_killed_comes_back_at_the_same_address(yard: Yard, mpg: Service) -> None:
    first = yard.host(mpg)
    os.kill(first.pid, signal.SIGKILL)
    yard.until("mpg_service", State.STARTING)
    again = yard.until("mpg_service", State.READY)
    assert again.url == mpg.url
    assert yard.host(again).pid != first.pid
    assert len(answers(yard.post(again, json={"data": [[0, 2.5, 110, 4]]}))) == 1


def test_a_host_outlives_the_reconciler_and_is_adopted(yard: Yard, mpg: Service) -> None:
    first = yard.host(mpg)
    yard.reconciler.stop()
    try:
        assert len(answers(yard.post(mpg, json={"data": [[0, 2.5, 110, 4]]}))) == 1
    finally:
        yard.reconciler = Reconciler(yard.account)
    for _ in range(5):
        yard.reconciler.look()
    yard.reconciler.start()
    assert yard.host(mpg).pid == first.pid
    assert yard.show("mpg_service").status.state is State.READY


@pytest.mark.parametrize("text", ["garbage", None])
def test_a_host_file_that_is_lost_is_written_again(
    yard: Yard, mpg: Service, text: str | None
) -> None:
    where, before = folder(yard.account.settings.home, mpg.spec.id), yard.host(mpg)
    if text is None:
        where.host_file.unlink()
    else:
        where.host_file.write_text(text)
    patience = time.monotonic() + 10
    while where.read_host() != before:
        assert time.monotonic() < patience
        time.sleep(0.05)


def test_a_taken_name_is_refused_unless_forced(yard: Yard, mpg: Service) -> None:
    with pytest.raises(AlreadyExists, match="mpg_service"):
        yard.deploy("MPG_SERVICE", "MPG/V1")
    with pytest.raises(NotFound):
        yard.deploy("another", "MPG/V9")
    replaced = yard.deploy("mpg_service", "MPG/V1", force=True, num_workers=2)
    assert replaced.spec.generation == mpg.spec.generation + 1
    patience = time.monotonic() + 60
    while yard.host(replaced).generation != replaced.spec.generation:
        assert time.monotonic() < patience
        time.sleep(0.05)
    assert yard.until("mpg_service", State.READY).url == mpg.url


def test_an_undeployed_service_is_gone_with_its_process(yard: Yard) -> None:
    service = yard.deploy("short_lived", "MPG/V1", num_workers=1)
    host = yard.host(service)
    assert "short_lived" in [s.spec.name.name for s in show_all(yard.account, SPACE)]
    undeploy(yard.account, SYSTEM, service.spec.name)
    yard.reconciler.wake()
    with pytest.raises(NotFound):
        yard.show("short_lived")
    patience = time.monotonic() + 60
    while folder(yard.account.settings.home, service.spec.id).path.exists():
        assert time.monotonic() < patience
        time.sleep(0.05)
    assert not host.is_alive


def test_a_host_that_is_told_to_end_answers_what_it_has_begun(yard: Yard) -> None:
    service = yard.deploy("draining", "TROUBLE/V1", num_workers=1)
    with ThreadPoolExecutor(1) as clients:
        slow = clients.submit(yard.post, service, json={"dataframe_records": [{"x": 17.0}]})
        patience = time.monotonic() + 30
        while not slow.running() and time.monotonic() < patience:
            time.sleep(0.01)
        time.sleep(0.3)
        header = {"authorization": f"Bearer {yard.owner}"}
        with httpx.Client(base_url=service.url or "", headers=header) as waiting:
            assert waiting.get("/").status_code == 200
            undeploy(yard.account, SYSTEM, service.spec.name)
            yard.reconciler.wake()
            with contextlib.suppress(
                httpx.ConnectError
            ):  # its door shuts within a tenth of a second
                while (told := waiting.get("/readyz")).status_code == 200:
                    time.sleep(0.01)
                assert (told.status_code, told.headers["connection"]) == (503, "close")
        assert answers(slow.result()) == [34.0]


def test_a_version_that_predicts_otherwise_than_when_logged_is_never_ready(yard: Yard) -> None:
    manifest = resolve(yard.account, ModelRef.parse("MPG/V1", SPACE)).manifest
    golden = manifest.file("golden")
    assert golden is not None
    with yard.account.artifacts.open(golden.digest) as kept:
        table = read_arrow(kept.read())
    values = table["prediction"].to_pylist()
    values[2] = math.nextafter(values[2], math.inf)
    stored = yard.account.artifacts.put(BytesIO(write_arrow(pa.table({"prediction": values}))))
    other = tuple(f for f in manifest.files if f.role != "golden")
    other = (*other, File("golden", stored.digest, stored.size_bytes))
    draft = Draft(replace(manifest, files=other), request="r")
    add_version(yard.account, SYSTEM, Qualified(SPACE, "SWAPPED"), draft, None)
    yard.wish("swapped", "SWAPPED/V1", num_workers=1)
    failed = yard.until("swapped", State.FAILED)
    assert "column prediction, row 3" in (failed.status.cause or "")
    assert [c.status.state.value for c in failed.history] == ["PENDING", "STARTING", "FAILED"]
    undeploy(yard.account, SYSTEM, failed.spec.name)


def test_each_deploy_says_what_its_workers_may_use(yard: Yard) -> None:
    threads = 'as.numeric(Sys.getenv("R_RANGER_NUM_THREADS", "0"))'
    body = f"function(model, input) ifelse(input$x == 99, {threads}, input$x)"
    yard.log("THREADS", {"model": "lm(dist ~ speed, cars)", "body": body}, {"x": "double"})
    told = []
    for more in ({}, {"cpu_requests": "1"}, {"cpu_requests": None}):
        service = yard.deploy("threads", "THREADS/V1", force=True, num_workers=1, **more)
        generation = service.spec.generation
        patience = time.monotonic() + 60
        while yard.host(service).generation != generation:
            assert time.monotonic() < patience
            time.sleep(0.02)
        told.append(yard.post(service, json={"data": [[0, 99.0]]}).json()["data"][0][1])
    assert [row["prediction"] for row in told] == [0.0, 1.0, 0.0]
