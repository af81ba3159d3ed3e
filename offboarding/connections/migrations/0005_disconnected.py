from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0001_squashed_0004_wanted")]
    operations = [
        migrations.AddField("workspace", "ended_at", models.DateTimeField(blank=True, null=True)),
    ]
