"""Whose entries somebody reads: those of their clients, and none about themself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from offboarding.directory.models import Membership
from offboarding.directory.queries import scope_of
from offboarding.ledger.actions import APP, Event, record
from offboarding.removals.models import RemovalRequest
from offboarding.reports.walls import entries_for
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of
from tests.conftest import DAN

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


def write(about: str = "", by: Any = None) -> int:
    with transaction.atomic():
        actor = actor_of(by) if by else APP
        return int(record(Event.WORKSPACE_CONNECTED, actor=actor, about=about).seq)


@pytest.fixture
def reader(clients: dict[str, Any]) -> Make:
    def make(*grants: tuple[Role, str | None], email: str = "erin@northwind.example") -> Any:
        user = User.objects.create_user(email, "Erin")
        for role, client in grants:
            Membership.objects.create(user=user, role=role.value, client=clients[client] if client else None)
        return user

    return make


def seen(user: Any, today: date) -> set[int]:
    return set(entries_for(scope_of(user, today)).values_list("seq", flat=True))


@pytest.fixture
def world(filed: Make, workspace: Make, clients: dict[str, Any], alice: Any) -> dict[str, int]:
    acme, hooli = workspace("Acme Staging"), workspace("Hooli Production")
    ours = filed(connected=(acme,))
    return {
        "request": write(ours.reference),
        "workspace": write(f"workspace:{acme.pk}"),
        "client": write(f"client:{clients['Acme'].pk}"),
        "foreign workspace": write(f"workspace:{hooli.pk}"),
        "foreign client": write(f"client:{clients['Hooli'].pk}"),
        "nobody's": write(),
        "unknown": write("weather:3"),
        "alice": write(by=alice),
    }


OURS = {"request", "workspace", "client"}


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SECURITY, Role.ADMINISTRATOR])
def test_within_some_clients_only_their_entries_are_seen(
    world: dict[str, int], reader: Make, today: date, role: Role
) -> None:
    erin = reader((role, "Acme"))
    found = seen(erin, today)
    assert {name for name, seq in world.items() if seq in found} == OURS
    own = write(by=erin)
    assert own in seen(erin, today), "their own acts about no client"


def test_for_all_clients_everything_is_seen(world: dict[str, int], reader: Make, today: date) -> None:
    assert set(world.values()) <= seen(reader((Role.AUDITOR, None)), today)


def test_an_auditor_of_a_period_reads_its_requests_whole_and_what_else_was_written_in_it(
    world: dict[str, int], reader: Make, today: date
) -> None:
    erin, days = reader((Role.AUDITOR, "Acme")), timedelta(days=1)
    held = Membership.objects.filter(user=erin)
    held.update(records_from=today - days, records_until=today + days)
    assert {name for name, seq in world.items() if seq in seen(erin, today)} == OURS
    RemovalRequest.objects.update(starts_at=datetime.now(UTC) - 30 * days)
    assert {name for name, seq in world.items() if seq in seen(erin, today)} == OURS - {"request"}
    held.update(records_from=today - 40 * days, records_until=today - 20 * days)
    assert {name for name, seq in world.items() if seq in seen(erin, today)} == {"request"}


def test_an_auditor_of_a_period_for_all_clients_reads_no_request_of_another(
    world: dict[str, int], reader: Make, today: date
) -> None:
    erin, days = reader((Role.AUDITOR, None)), timedelta(days=1)
    held = Membership.objects.filter(user=erin)
    held.update(records_from=today - days, records_until=today + days)
    assert set(world.values()) <= seen(erin, today)
    RemovalRequest.objects.update(starts_at=datetime.now(UTC) - 30 * days)
    left = seen(erin, today)
    assert world["request"] not in left and world["nobody's"] in left and world["foreign client"] in left
    held.update(records_from=today - 40 * days, records_until=today - 20 * days)
    assert {name for name, seq in world.items() if seq in seen(erin, today)} == {"request"}


@pytest.mark.parametrize("role", [Role.REQUESTER, Role.APPROVER, Role.OPERATOR])
def test_other_roles_reach_nothing_here(world: dict[str, int], reader: Make, today: date, role: Role) -> None:
    assert seen(reader((role, None)), today) == set()


def test_another_role_reaches_no_further(world: dict[str, int], reader: Make, today: date) -> None:
    """Operator for all clients, and auditor for one: the log ends at that one."""
    erin = reader((Role.OPERATOR, None), (Role.AUDITOR, "Acme"))
    found = seen(erin, today)
    assert {name for name, seq in world.items() if seq in found} == OURS


def test_a_request_in_two_clients_is_seen_by_who_reads_both(
    filed: Make, workspace: Make, reader: Make, today: date
) -> None:
    both = filed(connected=(workspace("Acme Staging"), workspace("Globex Production")))
    seq = write(both.reference)
    assert seq not in seen(reader((Role.AUDITOR, "Acme")), today)
    assert seq in seen(reader((Role.AUDITOR, "Acme"), (Role.AUDITOR, "Globex"), email="e2@x.example"), today)


@pytest.mark.parametrize("client", [None, "Acme"])
def test_nobody_reads_about_themself(filed: Make, reader: Make, today: date, client: str | None) -> None:
    about_dan = filed("Acme Staging")
    seq = write(about_dan.reference)
    assert seq not in seen(reader((Role.AUDITOR, client), email=DAN), today)
    assert seq in seen(reader((Role.AUDITOR, client)), today)


@pytest.mark.parametrize("client", [None, "Acme"])
def test_nobody_reads_what_the_directory_keeps_of_themself(
    clients: dict[str, Any], reader: Make, today: date, client: str | None
) -> None:
    from offboarding.directory.models import Address, Collaborator

    person = Collaborator.objects.create(client=clients["Acme"], name="Dan")
    Address.objects.create(collaborator=person, email=DAN.upper())
    seq = write(f"collaborator:{person.pk}")
    assert seq not in seen(reader((Role.AUDITOR, client), email=DAN), today)
    assert seq in seen(reader((Role.AUDITOR, client)), today)
