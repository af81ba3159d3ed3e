"""Addresses in small letters: under any other form nobody could sign in with a password."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F
from django.db.models.functions import Lower


def write_small(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    users = apps.get_model("users", "User").objects
    users.exclude(email=Lower(F("email"))).update(email=Lower(F("email")))


class Migration(migrations.Migration):
    dependencies = [("users", "0005_what_keys_may")]
    operations = [migrations.RunPython(write_small, migrations.RunPython.noop)]
