"""A policy begins as a proposal, what was proposed is what is approved, and what was decided stays."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import refuse, refuse_where

TABLE = "approvals_policyversion"
FIXED = ("policy_id", "proposed_by_id", "terms_data", "ends", "why", "proposed_method")
CHANGES = " OR ".join(["OLD.standing <> 'proposed'", *(f"NEW.{name} <> OLD.{name}" for name in FIXED)])


def add_triggers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    vendor = editor.connection.vendor
    for statement in (
        *refuse(vendor, TABLE, "DELETE"),
        *refuse_where(vendor, TABLE, "INSERT", "NEW.standing <> 'proposed'", "a policy begins as a proposal"),
        *refuse_where(vendor, TABLE, "UPDATE", CHANGES, "a policy version stands as it was proposed"),
    ):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_policies")]
    operations = [migrations.RunPython(add_triggers, migrations.RunPython.noop)]
