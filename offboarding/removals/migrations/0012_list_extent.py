from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("removals", "0011_merging_accounts"),
    ]

    operations = [
        migrations.AddField(
            model_name="batchrow",
            name="stays",
            field=models.CharField(blank=True, max_length=254),
        ),
        migrations.AddField(
            model_name="batchrow",
            name="takes",
            field=models.CharField(blank=True, max_length=2000),
        ),
    ]
