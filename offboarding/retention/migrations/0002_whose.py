"""Whose record each piece of evidence is, for what was kept before that was noted: by what names it."""

from typing import Any

from django.db import migrations
from django.db.models import Exists, OuterRef, Subquery


def say_whose(apps: Any, _editor: Any) -> None:
    evidence = apps.get_model("evidence", "Evidence").objects
    look = apps.get_model("discovery", "Snapshot").objects.filter(raw=OuterRef("pk"))
    call = apps.get_model("execution", "Attempt").objects.filter(exchanges=OuterRef("pk"))
    proof = apps.get_model("execution", "Proof").objects.filter(evidence=OuterRef("pk"))
    ways = (
        (look, "workspace__client"),
        (call, "run__item__workspace__client"),
        (proof, "run__item__workspace__client"),
        (proof, "run__item__plan__removal__places__workspace__client"),
    )
    for found, client in ways:
        named = found.exclude(**{client: None}).order_by("pk").values(client)[:1]
        evidence.filter(Exists(named), client=None).update(client=Subquery(named))


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0001_initial"),
        ("evidence", "0003_client"),
        ("discovery", "0001_initial"),
        ("execution", "0006_urgent"),
    ]
    operations = [migrations.RunPython(say_whose, migrations.RunPython.noop)]
