"""An auditor of a period: which requests, entries and reports are theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from offboarding.directory.models import Membership
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Grant, Scope, Window, narrowed, wrong_with
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import removals_for
from offboarding.users.rules import Role

Make = Callable[..., Any]
JANUARY, APRIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
QUARTER = Window(7, JANUARY, APRIL)
AUDITS = Grant(Role.AUDITOR, 7, ends_on=date(2026, 4, 30))


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        (JANUARY, APRIL, True),
        (JANUARY - timedelta(seconds=1), APRIL, False),
        (JANUARY, APRIL + timedelta(seconds=1), False),
        (APRIL, APRIL + timedelta(days=9), False),
    ],
)
def test_a_window_holds_what_lies_in_it_with_both_ends(since: datetime, until: datetime, holds: bool) -> None:
    assert QUARTER.holds(since, until) is holds
    assert Window(None, None, None).holds(since, until)


def test_without_its_windows_a_scope_has_only_what_is_whole() -> None:
    grants = frozenset({(Role.AUDITOR, 7), (Role.AUDITOR, 8), (Role.APPROVER, 7)})
    scope = Scope(1, "erin@x.example", grants, (QUARTER,))
    assert scope.whole().grants == grants - {(Role.AUDITOR, 7)}
    assert narrowed(scope, [Role.AUDITOR]).windows == (QUARTER,)
    assert narrowed(scope, [Role.APPROVER]).windows == ()


@pytest.mark.parametrize(
    ("grant", "says"),
    [
        (replace(AUDITS, records_from=date(2026, 4, 1), records_until=date(2026, 3, 31)), "ends before it begins"),
        (Grant(Role.APPROVER, 7, records_from=date(2026, 1, 1)), "Only an auditor's role"),
        (replace(AUDITS, records_from=date(2026, 1, 1)), ""),
        (AUDITS, ""),
    ],
)  # fmt: skip
def test_a_period_of_records_is_an_auditors_and_ends_after_it_begins(grant: Grant, says: str) -> None:
    wrong = wrong_with([grant], date(2026, 1, 2))
    assert says in wrong if says else not wrong


# ---------------------------------------------------------------- requests


@pytest.fixture
def auditor(person: Make, clients: dict[str, Any]) -> Make:
    """Audits Acme, and what else is asked for; the records of these days only."""

    def make(since: date | None, until: date | None, client: str | None = "Acme", zone: str = "UTC") -> Any:
        user = person(f"aud{Membership.objects.count()}")
        user.time_zone = zone
        user.save()
        Membership.objects.create(
            user=user, role=Role.AUDITOR.value, client=clients[client] if client else None,
            records_from=since, records_until=until,
        )  # fmt: skip
        return user

    return make


@pytest.fixture
def two(filed: Make) -> tuple[Any, Any]:
    """One request whose access ended at the last moment of March, in UTC, and one of now."""
    old, new = filed("Acme Staging"), filed("Acme Production")
    RemovalRequest.objects.filter(pk=old.pk).update(starts_at=APRIL - timedelta(seconds=1))
    return old, new


def seen(user: Any, today: date) -> set[Any]:
    return set(removals_for(scope_of(user, today)))


MARCH = (date(2026, 3, 1), date(2026, 3, 31))


@pytest.mark.parametrize("client", ["Acme", None])
def test_only_requests_of_the_period_are_seen(
    two: tuple[Any, Any], auditor: Make, today: date, client: str | None
) -> None:
    old, new = two
    assert seen(auditor(*MARCH, client), today) == {old}
    assert seen(auditor(date(2026, 4, 1), None, client), today) == {new}
    assert seen(auditor(None, date(2026, 3, 30), client), today) == set()
    assert seen(auditor(None, None, client), today) == {old, new}


def test_the_days_are_those_of_the_auditor(two: tuple[Any, Any], auditor: Make, today: date) -> None:
    old, _ = two
    assert old not in seen(auditor(*MARCH, zone="Europe/Berlin"), today)  # there it was the first of April
    assert old in seen(auditor(*MARCH, zone="America/New_York"), today)


def test_another_role_for_the_same_client_is_not_bound(
    two: tuple[Any, Any], auditor: Make, today: date, clients: dict[str, Any]
) -> None:
    erin = auditor(*MARCH)
    Membership.objects.create(user=erin, role=Role.SECURITY.value, client=clients["Acme"])
    assert seen(erin, today) == set(two)


def test_a_request_over_two_clients_needs_both(
    filed: Make, auditor: Make, today: date, clients: dict[str, Any]
) -> None:
    both = filed("Acme Staging", "Globex Production")
    erin = auditor(today - timedelta(days=1), today + timedelta(days=1))
    assert seen(erin, today) == set()
    Membership.objects.create(user=erin, role=Role.AUDITOR.value, client=clients["Globex"])
    assert seen(erin, today) == {both}
