"""All migrations up to 0002 in one, for a database that has none of these tables yet."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import offboarding.emergencies.rules


class Migration(migrations.Migration):
    replaces = [("emergencies", "0001_initial"), ("emergencies", "0002_one_for_each_client")]

    initial = True

    dependencies = [
        ("checklist", "0003_restoring"),
        ("directory", "0001_initial"),
        ("removals", "0005_expiring"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Brake",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("says", models.CharField(max_length=300)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "plan",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="brake", to="checklist.plan"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Emergency",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fingerprint", models.CharField(max_length=64)),
                ("incident", models.CharField(max_length=100)),
                ("known_since", models.DateTimeField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("text", models.CharField(max_length=300)),
                ("method", models.CharField(blank=True, max_length=60)),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                (
                    "because",
                    models.CharField(
                        blank=True, choices=[("factor", "factor"), ("volume", "volume")], max_length=8
                    ),
                ),
                ("second_method", models.CharField(blank=True, max_length=60)),
                ("second_address", models.GenericIPAddressField(blank=True, null=True)),
                ("places", models.PositiveIntegerField()),
                ("review_due_at", models.DateTimeField()),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("overdue_at", models.DateTimeField(blank=True, null=True)),
                ("followed", models.JSONField(default=dict)),
                (
                    "released_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "removal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="released",
                        to="removals.removalrequest",
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="others",
                        to="emergencies.emergency",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("second", models.F("released_by")), _negated=True),
                        name="the_second_person_is_another_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("because", ""), ("second", None)),
                            models.Q(("second__isnull", False), models.Q(("because", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="a_second_person_has_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("method", ""), _negated=True),
                            models.Q(
                                ("because", offboarding.emergencies.rules.Because["FACTOR"]),
                                ("second__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="released_with_a_proof_or_by_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("incident", ""), _negated=True),
                        name="an_emergency_names_its_incident",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Ask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "because",
                    models.CharField(choices=[("factor", "factor"), ("volume", "volume")], max_length=8),
                ),
                ("addresses", models.JSONField()),
                ("person_name", models.CharField(blank=True, max_length=120)),
                ("workspaces", models.JSONField()),
                ("clients", models.JSONField()),
                ("incident", models.CharField(max_length=100)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("contract-ended", "Contract ended"),
                            ("handed-over", "Work handed over"),
                            ("support-expired", "Support period expired"),
                            ("client-terminated", "Client terminated the engagement"),
                            ("workspaces-dropped", "Workspaces dropped from scope"),
                            ("partial", "Partial offboarding"),
                            ("accounts-consolidated", "Accounts consolidated"),
                            ("credentials-compromised", "Credentials compromised"),
                            ("unauthorised-access", "Unauthorised access"),
                            ("compliance-violation", "Compliance violation"),
                            ("audit-finding", "Audit finding"),
                            ("person-left", "Person left or changed role"),
                            ("service-account-retired", "Service account retired"),
                            ("sso-migration", "SSO or SCIM migration (provisioned again later)"),
                            ("credential-rotation", "Credential rotation (invited again later)"),
                            ("something-broke", "Something stopped working"),
                        ],
                        max_length=40,
                    ),
                ),
                ("known_since", models.DateTimeField()),
                ("time_zone", models.CharField(max_length=60)),
                ("text", models.CharField(max_length=300)),
                ("method", models.CharField(blank=True, max_length=60)),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ends_at", models.DateTimeField()),
                ("digest", models.CharField(max_length=64)),
                ("open", models.BooleanField(default=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "emergency",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="asked",
                        to="emergencies.emergency",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("open", True)),
                        fields=("asked_by", "digest"),
                        name="one_ask_for_one_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("emergency", None), ("open", True)), ("open", False), _connector="OR"
                        ),
                        name="an_open_ask_has_released_nothing",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=254)),
                ("held", models.BooleanField(default=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="directory.client"
                    ),
                ),
                (
                    "emergency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="emergencies.emergency",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("held", True)),
                        fields=("client", "address"),
                        name="one_open_emergency_per_person_and_client",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verdict",
                    models.CharField(choices=[("confirm", "confirm"), ("object", "object")], max_length=8),
                ),
                ("note", models.TextField(max_length=2000)),
                ("text", models.CharField(max_length=300)),
                ("method", models.CharField(max_length=60)),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "emergency",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="review",
                        to="emergencies.emergency",
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reviewer", models.F("released_by")), _negated=True),
                        name="who_releases_does_not_review",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("second", None),
                            models.Q(("reviewer", models.F("second")), _negated=True),
                            _connector="OR",
                        ),
                        name="who_confirms_does_not_review",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("note", ""), _negated=True),
                        name="a_review_says_what_was_looked_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("items", models.JSONField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("text", models.CharField(max_length=300)),
                ("method", models.CharField(max_length=60)),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "emergency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="turns",
                        to="emergencies.emergency",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
    ]
