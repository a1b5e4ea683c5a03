"""``custom_model.py`` of a version: the parts of ``host`` joined, and the version's own data.

The parts are copied as they are, but for the imports of one another. All that differs between
versions is data at the end: a contract in JSON, and the R code that predicts.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from functools import cache
from importlib.resources import files

from modelyard.runtime.manifest import Manifest
from modelyard.wrapper.contract import contract

PARTS = ("faults", "cells", "rows", "stack", "embedded", "answers", "custom_model")
_OWN = "modelyard.wrapper.host"


def custom_model(manifest: Manifest) -> str:
    """The text of the file."""
    told = json.dumps(contract(manifest), indent=1, ensure_ascii=False, allow_nan=False)
    data = f"CONTRACT = json.loads({literal(told)})\n\nR_CODE = {literal(r_code())}\n"
    return f"{_program()}\n\n# This version's own data.\n\n{data}"


@cache
def r_code() -> str:
    """The R code of the workers, and what pins R's state around it."""
    r = files("modelyard.runtime.r").iterdir()
    ours = sorted((f for f in r if f.name.endswith(".R")), key=lambda f: f.name)
    sources = [*ours, files(_OWN).joinpath("pinned.R")]
    return "\n".join(source.read_text(encoding="utf-8") for source in sources)


def literal(text: str) -> str:
    """Python source that means ``text``; lines stay lines, so that it can be read and compared.

    >>> literal("a\\\\b")
    "r'''a\\\\b'''"
    """
    raw = f"r'''{text}'''"
    try:
        same = ast.literal_eval(raw) == text
    except (SyntaxError, ValueError):
        same = False
    return raw if same else repr(text)


@cache
def _program() -> str:
    plain: set[str] = {"json"}
    names: dict[str, set[str]] = {}
    bodies = []
    for part in PARTS:
        text = files(_OWN).joinpath(f"{part}.py").read_text(encoding="utf-8")
        tree = ast.parse(text)
        imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        for node in imports:
            if isinstance(node, ast.Import):
                plain.update(ast.unparse(node).removeprefix("import ").split(", "))
            elif node.module is not None and not node.module.startswith(_OWN):
                names.setdefault(node.module, set()).update(a.name for a in node.names)
        end = max(n.end_lineno or 0 for n in (tree.body[0], *imports))
        bodies.append("\n".join(text.splitlines()[end:]).strip("\n"))
    twice = [n for n, count in Counter(_defined("\n\n".join(bodies))).items() if count > 1]
    assert not twice, f"two parts define {twice}"
    doc = ast.get_source_segment(text, tree.body[0])
    return "\n\n\n".join([f"{doc}\n\n{_imports(plain, names)}", *bodies])


def _defined(text: str) -> list[str]:
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
    return found


def _imports(plain: set[str], names: dict[str, set[str]]) -> str:
    """Sorted, the standard library's first."""
    lines = {p.split()[0]: f"import {p}" for p in plain}
    of = {m: f"from {m} import {', '.join(sorted(found))}" for m, found in names.items()}
    groups = []
    for ours in (True, False):
        group = [
            text
            for table in (lines, of)
            for module, text in sorted(table.items())
            if (module.partition(".")[0] in sys.stdlib_module_names) is ours
        ]
        groups.append("\n".join(group))
    return "\n\n".join(groups)
