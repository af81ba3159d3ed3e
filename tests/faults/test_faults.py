"""The short form of every case: the same trials with small counts. `make faults` runs the whole ones."""

from __future__ import annotations

import pytest

from tests.faults.case import load, names
from tests.faults.runner import Stand
from tests.faults.short import ONE_IS_ENOUGH

SEED = 7
TRIALS = [
    (name, database)
    for name in names()
    for database in load(name).databases
    if ONE_IS_ENOUGH.get(name, database) == database
]


@pytest.mark.parametrize(("name", "database"), TRIALS, ids=["-".join(each) for each in TRIALS])
def test_the_case_holds(place: Stand, name: str, database: str) -> None:
    row = place.perform(name, database, SEED, long=False)
    print(row.line())
    assert row.passed, f"{row.line()}\n{row.told}"
