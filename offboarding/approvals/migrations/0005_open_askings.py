"""What waited for a decision before requests for approval had an end: it ends a week from now, with a reminder before."""

from datetime import timedelta

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone


def give_an_end(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    asking, plan = apps.get_model("approvals", "Asking"), apps.get_model("checklist", "Plan")
    now, newest = timezone.now(), dict[int, int]()
    for pk, removal in (
        plan.objects.filter(removal__stage="planned").order_by("version").values_list("pk", "removal_id")
    ):
        newest[removal] = pk
    for pk in newest.values():
        asking.objects.create(
            plan_id=pk,
            asked_at=now,
            remind_at=now + timedelta(days=1),
            escalate_at=now + timedelta(days=3),
            expires_at=now + timedelta(days=7),
        )


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0004_askings"),
        ("checklist", "0003_restoring"),
        ("removals", "0005_expiring"),
    ]
    operations = [migrations.RunPython(give_an_end, migrations.RunPython.noop)]
