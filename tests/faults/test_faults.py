"""The short form of every case: the same trials with small counts. `make faults` runs the whole ones."""

from __future__ import annotations

import pytest

from tests.faults.case import load, names
from tests.faults.databases import POSTGRES, SQLITE
from tests.faults.runner import Stand

SEED = 7
# Where little depends on the database, the short form takes one of the two, and `make faults` both: minutes count here.
ONE_IS_ENOUGH = {
    **dict.fromkeys(
        ("broken_answers", "emergency", "false_success", "no_room", "poison", "state_machine"), SQLITE
    ),
    **dict.fromkeys(("old_backup", "stopped_past_lease", "storms", "ten_engines"), POSTGRES),
}
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
