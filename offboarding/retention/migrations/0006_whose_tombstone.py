"""A tombstone stays where it was put, and none takes the place of another."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse_over, refuse_where

TABLE = "retention_tombstone"
FIXED = ("id", "purge_id", "sha256", "size", "what", "at")
OF = ("evidence_id", "packet_id")
SAID_ONCE = " OR ".join(
    (
        *(f"NEW.{name} <> OLD.{name}" for name in FIXED),
        *(f"COALESCE(NEW.{name}, 0) <> COALESCE(OLD.{name}, 0)" for name in OF),
        "OLD.gone_at IS NOT NULL",
    )
)


def add_triggers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    vendor = editor.connection.vendor
    on = "" if vendor == "sqlite" else f" ON {TABLE}"
    editor.execute(f"DROP TRIGGER {TABLE}_update_refused{on}", params=None)
    for statement in (
        *refuse_where(vendor, TABLE, "UPDATE", SAID_ONCE, "a tombstone stays as it is"),
        *refuse_over(vendor, TABLE, *((name,) for name in OF)),
    ):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("retention", "0001_squashed_0005_tombstones_stay")]
    operations = [migrations.RunPython(add_triggers, migrations.RunPython.noop)]
