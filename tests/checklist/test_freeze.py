"""A frozen plan: its fingerprint is of exactly what was shown, and its lines wait for the right ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from offboarding.checklist.models import ChecklistItem
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.hashing import sha256_hex
from offboarding.removals import actions as removals
from offboarding.removals.rules import Choice
from tests.conftest import DAN
from tests.rewriting import rewriting

Make = Callable[..., Any]


def test_the_fingerprint_is_of_the_bytes_that_are_kept(filed: Make) -> None:
    plan = filed().plans.get()
    assert plan.fingerprint == sha256_hex(bytes(plan.body))
    assert canonical.dumps(plan.data) == bytes(plan.body)
    assert len(plan.data["items"]) == plan.items.count()


def test_a_new_version_has_another_fingerprint_even_for_the_same_wishes(
    filed: Make, alice: Any, today: date
) -> None:
    removal = filed()
    wishes = [removals.Wish(place.workspace, Choice.REMOVE) for place in removal.places.all()]
    second = journey.change(removal, alice, wishes, removal.version, today)
    first = removal.plans.get(version=1)
    assert (first.version, second.version) == (1, 2)
    assert first.fingerprint != second.fingerprint


def test_the_ledger_names_version_and_fingerprint(filed: Make) -> None:
    plan = filed().plans.get()
    facts = canonical.loads(bytes(Entry.objects.get(event="plan.frozen").body))["facts"]
    assert facts == {"version": 1, "fingerprint": plan.fingerprint, "items": plan.items.count()}


def test_a_plan_stands_on_the_newest_look_at_each_place(drafted: Make, seen: Make, alice: Any) -> None:
    removal = drafted("Acme Production")
    newest = seen(removal.places.get().workspace, [DAN], absent=True)
    plan = journey.file(removal, alice, removal.version)
    assert list(plan.snapshots.all()) == [newest]
    assert plan.data["places"][0]["outcome"] == "absent"


def test_a_place_that_was_never_read_is_unknown_not_absent(
    drafted: Make, alice: Any, workspace: Make, today: date
) -> None:
    removal = drafted("Acme Production")
    wishes = [removals.Wish(workspace("Acme Staging"), Choice.REMOVE)]
    removals.choose(removal, alice, wishes, today)
    removal.refresh_from_db()
    plan = journey.file(removal, alice, removal.version)
    assert plan.data["places"][0]["outcome"] == "unknown"
    assert plan.data["not_known"][0].startswith("Acme Staging could not be read")


def item(removal: Any, code: str, where: str = "") -> ChecklistItem:
    found = ChecklistItem.objects.filter(plan__removal=removal, code=code)
    return found.filter(workspace__name=where).get() if where else found.get()


def test_a_line_waits_only_for_lines_of_its_own_workspace(filed: Make) -> None:
    removal = filed("Acme Production", "Acme Staging", groups=("Admins",))
    for where in ("Acme Production", "Acme Staging"):
        remove, again = item(removal, "remove-member", where), item(removal, "read-again", where)
        leave = item(removal, "leave-group", where)
        measure = item(removal, "measure-before", where)
        assert remove.waits_for == [measure.number, leave.number]
        assert set(again.waits_for) == {leave.number, remove.number}


def test_a_line_of_the_whole_removal_waits_for_all_places(filed: Make) -> None:
    removal = filed("Acme Production", "Acme Staging")
    again = {item(removal, "read-again", where).number for where in ("Acme Production", "Acme Staging")}
    assert set(item(removal, "tell").waits_for) == again


HURRY = [("contract-ended", True), ("credentials-compromised", False)]


@pytest.mark.parametrize(("reason", "waits"), HURRY)
def test_in_a_hurry_access_goes_before_things_are_handed_over(
    drafted: Make, seen: Make, alice: Any, reason: str, waits: bool
) -> None:
    from offboarding.discovery.models import Snapshot
    from offboarding.discovery.rules import Reach, Thing

    removal = drafted("Acme Production", reason=reason)
    snapshot = Snapshot.objects.latest("pk")
    data = {**snapshot.data, "reach": Sight.reach(Reach(functions=(Thing("f", "Clean"),)))}
    with rewriting():
        Snapshot.objects.filter(pk=snapshot.pk).update(data=data)
    journey.file(removal, alice, removal.version)
    assert bool(item(removal, "remove-member").waits_for) is waits


class Sight:
    @staticmethod
    def reach(value: Any) -> Any:
        from offboarding.discovery.rules import Outcome, Sighting

        return Sighting(Outcome.MEMBER, reach=value).as_json()["reach"]
