"""What every script here needs: say a step, run a command, know whether it is done already."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
RLIB = ROOT / ".rlib"
LOG = ROOT / ".setup.log"


class CannotGoOn(Exception):
    """One clear line: what is missing, and what to do about it."""


def say(text):
    """Print at once: whoever waits should see what for."""
    print(text, flush=True)


def run(title, command, env=None, hint=None):
    """Run a command with its output in the log; its last lines are shown if it fails."""
    started = time.monotonic()
    say(f"  {title} ...")
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, **(env or {})),
            cwd=str(ROOT),
        )
        try:
            code = _wait(child, title, started)
        finally:
            said.seek(0)
            told = said.read()
            with LOG.open("ab") as log:  # in one piece: another step may run beside this one
                log.write(f"\n$ {' '.join(map(str, command))}\n".encode() + told)
    if code != 0:
        tail = told.decode("utf-8", "replace").splitlines()[-25:]
        say("\n".join("    | " + line for line in tail))
        raise CannotGoOn(hint or f"{title} failed; the whole output is in {LOG.name}.")
    say(f"  {title}: done in {time.monotonic() - started:.0f} s")


def _wait(child, title, started):
    while True:
        try:
            return child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            say(f"  {title}: still at it, {time.monotonic() - started:.0f} s")


def output(command):
    """What a command prints, or None when it is not there or fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def content(*inputs):
    """One text for equal inputs: files and folders count by their bytes, texts as they are."""
    digest = hashlib.sha256()
    for item in inputs:
        if isinstance(item, Path):
            files = sorted(p for p in item.rglob("*") if p.is_file()) if item.is_dir() else [item]
            for file in files:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0")
                digest.update(hashlib.sha256(file.read_bytes()).digest())
        else:
            digest.update(str(item).encode() + b"\0")
    return digest.hexdigest()


def once(stamp, inputs, action):
    """Do ``action`` unless the stamp says it was done for these very inputs."""
    wanted = content(*inputs)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    action()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


def main(body):
    """Run a script's body; a missing thing is one line and exit code 1, not a stack trace."""
    try:
        sys.exit(body())
    except CannotGoOn as e:
        print(f"\nmodelyard: {e}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
