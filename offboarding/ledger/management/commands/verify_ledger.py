from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from offboarding.ledger import queries
from offboarding.ledger.models import Checkpoint, Entry
from offboarding.lib.merkle import Tree


class Command(BaseCommand):
    help = "Checks every entry of the ledger and every checkpoint, and names the first that is wrong."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if broken := queries.broken():
            raise CommandError(f"The ledger is broken: {broken.says}.")
        tree = Tree(data for _, _, data in queries.rows())
        for made in Checkpoint.objects.order_by("size"):
            if made.size > len(tree) or tree.root(made.size) != made.root:
                raise CommandError(f"The ledger does not agree with its checkpoint at entry {made.size}.")
        self.stdout.write(
            f"{Entry.objects.count()} entries and {Checkpoint.objects.count()} checkpoints hold."
        )
