from typing import Any

from django.db import migrations


def onto_rosters(apps: Any, _schema: Any) -> None:
    """Whoever was on one engagement is on its roster."""
    people = apps.get_model("directory", "Collaborator")
    roster = people.engagements.through
    roster.objects.bulk_create(
        roster(collaborator_id=person, engagement_id=engagement)
        for person, engagement in people.objects.exclude(engagement=None).values_list("pk", "engagement_id")
    )


class Migration(migrations.Migration):
    dependencies = [("directory", "0002_clients")]

    operations = [
        migrations.RunPython(onto_rosters, migrations.RunPython.noop),
        migrations.RemoveField(model_name="collaborator", name="engagement"),
    ]
