import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

ENVIRONMENTS = [("production", "Production"), ("staging", "Staging"), ("development", "Development")]


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0006_owners"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "workspace",
            "environment_wanted",
            models.CharField(blank=True, choices=ENVIRONMENTS, default="", max_length=12),
            preserve_default=False,
        ),
        migrations.AddField("workspace", "wanted_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "workspace",
            "wanted_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "workspace",
            models.CheckConstraint(
                condition=models.Q(environment_wanted="", wanted_by=None, wanted_at=None)
                | ~models.Q(environment_wanted="")
                & ~models.Q(environment_wanted=models.F("environment"))
                & models.Q(wanted_by__isnull=False, wanted_at__isnull=False),
                name="another_environment_is_somebodys_wish",
            ),
        ),
    ]
