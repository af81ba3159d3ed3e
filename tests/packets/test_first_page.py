"""What an auditor reads first says what is still open, and says each thing once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from offboarding.checklist.models import ChecklistItem
from offboarding.connections.models import Workspace
from offboarding.execution.models import Run
from offboarding.packets.collect import full_runs, title
from offboarding.packets.remarks import exceptions, unfinished, unknowns
from offboarding.packets.shelf import Shelf
from offboarding.work import clock

TITLES = [
    (["remove", "remove", "keep"], "Removal of Dan from 2 Segment workspaces"),
    (["remove", "downgrade"], "Removal of Dan from 1 Segment workspace and read-only in 1"),
    (["remove", "reduce", "downgrade"], "Removal of Dan from 1 Segment workspace, reduction in 1 and read-only in 1"),
    (["reduce"], "Reduction of Dan in 1 Segment workspace"),
    (["downgrade", "downgrade"], "Read-only access for Dan in 2 Segment workspaces"),
    (["keep"], "Removal of Dan from 0 Segment workspaces"),
]  # fmt: skip


@pytest.mark.parametrize(("choices", "says"), TITLES)
def test_the_title_says_removal_only_of_places_that_lose_everything(choices: list[str], says: str) -> None:
    removal: Any = SimpleNamespace(person_name="Dan", email="dan@x.example", restores=None, stays="")
    places: Any = [SimpleNamespace(choice=each) for each in choices]
    assert title(removal, places) == says


def test_what_is_not_known_of_many_workspaces_is_said_once() -> None:
    names = ["Acme", "Acme EU", "Globex"]
    lines = [
        *(f"{name} could not be read: Segment refused our token for {name}." for name in names),
        "API tokens in 3 workspaces: Segment's API does not list them, so a person looks.",
    ]
    plan: Any = SimpleNamespace(data={"not_known": lines, "places": [{"workspace": name} for name in names]})
    assert [one.sentence for one in unknowns(plan, [], Shelf(lambda: None))] == [
        "Acme, Acme EU and Globex could not be read: Segment refused our token for Acme, Acme EU and Globex.",
        lines[-1],
    ]


def step(number: int, step: str = "", state: str = "waiting", at: str = "", **target: str) -> Run:
    item = ChecklistItem(number=number, step=step, at=at, target=target, workspace=Workspace(name="Acme"))
    return Run(item=item, state=state)


def test_keys_that_still_work_and_steps_that_have_not_ended_are_exceptions() -> None:
    removing = "segment.remove_write_key"
    runs = [
        step(1, state="done"),
        step(2, removing, source_id="s1"),
        step(3, removing, state="needs_person", source_id="s2"),
        step(4, removing, state="done", source_id="s3"),
        step(5, source_id="s1"),
        step(6, state="needs_person"),
        step(7, at="30 days"),
        step(8, "packet.seal"),
    ]
    keys, rest = unfinished(runs)
    assert keys.about == "Old write keys"
    assert keys.sentence.startswith("The old write keys of 2 sources worked when this was sealed: Acme (2).")
    assert rest.sentence == "Steps that had not ended: 6."
    assert list(unfinished(runs[:1] + runs[6:])) == []


def test_what_was_done_otherwise_than_planned_is_an_exception(running: Any, olga: Any) -> None:
    runs = full_runs(running("Acme Production").plans.get())
    assert not any("plan" in one.sentence for one in exceptions(runs, [], [], Shelf(lambda: None)))
    manual = next(run for run in runs if run.item.kind == "manual")
    automatic = next(run for run in runs if run.item.kind == "automatic" and run.item.phase == "remove")
    for run in (manual, automatic):
        run.ended, run.ended_by, run.note = "by hand", olga, "The token was refused."
    runs[-1].item.added_at, runs[-1].item.added_by = clock.now(), olga
    told = {one.about: one.sentence for one in exceptions(runs, [], [], Shelf(lambda: None))}
    assert told[automatic.item.title] == (
        f"Automatic in the plan, done by hand by Olga <{olga.email}>: The token was refused."
    )
    assert told[runs[-1].item.title].startswith("Not in the approved plan: added ")
    assert manual.item.title not in told
