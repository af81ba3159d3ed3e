"""The record stays as it was written, for whoever has a hand on the database but does not own it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from offboarding.approvals.models import Approval
from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.discovery.models import Snapshot
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Attempt, Proof, Ruling, Run
from offboarding.letters.models import TemplateVersion, TermsVersion
from offboarding.packets.models import Packet, Share, Visit
from offboarding.removals.models import SettingVersion
from offboarding.retention.guards import RECORD, Kept, taken
from offboarding.trail.models import AuditEvent
from offboarding.verification.models import Finding, Measurement, Trace

Make = Callable[..., Any]
NOW = datetime(2026, 3, 31, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db
ANOTHER = {
    "DateTimeField": NOW, "JSONField": '{"another": 1}', "GenericIPAddressField": "192.0.2.9",
    "BinaryField": b"another", "BooleanField": True,
}  # fmt: skip


@pytest.fixture
def written(running: Make, olga: Any) -> Any:
    """A row in each table of the record."""
    removal = running("Acme Production")
    run = Run.objects.filter(item__plan__removal=removal).order_by("pk")[0]
    place = removal.places.get().workspace
    file = Evidence.objects.create(
        sha256="0" * 64, size=1, media_type="text/plain", name="n", shows="s", source="app", taken_by="x",
        keep_until=NOW.date(), client=place.client,
    )  # fmt: skip
    attempt = Attempt.objects.create(run=run, number=90, act="look", intent="Read")
    Finding.objects.create(attempt=attempt, seen="absent", says="gone", data={})
    Measurement.objects.create(attempt=attempt, when="before", says="arrives", data={})
    Trace.objects.create(run=run, key="events/1", event={}, evidence=file)
    Proof.objects.create(run=run, evidence=file, added_by=olga)
    Ruling.objects.create(run=run, what="take", facts={}, by=olga)
    AuditEvent.objects.create(workspace=place, key="events/1", at=NOW, type="User Removed", raw={})
    TermsVersion.objects.create(client=place.client, version=1, values={}, set_by=olga)
    TemplateVersion.objects.create(
        client=place.client, kind="client", version=1, subject="s", body="b", set_by=olga
    )
    SettingVersion.objects.create(group="pace", version=1, values={}, set_by=olga)
    packet = Packet.objects.create(removal=removal, version=1)
    share = Share.objects.create(
        packet=packet, address="erin@northwind.example", token_sha256="0" * 64, made_by=olga, until=NOW
    )
    Visit.objects.create(share=share, did="opened")
    return removal


def says(sql: str, *values: Any) -> str:
    """What the database answers; empty if it did it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
    except IntegrityError as error:
        return str(error)
    return ""


def later_of(model: type[models.Model]) -> set[str]:
    (kept,) = (each for each in RECORD if each.model is model)
    return {name for names in kept.later.values() for name in names}


def test_no_column_changes_and_no_row_goes(written: Any) -> None:
    for kept in RECORD:
        stays(kept.model)


def stays(model: type[models.Model]) -> None:
    table, before = model._meta.db_table, list(model._default_manager.values().order_by("pk"))
    assert before, table
    for field in model._meta.concrete_fields:
        if field.column in later_of(model):
            continue
        change = f'UPDATE {table} SET "{field.column}" = %s WHERE "{field.column}" IS '
        sample = ANOTHER.get(field.get_internal_type(), "1000")
        answers = (says(f"{change}NOT NULL", sample), says(f"{change}NULL", sample))
        assert any(f"{table}_stays_as_written" in each for each in answers), (table, field.name, answers)
    assert f"{table}_is_not_deleted" in says(f"DELETE FROM {table}")
    assert list(model._default_manager.values().order_by("pk")) == before


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite knows REPLACE")
def test_no_row_is_replaced_over_any_key(written: Any) -> None:
    for kept in RECORD:
        is_not_replaced(kept)


def is_not_replaced(kept: Kept) -> None:
    table, columns = kept.model._meta.db_table, [each.column for each in kept.model._meta.concrete_fields]
    named = ", ".join(f'"{each}"' for each in columns)
    moved = ", ".join("id + 10000" if each == "id" else f'"{each}"' for each in columns)
    before = list(kept.model._default_manager.values().order_by("pk"))
    refused = f"{table}_is_not_replaced"
    assert refused in says(f"INSERT OR REPLACE INTO {table} ({named}) SELECT {named} FROM {table} LIMIT 1")
    if len(list(taken(kept))) > 1:
        assert refused in says(
            f"INSERT OR REPLACE INTO {table} ({named}) SELECT {moved} FROM {table} LIMIT 1"
        )
    assert list(kept.model._default_manager.values().order_by("pk")) == before


LATER = [
    (Approval, {"fell_at": NOW}, {"fell_at": None}, "what fell does not stand again"),
    (Approval, {"answer": "a", "answered_at": NOW}, {"answer": "b"}, "an answer is given once"),
    (Attempt, {"closed_at": NOW, "result": "seen"}, {"result": "unknown"}, "what came of it is said once"),
    (Attempt, {"closed_at": NOW, "result": "seen"}, {"closed_at": None}, "what ended does not begin again"),
    (Proof, {"withdrawn_at": NOW}, {"withdrawn_at": None}, "what was taken back stays so"),
]


@pytest.mark.parametrize(("model", "once", "again", "why"), LATER)
def test_what_is_said_later_is_said_once(
    written: Any, olga: Any, model: Any, once: dict[str, Any], again: dict[str, Any], why: str
) -> None:
    more = {"withdrawn_by": olga, "withdrawn_because": "wrong"} if model is Proof else {}
    assert model.objects.update(**once, **more) == 1, why
    with pytest.raises(IntegrityError, match="stays_as_written"), transaction.atomic():
        model.objects.update(**again)
    assert model.objects.filter(**once).count() == 1, why


def test_a_line_of_a_file_learns_its_id_once(written: Any) -> None:
    place = written.places.get().workspace
    line = AuditEvent.objects.create(workspace=place, key="content:1", at=NOW, type="User Removed", raw={})
    mine = AuditEvent.objects.filter(pk=line.pk)
    assert mine.update(key="events/2", raw={"id": "events/2"}) == 1
    with pytest.raises(IntegrityError, match="stays_as_written"), transaction.atomic():
        mine.update(key="events/3")
    assert mine.get().key == "events/2"


def test_rows_before_the_guards_stay_as_they_are(written: Any) -> None:
    """Guards ask about changes alone, so nothing that was written before them is in their way."""
    from offboarding.work import guards

    counted = [each.model._default_manager.count() for each in RECORD]
    guards.take_away("default") if connection.vendor == "sqlite" else None
    guards.put_back("default")
    assert [each.model._default_manager.count() for each in RECORD] == counted
    assert Plan.objects.count() and ChecklistItem.objects.count() and Snapshot.objects.count()
