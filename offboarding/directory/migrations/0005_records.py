from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0004_retention")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="records_from",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="membership",
            name="records_until",
            field=models.DateField(blank=True, null=True),
        ),
    ]
