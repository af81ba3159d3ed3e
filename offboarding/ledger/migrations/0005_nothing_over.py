"""SQLite's REPLACE goes over whatever is unique, not over the first key alone: none of it is left open."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse_over

KEYS = {
    "ledger_entry": (("seq",), ("hash",)),
    "ledger_checkpoint": (("size",),),
    "ledger_personal": (("entry_id", "name"),),
    "ledger_signingkey": (("key_id",),),
}


def add_triggers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for table, keys in KEYS.items():
        for statement in refuse_over(editor.connection.vendor, table, *keys):
            editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_squashed_0004_keys_stay")]
    operations = [migrations.RunPython(add_triggers, migrations.RunPython.noop)]
