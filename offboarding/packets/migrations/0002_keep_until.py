"""Until when a packet has to be there: a day that moves in one direction only."""

from datetime import timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse_where

TABLE = "packets_packet"
SHORTER = "OLD.keep_until IS NOT NULL AND (NEW.keep_until IS NULL OR NEW.keep_until < OLD.keep_until)"


def say_for_those_there(apps: Any, _editor: BaseDatabaseSchemaEditor) -> None:
    """As the pages have said so far."""
    packets = apps.get_model("packets", "Packet").objects
    for each in packets.exclude(sealed_at=None).iterator():
        until = each.sealed_at.date() + timedelta(days=ceil(365.25 * settings.RETENTION_YEARS))
        packets.filter(pk=each.pk).update(keep_until=until)


def only_later(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    says = f"{TABLE} is kept at least as long as was said"
    for statement in refuse_where(editor.connection.vendor, TABLE, "UPDATE", SHORTER, says):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    # A trigger is not made in the transaction that changed rows of its table.
    atomic = False
    dependencies = [("packets", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="packet", name="keep_until", field=models.DateField(blank=True, null=True)
        ),
        migrations.RunPython(say_for_those_there, migrations.RunPython.noop),
        migrations.RunPython(only_later, migrations.RunPython.noop),
    ]
