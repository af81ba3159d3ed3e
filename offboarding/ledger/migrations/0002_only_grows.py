"""The head row, and triggers that refuse every change to what was recorded."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.ledger.rules import GENESIS
from offboarding.lib.triggers import refuse

TABLES = (("ledger_entry", "seq"), ("ledger_checkpoint", "id"))


def first_head(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("ledger", "Head").objects.get_or_create(pk=1, defaults={"seq": 0, "hash": GENESIS})


def add_triggers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for table, key in TABLES:
        for statement in refuse(editor.connection.vendor, table, "UPDATE", "DELETE", key=key):
            editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunPython(first_head, migrations.RunPython.noop),
        migrations.RunPython(add_triggers, migrations.RunPython.noop),
    ]
