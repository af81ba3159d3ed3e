"""Whose record each piece is, and a last day that moves in one direction only."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from offboarding.lib.triggers import allow, refuse_where

TABLE = "evidence_evidence"
FIXED = ("id", "sha256", "size", "media_type", "name", "shows", "source", "origin", "taken_by", "taken_at")
# The client of what was kept before this migration is said once.
WRONG = (
    "NEW.keep_until < OLD.keep_until OR (OLD.client_id IS NOT NULL "
    "AND (NEW.client_id IS NULL OR NEW.client_id <> OLD.client_id))"
)
NOTHING_GROWS = "(NEW.keep_until = OLD.keep_until AND (OLD.client_id IS NOT NULL OR NEW.client_id IS NULL))"


def only_the_last_day(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    vendor = editor.connection.vendor
    changed = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FIXED)
    editor.execute(allow(vendor, TABLE, "UPDATE"), params=None)
    says = f"{TABLE} only grows, and is kept at least as long as was said"
    for statement in refuse_where(vendor, TABLE, "UPDATE", f"{changed} OR {WRONG} OR {NOTHING_GROWS}", says):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("directory", "0004_retention"), ("evidence", "0002_only_grows")]
    operations = [
        migrations.AddField(
            model_name="evidence",
            name="client",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.client",
            ),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(fields=["client", "keep_until"], name="evidence_keep_until"),
        ),
        migrations.RunPython(only_the_last_day, migrations.RunPython.noop),
    ]
