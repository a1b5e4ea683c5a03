"""Versions side by side in one service: shares of the requests, and a challenger nobody sees."""

from __future__ import annotations

import math
import time
from collections import Counter
from types import SimpleNamespace

import httpx
import pytest
from tests.services.conftest import SPACE, Yard
from tests.services.test_prometheus import read

from modelyard.errors import InvalidValue, NotFound
from modelyard.scoring.frames import JSON, RDS, Answer
from modelyard.services.options import Options
from modelyard.services.traffic import Traffic, difference, told
from modelyard.services.types import State

BODIES = ("input$x", "input$x + 0.25", "stop('never')", "input$x")


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def test_shares_are_what_chance_makes_of_them() -> None:
    chance = iter([i / 64 for i in range(64)])
    traffic = Traffic([(Named("V2"), 0.125), (Named("V3"), 0.25)], None, lambda: next(chance))  # type: ignore[list-item]
    picked = Counter(traffic.pick(Named("V1")).name for _ in range(64))  # type: ignore[arg-type, attr-defined]
    assert picked == {"V2": 8, "V3": 16, "V1": 40}


@pytest.mark.parametrize(
    ("one", "other", "largest"),
    [
        (b"[1, 2.5]", b"[1, 2.0]", 0.5),
        (b"[1]", b"[1, 2]", math.inf),
        (b'[true, "a"]', b'[false, "b"]', 0.0),
        (b'{"data": [[0, {"p": null}]]}', b'{"data": [[0, {"p": 1}]]}', math.inf),
    ],
)
def test_the_largest_difference_of_two_answers(one: bytes, other: bytes, largest: float) -> None:
    assert difference(one, other) == largest


OCTETS, LENGTH = "application/octet-stream", "inference-header-content-length"


def answer(body: bytes, form: str = JSON, **more: str) -> Answer:
    return Answer(body, form, "V1", "same", (), (), tuple(more.items()))


def test_answers_that_differ_in_their_version_alone_tell_the_same() -> None:
    one, two = (b'{"model_version":"V%d","outputs":[1]}' % n for n in (1, 2))
    assert told(answer(one)) == told(answer(two))
    assert told(answer(one)) != told(answer(one.replace(b"[1]", b"[2]")))
    length = {LENGTH: str(len(one))}
    assert told(answer(one + b"\xff", OCTETS, **length)) == told(
        answer(two + b"\xff", OCTETS, **length)
    )
    assert told(answer(one + b"\xff", OCTETS, **length)) != told(
        answer(two + b"\xfe", OCTETS, **length)
    )
    assert told(answer(b"\xff", RDS)) != told(answer(b"\xfe", RDS))


@pytest.mark.parametrize(
    "split", [{"V2": 0}, {"V2": 1}, {"V2": "a"}, {"V2": True}, ["V2"], {"V2": 0.6, "V3": 0.6}]
)
def test_shares_that_are_none_are_refused(split: object) -> None:
    with pytest.raises(InvalidValue):
        Options.from_dict({"split": split})


def logged(yard: Yard) -> None:
    for body in BODIES[:2]:
        code = f"function(model, input) {body}"
        yard.log("SHARED", {"model": "lm(dist ~ speed, cars)", "body": code}, {"x": "double"})


def test_a_split_and_a_shadow_in_a_service(yard: Yard) -> None:
    logged(yard)
    service = yard.deploy("shared", "SHARED/V1", split={"V2": 0.5}, shadow="V2", num_workers=1)
    seen: Counter[str] = Counter()
    for x in range(60):
        answer = yard.post(service, json={"data": [[0, float(x)]]})
        version = answer.headers["x-modelyard-version"]
        want = x + (0.25 if version == "V2" else 0.0)
        assert answer.json() == {"data": [[0, {"prediction": want}]]}
        seen[version] += 1
    assert seen["V1"] > 10 and seen["V2"] > 10
    told = described(yard, service.url or "")
    while told["shadow"]["asked"] > told["shadow"]["same"] + told["shadow"]["differed"]:
        time.sleep(0.05)
        told = described(yard, service.url or "")
    assert told["split"] == {"V2": 0.5}
    assert told["shadow"] == {
        "version": "V2",
        "asked": 60,
        "same": seen["V2"],
        "differed": seen["V1"],
        "failed": 0,
        "missed": 0,
        "largest_difference": 0.25,
    }
    found = read(httpx.get(f"{service.url}/metrics", headers=bearer(yard)).content)
    rows = {labels: n for (name, labels), n in found.items() if name == "modelyard_rows_total"}
    assert {tuple(v for _, v in labels): n for labels, n in rows.items()} == {
        ("current", "V1"): seen["V1"],
        ("split", "V2"): seen["V2"],
        ("shadow", "V2"): 60,
    }
    results = {"same": seen["V2"], "differed": seen["V1"], "failed": 0, "missed": 0}
    for result, requests in results.items():
        labels = (("result", result), ("version", "V2"))
        assert found["modelyard_shadow_compared_total", labels] == requests
    assert found["modelyard_shadow_largest_difference", (("version", "V2"),)] == 0.25


def bearer(yard: Yard) -> dict[str, str]:
    return {"authorization": f"Bearer {yard.owner}"}


def described(yard: Yard, url: str) -> dict:
    return dict(httpx.get(f"{url}/", headers=bearer(yard)).json())


def test_a_version_beside_that_is_not_there_is_refused(yard: Yard) -> None:
    with pytest.raises(NotFound, match="has no version V9"):
        yard.wish("none_beside", "SHARED/V1", shadow="V9")
    with pytest.raises(NotFound, match="There is no service none_beside"):
        yard.show("none_beside")


def test_a_version_beside_that_cannot_be_had_leaves_all_as_it_was(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = yard.deploy("beside", "SHARED/V1")
    monkeypatch.setattr("modelyard.services.deploy._check_options", lambda *_: None)
    yard.wish("beside", "SHARED/V1", force=True, shadow="V9")
    assert "V9" in (yard.until("beside", State.DEGRADED).status.cause or "")
    assert yard.post(service, json={"data": [[0, 1.0]]}).json()["data"] == [[0, {"prediction": 1}]]
    assert str(service.spec.name) == f"{SPACE}.beside"


def test_a_version_asked_for_by_name_answers_whatever_the_shares() -> None:
    def made(name: str) -> SimpleNamespace:
        return SimpleNamespace(version=SimpleNamespace(name=name))

    main, second, shadow = made("V1"), made("V2"), made("V3")
    traffic = Traffic([(second, 0.5)], shadow)  # type: ignore[list-item, arg-type]
    assert traffic.named(main, "v1") is main  # type: ignore[arg-type, comparison-overlap]
    assert traffic.named(main, "V2") is second  # type: ignore[arg-type, comparison-overlap]
    with pytest.raises(NotFound) as none:
        traffic.named(main, "V3")  # type: ignore[arg-type]
    assert none.value.hint == "It has V1, V2."
