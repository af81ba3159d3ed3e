"""A squashed migration makes what the ones before it made, one by one."""

from functools import cache
from typing import Any

import pytest
from django.db.migrations import RunPython
from django.db.migrations.loader import MigrationLoader

# They bring rows along. Where the tables are only now made there are none.
ROWS = {"fill", "give_an_end", "onto_rosters", "say_for_those_there", "say_whose"}
# The trigger that it makes is made again at the end.
MADE_AGAIN = {("packets", "0002_keep_until", "only_later")}


@cache
def one_by_one() -> MigrationLoader:
    return MigrationLoader(None, replace_migrations=False)


def squashed() -> list[Any]:
    return [each for each in one_by_one().disk_migrations.values() if each.replaces]


def programs(migration: Any) -> list[Any]:
    return [each.code for each in migration.operations if isinstance(each, RunPython)]


def test_both_ways_lead_to_the_same_tables() -> None:
    ends = [key for key in one_by_one().graph.leaf_nodes() if not one_by_one().disk_migrations[key].replaces]
    assert MigrationLoader(None).project_state() == one_by_one().project_state(ends)


@pytest.mark.parametrize("whole", squashed(), ids=lambda each: each.app_label)
def test_a_squashed_migration_runs_every_program_that_makes_more_than_rows(whole: Any) -> None:
    wanted = [
        (code.__module__, code.__name__)
        for app, name in whole.replaces
        for code in programs(one_by_one().disk_migrations[app, name])
        if code.__name__ not in ROWS and (app, name, code.__name__) not in MADE_AGAIN
    ]
    assert [(code.__module__, code.__name__) for code in programs(whole)] == wanted


@pytest.mark.parametrize("whole", squashed(), ids=lambda each: each.app_label)
def test_a_squashed_migration_hangs_on_what_its_parts_hang_on(whole: Any) -> None:
    parts = [one_by_one().disk_migrations[key] for key in whole.replaces]
    newest: dict[str, str] = {}
    for app, name in (each for part in parts for each in part.dependencies):
        if app != whole.app_label:
            newest[app] = max(newest.get(app, ""), name)
    named = {app: name for app, name in newest.items() if app != "users"}
    assert {app: name for app, name in whole.dependencies if app != "users"} == named
