"""SQLite made the table anew for the columns of 0003, and its trigger went with the old one."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse_where

TABLE = "packets_packet"
SHORTER = "OLD.keep_until IS NOT NULL AND (NEW.keep_until IS NULL OR NEW.keep_until < OLD.keep_until)"


def only_later(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    vendor = editor.connection.vendor
    on = "" if vendor == "sqlite" else f" ON {TABLE}"
    says = f"{TABLE} is kept at least as long as was said"
    editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_update_refused{on}", params=None)
    for statement in refuse_where(vendor, TABLE, "UPDATE", SHORTER, says):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("packets", "0005_redaction")]
    operations = [migrations.RunPython(only_later, migrations.RunPython.noop)]
