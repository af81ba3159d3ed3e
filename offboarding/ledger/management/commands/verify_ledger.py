from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from offboarding.ledger import keys, whole
from offboarding.ledger.models import Checkpoint, Entry, Stamp
from offboarding.ledger.rules import Statement, statement_in


class Command(BaseCommand):
    help = "Checks every entry of the ledger, every checkpoint and every time stamp, and names the first that is wrong."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="checkpoints that were kept outside, one a line; may be repeated",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        outside = [said for path in options["checkpoint"] for said in statements(path)]
        if found := whole.first_wrong(outside):
            raise CommandError(f"The ledger is broken: {found.says}.")
        for key in keys.known_keys().values():
            if key.lost:
                self.stdout.write(f"No key before signed for the key {key.key_id}: {key.lost}")
        also = f" {len(outside)} checkpoints from outside hold too." if outside else ""
        also += stamps()
        self.stdout.write(
            f"{Entry.objects.count()} entries and {Checkpoint.objects.count()} checkpoints hold.{also}"
        )


def stamps() -> str:
    """What is to be said of time stamps, if there are any."""
    count = Stamp.objects.count()
    if not count:
        return ""
    if not settings.TIME_STAMP_CA:
        return f" {count} time stamps were not checked: OFFBOARD_TIME_STAMP_CA names no certificates."
    return f" {count} time stamps hold too."


def statements(path: Path) -> list[Statement]:
    """What the file says. An empty file, or one with anything else in it, proves nothing, so it is refused."""
    try:
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    said = [statement_in(line) for line in lines]
    if not said or None in said:
        wrong = said.index(None) + 1 if said else 1
        raise CommandError(f"{path}, line {wrong}: this is no checkpoint.")
    return [each for each in said if each]
