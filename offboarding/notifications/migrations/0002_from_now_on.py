"""The follower of a ledger that has entries already begins at its end: nobody is told of what is long over."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.notifications.rules import MAIL


def begin_at_the_end(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    head = apps.get_model("ledger", "Head").objects.filter(pk=1).first()
    cursors = apps.get_model("notifications", "Cursor").objects
    cursors.get_or_create(follower=MAIL, defaults={"seq": head.seq if head else 0})


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]
    operations = [migrations.RunPython(begin_at_the_end, migrations.RunPython.noop)]
