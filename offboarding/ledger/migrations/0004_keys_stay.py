"""Signing keys are added and never changed; names beside entries may be erased, and never changed."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse


def add_triggers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    vendor = editor.connection.vendor
    for statement in refuse(vendor, "ledger_signingkey", "UPDATE", "DELETE"):
        editor.execute(statement, params=None)
    for statement in refuse(vendor, "ledger_personal", "UPDATE"):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_proofs")]
    operations = [migrations.RunPython(add_triggers, migrations.RunPython.noop)]
