from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.access.secret import new_secret
from modelyard.services.logs import clean, tail


def test_no_token_is_in_a_log_that_is_shown() -> None:
    secret = new_secret("caller").text
    for line in (secret, f'Snowflake Token="{secret}"', f"Bearer {secret}", f"x={secret}."):
        assert secret not in clean(line)
        assert secret[-20:] not in clean(line)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('File "/srv/a b/x.py", line 3', 'File "x.py", line 3'),
        ("cannot open '/home/me/models/m.rds'", "cannot open 'm.rds'"),
        (
            "ready at http://127.0.0.1:8100/predict now",
            "ready at http://127.0.0.1:8100/predict now",
        ),
        ("read 3/4 of it, 1.5 rows/s", "read 3/4 of it, 1.5 rows/s"),
        ("in /usr/lib/", "in <path>"),
    ],
)
def test_of_a_path_only_its_last_part_is_shown(line: str, shown: str) -> None:
    assert clean(line) == shown


def test_the_tail_is_the_last_lines_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "host.log"
    file.write_text("".join(f"line {i}\n" for i in range(200_000)))
    assert tail(file, 2) == ["line 199998", "line 199999"]
    assert len(tail(file, 0)) == 1
    assert all(line.startswith("line ") for line in tail(file, 10_000))


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert tail(tmp_path / "none", 10) == []


def test_a_host_s_log_stays_bounded_and_takes_what_is_said_on_stderr(tmp_path: Path) -> None:
    code = """
import logging, os, sys
from pathlib import Path
from modelyard.services.host_log import log_to
log_to(Path(sys.argv[1]), 2000)
for i in range(200):
    logging.info("line %d", i)
os.write(2, b"from R\\n")
"""
    file = tmp_path / "host.log"
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)
    kept = sorted(tmp_path.iterdir())
    assert [f.name for f in kept] == ["host.log", "host.log.1"]
    assert all(f.stat().st_size < 2100 for f in kept)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert tail(file, 1) == ["from R"]
    assert "line 199" in tail(file, 2)[0]
