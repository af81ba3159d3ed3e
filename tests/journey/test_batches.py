"""Lists of people on their way: every row is looked for, filed with what was found, once, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from offboarding.connections.models import Coverage
from offboarding.directory.models import Engagement, Membership
from offboarding.directory.queries import scope_of
from offboarding.discovery.models import Look
from offboarding.journey import batches
from offboarding.journey.batches import go_on
from offboarding.ledger.models import Entry
from offboarding.removals import batches as verbs
from offboarding.removals.batches import Terms
from offboarding.removals.models import Batch, BatchRow, RemovalRequest
from offboarding.removals.sheets import Typed
from offboarding.simulators.simulator import Simulator
from offboarding.work import desks
from tests.conftest import DAN

NOBODY = Typed("nobody.here@partner.example", name="Nobody")


@pytest.fixture
def filing(alice: Any, today: date) -> Callable[..., Batch]:
    def make(*rows: Typed, **terms: Any) -> Batch:
        scope = scope_of(alice, today)
        given = Terms("handed-over", "Europe/Berlin", **terms)
        batch = verbs.begin(alice, scope, given, rows, datetime.now(UTC))
        verbs.file(alice, scope, batch)
        return batch

    return make


def look_everywhere() -> None:
    for look in Look.objects.filter(ended_at=None):
        desks.DESKS["discovery.Look"].look(look.pk)


def states(batch: Batch) -> list[str]:
    return list(batch.rows.values_list("state", flat=True))


def test_a_list_becomes_requests_with_plans_from_what_real_looks_found(
    segment: Simulator, connect: Any, filing: Any, clients: dict[str, Any], alice: Any
) -> None:
    segment.control.clear_trouble()
    staging, eu = connect(segment, "Acme Staging"), connect(segment, "Globex EU")
    works = Engagement.objects.create(client=clients["Acme"], name="Analytics", lead=alice, sow="SOW-7")
    batch = filing(Typed(DAN, name="Dan Reyes", engagement="analytics", ticket="CS-9"), NOBODY, ticket="CS-1")
    go_on()
    assert states(batch) == ["looking", "looking"]
    go_on()
    assert states(batch) == ["looking", "looking"], "nothing is filed before the looks have ended"
    look_everywhere()
    go_on()
    assert states(batch) == ["filed", "nothing"]
    removal = RemovalRequest.objects.get(stage="planned")
    assert (removal.reason, removal.ticket, removal.sow) == ("handed-over", "CS-9", "SOW-7")
    assert [place.workspace for place in removal.places.all()] == [staging]
    assert b"Source Admin" in bytes(removal.plans.get().body)
    assert eu not in [look.workspace for look in Look.objects.filter(person=removal.person)]
    batch.refresh_from_db()
    assert batch.state == Batch.State.DONE
    assert works.name == "Analytics"


def test_only_what_the_engagement_covers_is_searched(
    workspace: Any, filing: Any, clients: dict[str, Any], alice: Any
) -> None:
    inside, _outside = workspace("Acme Production"), workspace("Acme Staging")
    works = Engagement.objects.create(client=clients["Acme"], name="Analytics", lead=alice)
    Coverage.objects.create(engagement=works, workspace=inside)
    filing(Typed(DAN, engagement="Analytics"))
    go_on()
    assert [look.workspace for look in Look.objects.all()] == [inside]


def test_however_often_it_is_asked_each_row_is_filed_once(
    segment: Simulator, connect: Any, filing: Any
) -> None:
    segment.control.clear_trouble()
    connect(segment, "Acme Staging")
    filing(Typed(DAN))
    for _n in range(3):
        go_on()
    look_everywhere()
    row = BatchRow.objects.select_related("batch__owner", "removal").get()
    for _n in range(2):  # a second engine that read the row before the first one filed it
        batches.move(row, datetime.now(UTC))
    go_on()
    assert RemovalRequest.objects.filter(stage="planned").count() == 1
    assert Entry.objects.filter(event="removal.filed").count() == 1
    assert Entry.objects.filter(event="discovery.look_asked").count() == 1


def test_a_workspace_that_never_answers_holds_a_row_for_half_an_hour_only(
    workspace: Any, filing: Any
) -> None:
    workspace("Acme Production")
    batch = filing(Typed(DAN))
    go_on()
    BatchRow.objects.update(looking_since=datetime.now(UTC) - timedelta(minutes=31))
    go_on()
    row = batch.rows.get()
    assert row.state == "failed" and "could not be read: Acme Production" in row.says
    assert row.removal and row.removal.stage == "draft", "somebody goes on with it by hand"


def test_a_role_that_ended_meanwhile_stops_the_row_with_a_sentence(
    workspace: Any, filing: Any, alice: Any
) -> None:
    workspace("Acme Production")
    batch = filing(Typed(DAN))
    Membership.objects.filter(user=alice).delete()
    go_on()
    row = batch.rows.get()
    assert row.state == "failed" and "file requests" in row.says
    assert not RemovalRequest.objects.exists()


def test_one_row_that_fails_does_not_hold_the_others(
    segment: Simulator, connect: Any, filing: Any, clients: dict[str, Any], alice: Any
) -> None:
    segment.control.clear_trouble()
    connect(segment, "Acme Staging")
    works = Engagement.objects.create(client=clients["Acme"], name="Gone", lead=alice)
    batch = filing(Typed("a@x.example", engagement="Gone"), Typed(DAN))
    works.delete()
    go_on()
    look_everywhere()
    go_on()
    assert states(batch) == ["failed", "filed"]


def test_a_row_can_take_a_group_alone_and_the_rest_stays(
    segment: Simulator, connect: Any, filing: Any
) -> None:
    segment.control.clear_trouble()
    connect(segment, "Acme Production")
    batch = filing(Typed(DAN, reason="partial", takes="admins"))
    go_on()
    look_everywhere()
    go_on()
    row = batch.rows.get()
    assert (row.state, row.says) == ("filed", "")
    (place,) = row.removal.places.all()
    assert place.choice == "reduce"
    (planned,) = row.removal.plans.get().data["places"]
    assert {each["name"] for each in planned["lost"]} == {"Admins"}
    assert {each["name"] for each in planned["kept"]} == {"Workspace Owner"}


@pytest.mark.parametrize(
    ("takes", "says"),
    [("Admins; Source Admiral", "was found: Source Admiral"), ("Nothing", "was found: Nothing")],
)
def test_what_is_to_be_taken_and_is_not_there_files_nothing(
    takes: str, says: str, segment: Simulator, connect: Any, filing: Any
) -> None:
    segment.control.clear_trouble()
    connect(segment, "Acme Production")
    batch = filing(Typed(DAN, reason="partial", takes=takes))
    go_on()
    look_everywhere()
    go_on()
    row = batch.rows.get()
    assert row.state == "failed" and says in row.says
    assert row.removal and row.removal.stage == "draft", "somebody goes on with it by hand"


def test_a_row_can_name_the_account_that_stays(segment: Simulator, connect: Any, filing: Any) -> None:
    segment.control.clear_trouble()
    connect(segment, "Acme Staging")
    batch = filing(Typed(DAN, reason="accounts-consolidated", stays="dan.new@northwind.example"))
    go_on()
    look_everywhere()
    go_on()
    row = batch.rows.get()
    assert (row.state, row.says) == ("filed", "")
    assert row.removal.stays == "dan.new@northwind.example" and row.removal.going == (DAN,)
