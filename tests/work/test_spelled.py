"""SQL that is worked out once says and does what Django would have said and done, on either database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from offboarding.connections.models import Workspace
from offboarding.directory.models import Membership
from offboarding.discovery.models import Look
from offboarding.spelled import Asked, Later, add, add_each, add_from, change
from offboarding.work.models import Lost

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)


def test_rows_come_with_what_was_fetched_and_worked_out_beside_them(order: Make) -> None:
    @Asked
    def asked(pk: int, state: str) -> QuerySet[Look]:
        older = Look.objects.filter(pk__lt=OuterRef("pk"))
        rows = Look.objects.select_related("workspace__client", "asked_by").defer("workspace__support_days")
        return rows.annotate(follows=Exists(older)).filter(pk__gte=pk, state=state).order_by("pk")

    first, second = order(), order()
    order(state="done", not_before=None)
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            rows = asked(first.pk, "ready")
            assert [row.pk for row in rows] == [first.pk, second.pk]
            assert [bool(row.follows) for row in rows] == [False, True]
            assert [row.workspace.client.name for row in rows] == ["Acme", "Acme"]
        assert len(queries) == 1
        assert rows[1].addresses == second.addresses and rows[0].created_at.tzinfo is UTC
        assert rows[0].workspace.get_deferred_fields() == {"support_days"}
    assert asked.first(second.pk, "ready") == second and asked.first(second.pk, "waiting") is None


def test_values_come_as_django_gives_them(order: Make) -> None:
    row = order()
    one = Asked(lambda: Look.objects.values_list("addresses", flat=True))
    two = Asked(lambda: Look.objects.values_list("pk", "created_at"))
    assert one() == list(Look.objects.values_list("addresses", flat=True))
    assert two() == [(row.pk, Look.objects.get().created_at)]


def test_dates_are_values_too(alice: Any) -> None:
    @Asked
    def from_then(user: int, day: date) -> QuerySet[Membership]:
        return Membership.objects.filter(Q(ends_on=None) | Q(ends_on__gte=day), user=user)

    held = Membership.objects.filter(user=alice)
    held.update(ends_on=DAY)
    assert [row.pk for row in from_then(alice.pk, DAY)] == [row.pk for row in held]
    assert from_then(alice.pk, DAY + timedelta(days=1)) == []


def test_a_value_that_the_query_has_no_place_for_is_a_mistake() -> None:
    @Asked
    def asked(pk: int) -> QuerySet[Look]:
        return Look.objects.all()

    with pytest.raises(AssertionError):
        asked(1)


def told(row: Any) -> dict[str, Any]:
    """All that is not the row's own."""
    fresh, own = (
        type(row).objects.get(pk=row.pk),
        {"id", "created_at", "not_before", "person", "workspace_id"},
    )
    return {
        each.attname: getattr(fresh, each.attname)
        for each in fresh._meta.concrete_fields
        if each.attname not in own
    }


def test_a_row_that_is_added_is_like_one_that_is_saved(order: Make, workspace: Make) -> None:
    made = order()
    fields = {"person": made.person, "addresses": ["é@x.example"], "asked_by": made.asked_by}
    saved = Look.objects.create(workspace=workspace("Acme Saved"), **fields)
    added = add(Look(workspace=workspace("Acme Added"), **fields))
    assert told(added) == told(saved)
    assert added.pk and not added._state.adding and added in set(Look.objects.all())
    assert Look.objects.get(pk=added.pk).not_before is not None, "the database's own beginning"


def test_many_rows_are_one_statement(django_assert_num_queries: Make) -> None:
    rows = [Lost(kind=f"kind {n}", day=DAY, times=n) for n in range(3)]
    with django_assert_num_queries(1):
        add_each(rows)
    add_each([])
    assert list(Lost.objects.order_by("times").values_list("kind", "times")) == [
        ("kind 0", 0), ("kind 1", 1), ("kind 2", 2)
    ]  # fmt: skip


def test_rows_are_made_of_others_and_those_that_stand_stay(workspace: Make) -> None:
    workspace("Acme"), workspace("Globex")
    add(Lost(kind="Acme", day=DAY, times=7))
    for _ in range(2):
        add_from(Workspace.objects.order_by("pk"), Lost(day=DAY, times=0), {"kind": F("name")})
    assert dict(Lost.objects.values_list("kind", "times")) == {"Acme": 7, "Globex": 0}


WAYS = [
    ({"state": "done", "not_before": None, "crashes": 2}, {}),
    ({"state": "waiting", "not_before": Now()}, {"state": "ready"}),
    ({"crashes": 3, "not_before": Now()}, {"lease_until": None}),
    ({"waiting_for": "x"}, {"state": "done"}),
    ({"addresses": ["a@b.example", "é"]}, {"fence": 0, "lease_until": None}),
]


@pytest.mark.parametrize(("to", "where"), WAYS)
def test_what_is_changed_is_changed_as_an_update_would(
    order: Make, to: dict[str, Any], where: dict[str, Any]
) -> None:
    one, other = order(addresses=["a@x.example"]), order(addresses=["a@x.example"])
    count = change(Look, {"pk": one.pk, **where}, to)
    assert count == Look.objects.filter(pk=other.pk, **where).update(**to)
    assert told(one) == told(other)
    unset = Look.objects.filter(not_before=None).count()
    assert unset == (2 if "not_before" in to and to["not_before"] is None else 0)


def test_the_time_is_the_databases(order: Make) -> None:
    row = order(not_before=datetime(2020, 1, 1, tzinfo=UTC))
    change(Look, {"pk": row.pk}, {"not_before": Now()})
    row.refresh_from_db()
    assert abs(row.not_before - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=2, milliseconds=500), timedelta(hours=-3)])
def test_so_long_from_now_is_by_the_same_clock(order: Make, after: timedelta) -> None:
    one, other = order(), order()
    change(Look, {"pk": one.pk}, {"not_before": Later(after)})
    Look.objects.filter(pk=other.pk).update(not_before=Now() + after)
    one.refresh_from_db()
    other.refresh_from_db()
    assert abs(one.not_before - other.not_before) < timedelta(minutes=1)
    assert abs(one.not_before - datetime.now(UTC) - after) < timedelta(minutes=5)


def test_what_is_worked_out_of_the_row_is_refused(order: Make) -> None:
    row = order()
    with pytest.raises(AssertionError):
        change(Look, {"pk": row.pk}, {"fence": F("fence") + 1})
    assert Look.objects.get().fence == row.fence
