"""What a case is, and what it brings back. Modules in `cases` define one as `CASE`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from tests.faults.databases import BOTH


@dataclass
class Given:
    """`world` is empty for a case that makes its own. `long`: the whole trial; else the short form of `make test`."""

    world: Any
    seed: int
    long: bool
    dice: random.Random
    database: str
    folder: Path

    def size(self, long: int, short: int) -> int:
        return long if self.long else short


@dataclass
class Measured:
    """What was injected and what came of it, in words with numbers. It passed if nothing is wrong."""

    injected: str
    measured: str
    faults: Sequence[str] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """`workspaces`: a shipped world of the simulator, or its data; given whether the trial is long."""

    order: int
    says: str
    run: Callable[[Given], Measured]
    databases: tuple[str, ...] = BOTH
    workspaces: Callable[[bool], Any] = lambda long: "demo"
    needs_world: bool = True
    own_server: bool = False  # a PostgreSQL of its own, told in `cluster.json`, which it may stop


FOLDER = Path(__file__).parent / "cases"


def names() -> list[str]:
    return sorted(module.name for module in iter_modules([str(FOLDER)]))


def load(name: str) -> Case:
    found: Case = import_module(f"tests.faults.cases.{name}").CASE
    return found
