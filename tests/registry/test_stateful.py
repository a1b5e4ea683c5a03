"""The registry against a dict: whatever is done in whatever order, both say the same."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.registry.conftest import MEMORY
from tests.registry.fake import ANNA, HERE, account_at, log, orphans, problems, ref

from modelyard.errors import AlreadyExists, InUse, InvalidName, ModelyardError, NotFound
from modelyard.names import Qualified
from modelyard.registry.aliases import get_aliases, set_alias, set_default, unset_alias
from modelyard.registry.bring_in import import_folder
from modelyard.registry.delete import delete_model, delete_version
from modelyard.registry.describe import get_model, list_models
from modelyard.registry.export import export_folder
from modelyard.registry.gc import collect
from modelyard.registry.metrics import delete_metric, get_metrics, set_metric
from modelyard.registry.resolve import resolve

MODELS = st.sampled_from(["MPG", "mpg", "Cars"])
WORDS = st.sampled_from(
    ["V1", "v2", "V3", "V4", "final", "Final", "production", "DEFAULT", "first", "last"]
)
DATA = st.sampled_from([b"one model", b"another"])
METRICS = st.sampled_from(["rmse", "RMSE"])


@dataclass
class Line:
    """What a model should be: names in order, and what points at them."""

    versions: list[str] = field(default_factory=list)
    ever: set[str] = field(default_factory=set)
    number: int = 1
    default: str | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)

    def find(self, word: str) -> str:
        lower = word.lower()
        by_key = {v.lower(): v for v in self.versions}
        reserved = {
            "default": self.default,
            "first": self.versions[0] if self.versions else None,
            "last": self.versions[-1] if self.versions else None,
        }
        found = by_key.get(lower) or reserved.get(lower) or self.aliases.get(lower)
        if not self.versions or found is None:
            raise NotFound(word)
        return found

    def log(self, name: str | None) -> str:
        if name is None:
            while f"v{self.number}" in self.ever:
                self.number += 1
            name = f"V{self.number}"
            self.number += 1
        elif name.lower() in ("default", "first", "last"):
            raise InvalidName(name)
        elif name.lower() in self.ever or name.lower() in self.aliases:
            raise AlreadyExists(name)
        self.ever.add(name.lower())
        self.versions.append(name)
        self.default = self.default or name
        self.metrics[name] = {}
        return name

    def alias(self, word: str, alias: str) -> None:
        lower = alias.lower()
        if lower in ("default", "first", "last") or lower[0] == "v":
            raise InvalidName(alias)
        found = self.find(word)
        if lower in {v.lower() for v in self.versions}:
            raise InvalidName(alias)
        self.aliases[lower] = found

    def delete(self, word: str) -> None:
        found = self.find(word)
        if found == self.default or found in self.aliases.values():
            raise InUse(found)
        self.versions.remove(found)

    def clear(self) -> None:
        if not self.versions:
            raise NotFound("no model")
        self.versions, self.default, self.aliases = [], None, {}


class Registry(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        where = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
        self.folder = tempfile.TemporaryDirectory(dir=where)
        self.home = Path(self.folder.name)
        self.account = account_at(self.home / "home")
        self.lines = {"mpg": Line(), "cars": Line()}
        self.exports = 0

    def teardown(self) -> None:
        assert problems(self.account) == []
        self.account.catalog.close()
        self.folder.cleanup()

    def both(self, model, ours, theirs):
        """Do it to the registry and to the dict; both refuse, with the same code, or neither."""
        results = []
        for do in (lambda: ours(Qualified(HERE, model)), lambda: theirs(self.lines[model.lower()])):
            try:
                results.append(do())
            except ModelyardError as e:
                results.append(e.code)
        assert results[0] == results[1], results

    @rule(model=MODELS, name=st.none() | WORDS, data=DATA)
    def log(self, model, name, data):
        self.both(
            model,
            lambda m: log(self.account, m, data, version_name=name).version.name,
            lambda line: line.log(name),
        )

    @rule(model=MODELS, word=WORDS, alias=WORDS)
    def set_alias(self, model, word, alias):
        self.both(
            model,
            lambda m: set_alias(self.account, ANNA, ref(word, m), alias) and None,
            lambda line: line.alias(word, alias),
        )

    @rule(model=MODELS, alias=st.sampled_from(["production", "FINAL"]))
    def unset_alias(self, model, alias):
        def theirs(line):
            if line.aliases.pop(alias.lower(), None) is None:
                raise NotFound(alias)

        self.both(model, lambda m: unset_alias(self.account, ANNA, m, alias), theirs)

    @rule(model=MODELS, word=WORDS)
    def set_default(self, model, word):
        def theirs(line):
            line.default = line.find(word)
            return line.default

        self.both(model, lambda m: set_default(self.account, ANNA, ref(word, m)), theirs)

    @rule(model=MODELS, word=WORDS, metric=METRICS, value=st.none() | st.floats(0, 1))
    def set_metric(self, model, word, metric, value):
        def ours(m):
            if value is None:
                delete_metric(self.account, ANNA, ref(word, m), metric)
            else:
                set_metric(self.account, ANNA, ref(word, m), metric, value)

        def theirs(line):
            metrics = line.metrics[line.find(word)]
            if value is not None:
                metrics[metric] = value
            elif metrics.pop(metric, None) is None:
                raise NotFound(metric)

        self.both(model, ours, theirs)

    @rule(model=MODELS, word=WORDS)
    def delete(self, model, word):
        self.both(
            model,
            lambda m: delete_version(self.account, ANNA, ref(word, m)),
            lambda line: line.delete(word),
        )

    @rule(model=MODELS)
    def delete_model(self, model):
        self.both(model, lambda m: delete_model(self.account, ANNA, m), lambda line: line.clear())

    @rule(model=MODELS, word=WORDS)
    def copy(self, model, word):
        """Export a version and import it into the same model."""
        self.exports += 1
        folder = self.home / f"export{self.exports}"

        def ours(m):
            export_folder(self.account, ref(word, m), folder)
            return import_folder(self.account, ANNA, m, folder).version.name

        def theirs(line):
            metrics = dict(line.metrics[line.find(word)])
            name = line.log(None)
            line.metrics[name] = metrics
            return name

        self.both(model, ours, theirs)

    @rule()
    def collect(self):
        collect(self.account, ANNA, 0)
        assert orphans(self.account) == set()

    @invariant()
    def they_say_the_same(self):
        there = {m.name.name.lower() for m in list_models(self.account)}
        assert there == {name for name, line in self.lines.items() if line.versions}
        for name in there:
            line, model = self.lines[name], get_model(self.account, Qualified(HERE, name))
            assert list(model.versions) == line.versions
            assert model.default_version == line.default
            aliases = get_aliases(self.account, model.name)
            assert {k.lower(): v for k, v in aliases.items()} == line.aliases
            for version in line.versions:
                where = ref(version, model.name)
                assert resolve(self.account, where).name == version
                assert get_metrics(self.account, where) == line.metrics[version]


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(max_examples=100, stateful_step_count=12, deadline=None)
