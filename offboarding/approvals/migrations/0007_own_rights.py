"""Whoever decided before rights could be delegated decided by their own, as an approver."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def fill(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    made = apps.get_model("approvals", "Approval").objects.filter(right_of=None)
    made.update(right_of=F("approver"), held=["approver"])


class Migration(migrations.Migration):
    dependencies = [("approvals", "0006_rights")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
