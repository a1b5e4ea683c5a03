"""Which sources make an environment: those of its packages that are not here, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from modelyard.environments.described import check_package
from modelyard.environments.repository import Repositories, Source, Unusable
from modelyard.errors import Detail, InvalidValue, MissingPackage
from modelyard.runtime.environment import BASE, Demand, Package, demands

Here = Callable[[str], Package | None]
"""The package of this name as the workers have it without a library of their own."""


def wanted_here(wanted: Mapping[str, str], here: Here) -> dict[str, str]:
    """The packages, with versions, that are not here in the version wanted; empty: any will do."""
    found = {}
    for name, version in wanted.items():
        there = here(name)
        if there is None or (version and there.version != version):
            found[name] = version
    return found


def plan(
    wanted: Mapping[str, str], here: Here, r_version: str, repositories: Repositories, into: Path
) -> list[Source]:
    """Fetch what has to be installed, and what that needs in turn; each after what it needs.

    Raises:
        MissingPackage: naming every package that no repository gives, or that does not fit.
        Unavailable: a repository cannot be reached.
    """
    work = _Work(wanted, here, r_version, repositories, into)
    for name, version in wanted_here(wanted, here).items():
        work.add(name, version, None)
    work.run()
    if work.problems:
        names = tuple(sorted(work.problems))
        error = MissingPackage(
            f"{len(names)} R package{'s' * (len(names) > 1)} cannot be provided: "
            + "; ".join(f"{n} {work.problems[n]}" for n in names[:10])
            + ".",
            hint="Name repositories that have them in r_repositories, or install them by hand.",
            details=[Detail(f"{n} {work.problems[n]}") for n in names],
        )
        error.packages = names
        raise error
    return work.in_order()


@dataclass(slots=True)
class _Work:
    wanted: Mapping[str, str]
    here: Here
    r_version: str
    repositories: Repositories
    into: Path
    todo: dict[str, tuple[str, Demand | None]] = field(default_factory=dict)
    chosen: dict[str, Source] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, version: str, demand: Demand | None) -> None:
        if name not in self.chosen and name not in self.problems:
            self.todo.setdefault(name, (version, demand))

    def run(self) -> None:
        while self.todo:
            name = next(iter(self.todo))
            version, demand = self.todo.pop(name)
            try:
                check_package(name, version)
                self.chosen[name] = self.repositories.fetch(name, version, demand, self.into)
            except InvalidValue:
                self.problems[name] = "is no name of a package, or has no version that can be one"
            except Unusable as e:
                self.problems[name] = str(e)
            else:
                self._look(name)
        for name, source in self.chosen.items():
            self._check(name, source)

    def _look(self, name: str) -> None:
        """Add what these sources need and is not here as they need it."""
        for demand in _needs(self.chosen[name]):
            there = self.here(demand.name)
            if demand.name in BASE or demand.name in self.todo:
                continue
            if there is None or not demand.is_met_by(there.version):
                self.add(demand.name, self.wanted.get(demand.name, ""), demand)

    def _check(self, name: str, source: Source) -> None:
        """What is chosen must fit together, and R."""
        for demand in _needs(source, with_r=True):
            if demand.name == "R":
                version: str | None = self.r_version
            elif demand.name in self.chosen:
                version = self.chosen[demand.name].fields["Version"]
            else:
                continue
            if version is not None and not demand.is_met_by(version):
                self.problems[name] = f"needs {demand}, and {version} is what it would get"

    def in_order(self) -> list[Source]:
        graph = {
            name: {d.name for d in _needs(source) if d.name in self.chosen}
            for name, source in self.chosen.items()
        }
        try:
            return [self.chosen[name] for name in TopologicalSorter(graph).static_order()]
        except CycleError as e:
            raise MissingPackage(f"R packages need each other in a circle: {e.args[1]}.") from e


def _needs(source: Source, *, with_r: bool = False) -> list[Demand]:
    found = demands(source.fields, "Depends", "Imports", "LinkingTo")
    return [d for d in found if with_r or d.name != "R"]
