from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from offboarding.directory.sign_in import set_on
from offboarding.ledger.rules import Actor
from offboarding.lib.refusals import Refused
from offboarding.users.models import SignInProvider

COMMAND = Actor("command", "sign_in_off", "manage.py sign_in_off")


class Command(BaseCommand):
    help = (
        "Switches a provider of sign-in off, so that people who come from it may use their passwords again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the provider's name as it stands on its button, or in its address")

    def handle(self, *_args: Any, **given: Any) -> None:
        rows = list(SignInProvider.objects.all())
        found = next(
            (row for row in rows if given["name"].casefold() in (row.slug, row.name.casefold())), None
        )
        if found is None:
            known = ", ".join(row.name for row in rows) or "none"
            raise CommandError(f"There is no provider {given['name']}. Providers: {known}.")
        try:
            set_on(COMMAND, found, on=False)
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{found.name} is off.")
