"""The reference cannot lie by leaving out: everything public has its entry."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from modelyard.errors import all_errors
from modelyard.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def test_every_setting_is_documented_and_no_other() -> None:
    documented = re.findall(r"^## `(\w+)`$", page("settings.md"), re.MULTILINE)
    assert sorted(documented) == sorted(f.name for f in fields(Settings))


def test_every_error_code_is_documented_and_no_other() -> None:
    documented = re.findall(r"^### `(\w+)`$", page("errors.md"), re.MULTILINE)
    assert sorted(documented) == sorted(all_errors())


def test_every_status_in_the_documentation_is_the_one_that_is_sent() -> None:
    status = importlib.import_module("modelyard.http_status").STATUS
    documented = re.findall(r"^### `(\w+)`\n(\d{3})\.", page("errors.md"), re.MULTILINE)
    assert dict(documented) == {code: str(number) for code, number in status.items()}


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of every route of the server."""
    create_app = importlib.import_module("modelyard.web.app").create_app
    nobody: Any = None  # routes are the same whoever's account it is
    for path, methods in create_app(nobody).openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


def test_every_http_route_is_documented_and_no_other() -> None:
    # The page says one path once, with all its methods: ### `GET` `PUT` `/api/v1/...`
    documented = set()
    for heading in re.findall(r"^### (.*)$", page("http-api.md"), re.MULTILINE):
        *methods, path = re.findall(r"`([^`]+)`", heading)
        documented |= {(method, path) for method in methods}
    there = set(routes())
    assert there - documented == set()
    of_services = {(m, p) for m, p in documented if p.startswith("{url}")}
    assert documented - there - of_services == set()


def commands(command: Any, words: tuple[str, ...]) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if not inner or getattr(command, "invoke_without_command", False):
        yield " ".join(words)
    for name, sub in (inner or {}).items():
        yield from commands(sub, (*words, name))


def test_every_command_is_documented() -> None:
    typer = importlib.import_module("typer.main")
    main = importlib.import_module("modelyard.cli.main")
    text = page("cli.md")
    names = [n for n in commands(typer.get_command(main.app), ("modelyard",)) if n != "modelyard"]
    assert names
    assert [name for name in names if f"`{name}" not in text] == []


def r_exports() -> list[str]:
    namespace = (ROOT / "r/modelyard/NAMESPACE").read_text(encoding="utf-8")
    return re.findall(r'^export\("?([\w.]+)"?\)', namespace, re.MULTILINE)


def test_every_r_verb_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `([\w.]+)\(", page("r-verbs.md"), re.MULTILINE)
    assert sorted(documented) == sorted(set(r_exports()))


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_r_code_in_the_pages_uses_verbs_that_exist(path: Path) -> None:
    blocks = re.findall(r"```r\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    used = {verb for block in blocks for verb in re.findall(r"\bsfr_\w+(?=\()", block)}
    assert used - set(r_exports()) == set()


def test_decisions_are_numbered_without_gaps_and_fit_a_page() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(f.name[:4]) for f in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 60, file.name
        for part in ("**Context.**", "**Decision.**", "**What we give up.**"):
            assert part in text, f"{file.name} lacks {part}"


def test_every_make_target_has_its_line_of_help() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = shlex.split(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1))
    assert [t for t in phony if not re.search(rf"^{t}:.* ## \w", text, re.MULTILINE)] == []
