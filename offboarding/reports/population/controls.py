"""Which requirements a population report speaks to: data, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Control:
    framework: str
    number: str
    asks: str
    shows: str


@cache
def controls() -> tuple[Control, ...]:
    told = tomllib.loads(Path(__file__).with_name("controls.toml").read_text(encoding="utf-8"))
    return tuple(Control(**each) for each in told["control"])
