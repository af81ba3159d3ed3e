import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0007_own_rights"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="approval",
            name="right_of",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.RemoveConstraint(
            model_name="approval",
            name="one_decision_per_person_and_plan",
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("decision", "ask"), _negated=True), ("fell_at", None)),
                fields=("plan", "approver"),
                name="one_decision_per_person_and_plan",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("decision", "ask"), _negated=True), ("fell_at", None)),
                fields=("plan", "right_of"),
                name="one_decision_per_right_and_plan",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("right_of", models.F("requester")), _negated=True),
                    models.Q(("right_of", models.F("plan_made_by")), _negated=True),
                ),
                name="nobody_decides_for_requester_or_editor",
            ),
        ),
    ]
