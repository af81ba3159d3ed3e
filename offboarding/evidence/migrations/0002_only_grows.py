"""Evidence is written once."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse


def add_triggers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in refuse(editor.connection.vendor, "evidence_evidence", "UPDATE", "DELETE"):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]
    operations = [migrations.RunPython(add_triggers, migrations.RunPython.noop)]
