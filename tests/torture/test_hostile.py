"""Callers that send what cannot be read, or take their time: the service says so, and no more."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from array import array
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from tests.services.conftest import Yard
from tests.torture.conftest import Results
from tests.torture.malformed import Request, raw, request
from tests.torture.sizes import count, in_two_sizes
from tests.torture.traffic import Traffic, parsed

from modelyard.services.folder import folder
from modelyard.services.protocols.http import App, Limits
from modelyard.services.records import Records
from modelyard.services.served import Served
from modelyard.services.types import Service

INTERNAL = (b"Traceback", b'File "', b".py", b"/usr/", b"site-packages", b"0x7f", b"object at")
AT_ONCE = 64
PATIENCE_S = 0.3
"""Whoever sent half a request has no answer to wait for."""


@pytest.fixture(scope="module")
def mpg(yard: Yard) -> Service:
    inputs = {"wt": "double", "hp": "double", "cyl": "integer"}
    yard.log("MPG", {"model": "lm(mpg ~ wt + hp + cyl, data = mtcars)"}, inputs)
    return yard.deploy("mpg", "MPG/V1", num_workers=1)


def judge(yard: Yard, asked: object, status: int, told: bytes) -> None:
    assert 200 <= status < 500, (asked, status, told)
    secrets = (yard.owner.encode(), str(yard.account.settings.home).encode())
    assert not [word for word in (*INTERNAL, *secrets) if word in told], (asked, told)
    if status >= 400 and told:
        assert {"code", "message"} <= json.loads(told)["error"].keys(), (asked, told)


class Caller:
    """Calls an ASGI application without a socket."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def ask(self, one: Request) -> tuple[int, bytes]:
        scope = {
            "type": "http", "method": one.method, "path": one.path, "query_string": one.query,
            "headers": list(one.headers), "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        sent: list[dict] = []

        async def receive() -> dict:
            return {"type": "http.request", "body": one.body, "more_body": False}

        async def send(message: dict) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]


@in_two_sizes
def test_malformed_requests_get_an_error_of_theirs(
    yard: Yard, mpg: Service, results: Results, seed: int, share: float
):
    n, statuses = count(1_000_000, share, 1000), Counter()
    authorization = f"Bearer {yard.owner}".encode()

    async def some(caller: Caller, number: int) -> None:
        draw = random.Random(seed + number)
        for _ in range(n // AT_ONCE):
            one = request(draw, authorization)
            status, told = await caller.ask(one)
            judge(yard, one, status, told)
            statuses[status] += 1

    async def run() -> None:
        with ThreadPoolExecutor(8) as threads:
            records = Records.of(folder(yard.account.settings.home, mpg.spec.id))
            records.start()
            served = Served(yard.account, mpg.spec, threads, records)
            await served.adopt(mpg.spec)
            caller = Caller(App(served, Limits(2**20, 2**20, 30.0), threads))
            async with asyncio.TaskGroup() as group:
                for number in range(AT_ONCE):
                    group.create_task(some(caller, number))
            served.end()
            await served.close()
            records.close()

    asyncio.run(run())
    assert statuses.keys() >= {200, 400, 401, 404, 422}  # it is wrong in more than one way
    asked = sum(statuses.values())
    results.add("malformed requests", f"{asked:,} in process", "0 5xx", said(statuses))


@in_two_sizes
def test_malformed_bytes_get_an_error_of_theirs(
    yard: Yard, mpg: Service, results: Results, seed: int, share: float
):
    n, statuses = count(20_000, share, 500), Counter()
    authorization = f"Bearer {yard.owner}".encode()
    assert mpg.url is not None
    address = urlsplit(mpg.url)

    async def some(number: int) -> None:
        draw = random.Random(seed + number)
        for _ in range(n // AT_ONCE):
            sent = raw(draw, authorization)
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(sent)
            status, told = await answered(reader)
            writer.close()
            if status:
                judge(yard, sent, status, told)
            statuses[status] += 1

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(some(number))

    before = yard.host(mpg).pid
    asyncio.run(run())
    assert yard.host(mpg).pid == before
    rows = {"dataframe_records": [{"wt": 2.62, "hp": 110.0, "cyl": 6}]}
    assert yard.post(mpg, json=rows).status_code == 200
    assert not [line for line in yard.log_of(mpg) if "Traceback" in line]
    assert statuses.keys() >= {200, 400}
    asked = sum(statuses.values())
    results.add("malformed bytes", f"{asked:,} over TCP", "0 5xx", said(statuses))


async def answered(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body; 0 where the connection closed, or half a request waits for its rest."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            status, headers = parsed(await reader.readuntil(b"\r\n\r\n"))
            while status == 100:
                status, headers = parsed(await reader.readuntil(b"\r\n\r\n"))
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        return 0, b""
    with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
        async with asyncio.timeout(PATIENCE_S):
            return status, await reader.readexactly(int(headers["content-length"]))
    return status, b""  # of a HEAD


def said(statuses: Counter[int]) -> str:
    counts = [f"{n:,} {status or 'unanswered'}" for status, n in sorted(statuses.items())]
    return f"0 5xx, nothing internal said ({', '.join(counts)})"


@in_two_sizes
def test_slow_callers_do_not_slow_the_others(
    yard: Yard, mpg: Service, results: Results, share: float
):
    yard.log(
        f"SLOW{count(1000, share, 1)}",
        {"model": "lm(dist ~ speed, cars)", "body": "function(model, input) input$x"},
        {"x": "double"},
    )
    service = yard.deploy("slow", f"SLOW{count(1000, share, 1)}/V1", force=True, num_workers=1)
    n, rounds, length_s = count(1000, share, 50), (2, 3)[share > 0.01], (0.5, 4.0)[share > 0.01]
    assert service.url is not None
    url = service.url
    quiet, pressed = array("d"), array("d")

    async def run() -> None:
        for _ in range(rounds):
            quiet.extend(await some_traffic())
            callers = [asyncio.create_task(dawdle(url, yard.owner, i)) for i in range(n)]
            await asyncio.sleep(1.0)
            pressed.extend(await some_traffic())
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)

    async def some_traffic() -> array[float]:
        async with Traffic(url, yard.owner, lambda _, x: x, rate=200) as traffic:
            await asyncio.sleep(length_s)
        assert traffic.wrong == []
        return traffic.seconds

    asyncio.run(run())
    before, after = 1e3 * p99(quiet), 1e3 * p99(pressed)
    found = f"p99 {before:.1f} ms without them, {after:.1f} ms with: {after / before:.2f} times"
    goal = "p99 of good traffic <= 2 times"
    results.add("slow connections", f"{n:,}, half in the headers, half in the body", goal, found)


async def dawdle(url: str, token: str, number: int) -> None:
    """Send a request a byte a second, as often as it is hung up on."""
    address = urlsplit(url)
    head = f"POST /predict HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n"
    head += "content-type: application/json\r\ncontent-length: 5000\r\n\r\n"
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(address.hostname, address.port)
            if number % 2:
                writer.write(head.encode())
            try:
                for i in range(60):
                    writer.write(b"[" if number % 2 else head[i : i + 1].encode())
                    await writer.drain()
                    await asyncio.sleep(1.0)
            finally:
                writer.close()


def p99(seconds: array[float]) -> float:
    return sorted(seconds)[int(0.99 * len(seconds))]
