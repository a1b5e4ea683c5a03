"""Kill a process at each fault point, open again, look: ``crashing.py <folder> <point> …``.

One line of JSON for each point and each home: what had been acknowledged, what was wrong.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.registry.fake import ANNA, HERE, MPG, log, opened, orphans, problems, ref

from modelyard.account import Account
from modelyard.names import Qualified
from modelyard.registry.aliases import get_aliases, set_alias, set_default
from modelyard.registry.delete import delete_model, delete_version
from modelyard.registry.describe import get_model, list_models
from modelyard.registry.gc import collect
from modelyard.registry.metrics import get_metrics

OLD = Qualified(HERE, "OLD")

STEPS: dict[str, Callable[[Account], Any]] = {
    "log V1": lambda a: log(a, data=b"1", key="a", metrics={"rmse": 1.5}).version.name,
    "log named": lambda a: log(a, data=b"2", key="b", version_name="final").version.name,
    "log V2": lambda a: log(a, data=b"3", key="c").version.name,
    "log old": lambda a: log(a, OLD, data=b"4", key="d").version.name,
    "new alias": lambda a: set_alias(a, ANNA, ref("V1"), "production"),
    "move alias": lambda a: set_alias(a, ANNA, ref("V2"), "production"),
    "default": lambda a: set_default(a, ANNA, ref("final")),
    "delete": lambda a: delete_version(a, ANNA, ref("V1")),
    "delete old": lambda a: delete_model(a, ANNA, OLD),
    "upload": lambda a: a.artifacts.put(io.BytesIO(b"nobody's")).digest,
    "collect": lambda a: collect(a, ANNA, 0).deleted,
}
SEEN: dict[str, Callable[[Account], Any]] = {
    "log V1": lambda a: get_metrics(a, ref("V1")) == {"rmse": 1.5},
    "log named": lambda a: "final" in get_model(a, MPG).versions,
    "log V2": lambda a: "V2" in get_model(a, MPG).versions,
    "log old": lambda a: get_model(a, OLD).versions == ("V1",),
    "new alias": lambda a: get_aliases(a, MPG) == {"production": "V1"},
    "move alias": lambda a: get_aliases(a, MPG) == {"production": "V2"},
    "default": lambda a: get_model(a, MPG).default_version == "final",
    "delete": lambda a: "V1" not in get_model(a, MPG).versions,
    "delete old": lambda a: OLD not in [m.name for m in list_models(a)],
}
UNDONE_BY = {"log V1": "delete", "log old": "delete old", "new alias": "move alias"}


def work(home: Path, told: Path) -> None:
    """Every step; each is written down once its answer is there."""
    out = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with opened(home) as account:
        for name, step in STEPS.items():
            step(account)
            os.write(out, (name + "\n").encode())


def look(home: Path, told: list[str]) -> list[str]:
    """What is wrong with what the killed process left; then finish its work."""
    with opened(home) as account:
        wrong = problems(account)
        for name in told:
            if UNDONE_BY.get(name) not in told and name in SEEN and not _seen(account, name):
                # The step that was under way may have undone it without saying so.
                under_way = next(s for s in STEPS if s not in told)
                if UNDONE_BY.get(name) != under_way or not _seen(account, under_way):
                    wrong.append(f"{name} was acknowledged and is not there")
        wrong += _finish(account, [name for name in STEPS if name not in told])
        collect(account, ANNA, 0)
        wrong += [f"orphan {digest}" for digest in orphans(account)] + problems(account)
        unfinished = list((home / "artifacts").glob("unfinished-*"))
        wrong += [f"left: {file.name}" for file in unfinished]
        versions = get_model(account, MPG).versions
        if versions != ("final", "V2") or get_aliases(account, MPG) != {"production": "V2"}:
            wrong.append(f"in the end {versions}, {get_aliases(account, MPG)}")
    return wrong


def _seen(account: Account, name: str) -> bool:
    try:
        return bool(SEEN[name](account))
    except Exception:
        return False


def _finish(account: Account, left: list[str]) -> list[str]:
    """The steps that were not acknowledged, the first of them perhaps done all the same."""
    for number, name in enumerate(left):
        try:
            STEPS[name](account)
        except Exception as e:
            is_done = number == 0 and name.startswith("delete") and _seen(account, name)
            if not is_done:
                return [f"{name} again: {e!r}"]
    return []


def killed_at(home: Path, told: Path, point: str) -> bool:
    pid = os.fork()
    if pid == 0:
        os.environ["MODELYARD_FAULT"] = point
        try:
            work(home, told)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9


def report(folder: Path, point: str, nth: int) -> bool:
    """Kill at the nth pass of the point, look, print; whether it was reached so often."""
    home = folder / f"{point}.{nth}"
    told = folder / f"{point}.{nth}.told"
    was_killed = killed_at(home, told, f"{point}:{nth}")
    done = told.read_text().split("\n")[:-1] if told.exists() else []
    wrong = look(home, done)
    line = {"point": point, "nth": nth, "killed": was_killed, "told": done, "wrong": wrong}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return was_killed


if __name__ == "__main__":
    for point in sys.argv[2:]:
        nth = 1
        while report(Path(sys.argv[1]), point, nth):
            nth += 1
