"""The volume breaker: much in a short time needs one more person, by approval and as an emergency."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.approvals.queries import approvals_needed
from offboarding.checklist.queries import newest_plan
from offboarding.emergencies.actions import Word
from offboarding.emergencies.models import Brake, Emergency
from offboarding.emergencies.rules import Because, Breaker, Volume, too_much
from offboarding.journey import emergency
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.removals.urgent import Urgent
from offboarding.users.rules import Role
from tests.conftest import DAN

Make = Callable[..., Any]
LIMITS = Breaker(people=3, places=10, minutes=60)
TABLE = [
    (Volume(0, 0), Volume(1, 10), "", "up to the limit"),
    (Volume(2, 0), Volume(1, 1), "", "up to the limit of people"),
    (Volume(3, 3), Volume(1, 1), "4 people would lose access within 60 minutes, more than 3.", "one person more"),
    (Volume(1, 9), Volume(1, 2), "Access to 11 places would go within 60 minutes, more than 10.", "one place more"),
]  # fmt: skip


@pytest.mark.parametrize(("removed", "more", "says", "because"), TABLE, ids=[row[3] for row in TABLE])
def test_what_is_too_much(removed: Volume, more: Volume, says: str, because: str) -> None:
    told = too_much(removed, more, LIMITS)
    assert told.startswith(says) and bool(told) is bool(says)


@pytest.fixture
def one_person_an_hour(settings: Any) -> None:
    settings.BREAKER_PEOPLE, settings.BREAKER_PLACES, settings.BREAKER_MINUTES = 1, 100, 60


@pytest.mark.usefixtures("one_person_an_hour")
def test_the_second_removal_of_an_hour_needs_one_more_approver(
    filed: Make, release: Make, decide: Make, workspace: Make, bob: Any, person: Make
) -> None:
    place = workspace("Acme Production")
    release(connected=[place], addresses=["eve@northwind.example"])
    removal = filed(connected=(place,))
    decide(removal, bob)
    removal.refresh_from_db()
    plan = newest_plan(removal)
    assert plan and removal.stage == "planned" and approvals_needed(plan) == 2
    assert "2 people would lose access" in Brake.objects.get(plan=plan).says
    assert Entry.objects.filter(event="volume.reached", about=removal.reference).count() == 1
    decide(removal, person("zoe", Role.APPROVER))
    removal.refresh_from_db()
    assert removal.stage == "approved"


@pytest.mark.usefixtures("one_person_an_hour")
def test_the_brake_stays_however_much_time_passes(
    filed: Make, release: Make, decide: Make, workspace: Make, bob: Any
) -> None:
    place = workspace("Acme Production")
    first = release(connected=[place], addresses=["eve@northwind.example"])
    removal = filed(connected=(place,))
    decide(removal, bob)
    RemovalRequest.objects.filter(pk=first.pk).update(filed_at=datetime.now(UTC) - timedelta(hours=2))
    plan = newest_plan(removal)
    assert plan and approvals_needed(plan) == 2


@pytest.mark.usefixtures("one_person_an_hour")
def test_other_clients_and_earlier_hours_do_not_count(
    filed: Make, release: Make, decide: Make, workspace: Make, bob: Any
) -> None:
    place = workspace("Acme Production")
    release("Globex Production", addresses=["eve@northwind.example"])
    old = release(connected=[place], addresses=["ivy@northwind.example"])
    RemovalRequest.objects.filter(pk=old.pk).update(filed_at=datetime.now(UTC) - timedelta(minutes=61))
    removal = filed(connected=(place,))
    decide(removal, bob)
    removal.refresh_from_db()
    assert removal.stage == "approved" and not Brake.objects.exists()


@pytest.mark.usefixtures("one_person_an_hour")
def test_the_second_emergency_of_an_hour_needs_a_second_person(
    release: Make, workspace: Make, sam: Any, person: Make
) -> None:
    place = workspace("Acme Production")
    release(connected=[place], addresses=["eve@northwind.example"])
    with pytest.raises(Refused) as refused:
        release(connected=[place])
    assert refused.value.code == "volume" and RemovalRequest.objects.count() == 1
    now, ada = datetime.now(UTC), person("ada", Role.ADMINISTRATOR)
    said = Urgent([DAN], "Dan", "credentials-compromised", "INC-2", "UTC")
    ask = emergency.ask(said, now, [place], Word(sam, "Remove", "code", None), Because.VOLUME, now)
    made = emergency.confirm(ask, Word(ada, "Confirm", "passkey", None), now)
    assert (made.released_by, made.second, made.because, made.method) == (sam, ada, "volume", "code")
    assert made.removal.stage == "running"


def test_places_where_nobody_has_looked_count(
    release: Make, seen: Make, workspace: Make, settings: Any
) -> None:
    """Whatever is there goes: nobody empties a hundred workspaces alone by not looking first."""
    settings.BREAKER_PLACES = 2
    places = [workspace(f"Acme {n}") for n in range(3)]
    seen(places[0], [DAN])
    with pytest.raises(Refused) as refused:
        release(connected=places)
    assert refused.value.code == "volume" and "Access to 3 places would go" in refused.value.sentence
    assert release(connected=places[:2]).emergency and Emergency.objects.get().places == 2


def test_places_where_a_look_found_nobody_do_not_count(
    release: Make, seen: Make, workspace: Make, settings: Any
) -> None:
    settings.BREAKER_PLACES = 1
    places = [workspace(f"Acme {n}") for n in range(3)]
    seen(places[0], [DAN])
    for empty in places[1:]:
        seen(empty, [DAN], absent=True)
    assert release(connected=places).emergency and Emergency.objects.get().places == 1
