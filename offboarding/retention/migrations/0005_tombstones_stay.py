"""A tombstone is refused for what is to be kept, is held, or was confirmed by nobody; afterwards it stays as it is."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse, refuse_if_found, refuse_where

TABLE = "retention_tombstone"
TO_BE_KEPT = " UNION ALL ".join(
    (
        "SELECT 1 FROM evidence_evidence e WHERE e.id = NEW.evidence_id AND e.keep_until >= CURRENT_DATE",
        "SELECT 1 FROM packets_packet p WHERE p.id = NEW.packet_id "
        "AND (p.keep_until IS NULL OR p.keep_until >= CURRENT_DATE)",
        "SELECT 1 FROM retention_purge u WHERE u.id = NEW.purge_id AND u.confirmed_by_id IS NULL",
        "SELECT 1 FROM retention_purge u JOIN retention_legalhold h ON h.client_id = u.client_id "
        "WHERE u.id = NEW.purge_id AND h.lifted_at IS NULL",
        "SELECT 1 FROM packets_packet p JOIN retention_legalhold h ON h.removal_id = p.removal_id "
        "WHERE p.id = NEW.packet_id AND h.lifted_at IS NULL",
    )
)
FIXED = ("id", "purge_id", "sha256", "size", "what", "at")
SAID_ONCE = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FIXED) + " OR OLD.gone_at IS NOT NULL"


def add_triggers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    vendor = editor.connection.vendor
    for statement in (
        *refuse(vendor, TABLE, "DELETE"),
        *refuse_if_found(vendor, TABLE, TO_BE_KEPT, "this is still to be kept"),
        *refuse_where(vendor, TABLE, "UPDATE", SAID_ONCE, "a tombstone stays as it is"),
    ):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("retention", "0004_purges")]
    operations = [migrations.RunPython(add_triggers, migrations.RunPython.noop)]
