"""SQLite's REPLACE takes away whatever row is in its way, by any key, and fires no trigger for it. None gets through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from offboarding.directory.models import Client
from offboarding.evidence.models import Evidence
from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.ledger.management.commands.limit_web_role import NEVER_CHANGED, WRITTEN_ONCE
from offboarding.ledger.models import Stamp
from offboarding.retention.models import Purge, Tombstone
from offboarding.users.models import User

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite knows REPLACE"),
]
LONG_AGO = date(2020, 1, 1)


@pytest.fixture
def written() -> None:
    """A row in each table of the record."""
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP, about="R-1001")
    made = checkpoint()
    assert made
    Stamp.objects.create(checkpoint=made, at=made.at, answer=b"x")
    client = Client.objects.create(name="Acme", slug="acme")
    file = Evidence.objects.create(
        sha256="0" * 64, size=1, media_type="text/plain", name="n", shows="s", source="app", taken_by="x",
        keep_until=LONG_AGO, client=client,
    )  # fmt: skip
    ada, lin = (User.objects.create(email=f"{name}@northwind.example") for name in ("ada", "lin"))
    purge = Purge.objects.create(
        client=client,
        before=LONG_AGO,
        why="x",
        files=1,
        size=1,
        asked_by=ada,
        confirmed_by=lin,
        state="ready",
    )
    Tombstone.objects.create(purge=purge, evidence=file, sha256=file.sha256, size=1, what="n")


def record_tables() -> Iterator[type[models.Model]]:
    names = {*WRITTEN_ONCE, *NEVER_CHANGED}
    found = [each for each in apps.get_models() if each._meta.db_table in names]
    assert len(found) == len(names)
    yield from found


def ways_over(table: type[models.Model]) -> Iterator[tuple[str, ...]]:
    """The columns of everything that is unique. SQLite numbers rows itself, unless the key is such a number already."""
    meta = table._meta
    if not isinstance(meta.pk, models.AutoField):
        yield ("rowid",)
    yield from ((field.column,) for field in meta.concrete_fields if field.unique)
    for each in meta.constraints:
        if isinstance(each, models.UniqueConstraint):
            yield tuple(meta.get_field(name).column for name in each.fields)  # type: ignore[union-attr]


EVERY = [
    pytest.param(table, way, id=f"{table.__name__}-{'-'.join(way)}")
    for table in record_tables()
    for way in ways_over(table)
]


def like(columns: dict[str, Any], way: tuple[str, ...], table: type[models.Model]) -> dict[str, Any]:
    """The same row, but for all that is unique and not on the way."""
    unique = {name for other in ways_over(table) for name in other} - set(way)
    moved = {
        name: value + 1000 if isinstance(value, int) else f"x{str(value)[1:]}"
        for name, value in columns.items()
        if name in unique and value is not None
    }
    return columns | moved


@pytest.mark.parametrize(("table", "way"), EVERY)
def test_no_row_of_the_record_is_replaced(
    written: None, table: type[models.Model], way: tuple[str, ...]
) -> None:
    name, columns = table._meta.db_table, [field.column for field in table._meta.concrete_fields]
    asked = columns if isinstance(table._meta.pk, models.AutoField) else ["rowid", *columns]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(asked)} FROM {name}")
        before = cursor.fetchall()
        row = dict(zip(asked, before[0], strict=True))
        if any(row[each] is None for each in way):
            pytest.skip("nothing is in the way: the column is empty")
        new = like(row, way, table)
        marks = ", ".join(["%s"] * len(new))
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            cursor.execute(
                f"INSERT OR REPLACE INTO {name} ({', '.join(new)}) VALUES ({marks})", [*new.values()]
            )
        cursor.execute(f"SELECT {', '.join(asked)} FROM {name}")
        assert cursor.fetchall() == before
