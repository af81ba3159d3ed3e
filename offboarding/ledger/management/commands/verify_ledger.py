from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from offboarding.ledger import queries
from offboarding.ledger.models import Checkpoint, Entry


class Command(BaseCommand):
    help = "Checks every entry of the ledger and every checkpoint, and names the first that is wrong."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for check in (queries.broken, queries.wrong_checkpoint, queries.misread, queries.cut_off):
            if found := check():
                raise CommandError(f"The ledger is broken: {found.says}.")
        self.stdout.write(
            f"{Entry.objects.count()} entries and {Checkpoint.objects.count()} checkpoints hold."
        )
