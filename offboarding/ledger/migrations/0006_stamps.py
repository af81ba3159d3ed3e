"""Time stamps over checkpoints: written once, one for each, and never changed."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse, refuse_over


def add_triggers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    vendor = editor.connection.vendor
    made = refuse(vendor, "ledger_stamp", "UPDATE", "DELETE")
    for statement in [*made, *refuse_over(vendor, "ledger_stamp", ("checkpoint_id",))]:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_nothing_over")]
    operations = [
        migrations.CreateModel(
            name="Stamp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("answer", models.BinaryField()),
                ("kept_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "checkpoint",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stamp",
                        to="ledger.checkpoint",
                    ),
                ),
            ],
        ),
        migrations.RunPython(add_triggers, migrations.RunPython.noop),
    ]
