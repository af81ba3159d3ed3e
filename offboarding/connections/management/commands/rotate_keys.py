from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from offboarding.ledger.actions import Event, record
from offboarding.ledger.rules import Actor
from offboarding.work import sealed

COMMAND = Actor("command", "rotate_keys", "manage.py rotate_keys")


class Command(BaseCommand):
    help = "Seals everything anew with the first of the sealing keys. May be stopped at any moment and started again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--give-up", action="store_true", help="let go of what no key opens; people enter it again"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        renewed = sealed.reseal(self.stdout.write)
        given_up = sealed.give_up() if options["give_up"] else None
        if renewed or given_up:
            with transaction.atomic():
                record(
                    Event.SECRETS_RESEALED,
                    actor=COMMAND,
                    facts={"renewed": dict(renewed), "given_up": dict(given_up or {})},
                )
        self.stdout.write(f"Sealed anew: {sealed.listed(renewed) or 'nothing, all is under the first key'}.")
        if given_up:
            self.stdout.write(f"Given up: {sealed.listed(given_up)}.")
        if lacks := sealed.missing_key():
            raise CommandError(lacks)
        if len(settings.SEALING_KEYS) > 1:
            self.stdout.write("Everything is under the first key. The keys behind it may go.")
