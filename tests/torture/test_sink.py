"""A log that nobody takes anything from any more slows no request."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from array import array

import httpx
from tests.services.conftest import Yard
from tests.torture.conftest import Results
from tests.torture.sizes import count, in_two_sizes
from tests.torture.test_hostile import p99
from tests.torture.traffic import Traffic

from modelyard.services.folder import folder
from modelyard.services.inference_log import place_of
from modelyard.services.request_log import MOST_WAITING
from modelyard.services.types import Service, State

ROUNDS = 6
DROPPED = re.compile(r'modelyard_log_dropped_total\{log="(\w+)"\} (\d+)')


def deaden(yard: Yard, service: Service) -> None:
    """A host whose request log opens a pipe that is never read, and whose inferences have no
    folder to be written to."""
    home, spec, before = yard.account.settings.home, service.spec, yard.host(service).pid
    place = place_of(home, spec.model) / "v1"
    place.mkdir(parents=True, exist_ok=True)
    (place / ".".join(spec.name.key)).write_text("in the way")
    log = folder(home, spec.id).requests_file
    log.unlink(missing_ok=True)
    os.mkfifo(log)
    os.kill(before, signal.SIGKILL)
    while yard.host(service).pid == before:
        time.sleep(0.05)
    yard.until(spec.name.name, State.READY)


def dropped(yard: Yard, service: Service) -> dict[str, int]:
    headers = {"authorization": f"Bearer {yard.owner}"}
    text = httpx.get(f"{service.url}/metrics", headers=headers).text
    return {log: int(n) for log, n in DROPPED.findall(text)}


@in_two_sizes
def test_a_dead_sink_slows_nobody_and_what_it_misses_is_counted(
    yard: Yard, results: Results, share: float
):
    files = {"model": "lm(dist ~ speed, cars)", "body": "function(model, input) input$x"}
    name = f"sink{count(1000, share, 1)}"
    yard.log(name.upper(), files, {"x": "double"})
    more = {"num_workers": 1, "autocapture": True}
    alive = yard.deploy(f"{name}_alive", f"{name}/V1", **more)
    dead = yard.deploy(f"{name}_dead", f"{name}/V1", **more)
    deaden(yard, dead)
    dead = yard.show(dead.spec.name.name)
    length_s = count(60, share, 3) / ROUNDS
    seconds = {alive.url: array("d"), dead.url: array("d")}

    async def run() -> None:
        for turn in range(ROUNDS):
            for url in (alive.url, dead.url)[:: 1 - 2 * (turn % 2)]:
                assert url is not None
                async with Traffic(url, yard.owner, lambda _, x: x) as traffic:
                    await asyncio.sleep(length_s)
                assert traffic.wrong == []
                seconds[url].extend(traffic.seconds)

    asyncio.run(run())
    missed, asked = dropped(yard, dead)["requests"], len(seconds[dead.url])
    assert missed >= asked - 2 * MOST_WAITING
    assert (missed > 0) == (asked > MOST_WAITING)
    assert dropped(yard, alive)["requests"] == 0
    before, after = (1e3 * p99(found) for found in seconds.values())
    found = f"p99 {before:.1f} ms alive, {after:.1f} ms dead: {after / before:.2f} times; "
    found += f"0 of {asked:,} requests failed, {missed:,} not logged and counted"
    results.add("dead sink", f"{length_s * ROUNDS:.0f} s", "p99 <= 1.1 times", found)
