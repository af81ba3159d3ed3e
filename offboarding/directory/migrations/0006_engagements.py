import django.db.models.deletion
from django.db import migrations, models

ROLES = ["requester", "approver", "operator"]


class Migration(migrations.Migration):
    dependencies = [("directory", "0005_records")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="engagement",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to="directory.engagement",
            ),
        ),
        migrations.RemoveConstraint(model_name="membership", name="one_membership_per_role"),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                condition=models.Q(("engagement", None)),
                fields=("user", "role", "client"),
                name="one_membership_per_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("user", "role", "engagement"), name="one_membership_per_engagement"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("engagement", None),
                    models.Q(("client__isnull", False), ("role__in", ROLES)),
                    _connector="OR",
                ),
                name="who_works_within_an_engagement",
            ),
        ),
    ]
