import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0006_engagements"), ("packets", "0008_several_copies")]

    operations = [
        migrations.AddField(
            model_name="redaction",
            name="client",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                to="directory.client",
            ),
        ),
    ]  # fmt: skip
