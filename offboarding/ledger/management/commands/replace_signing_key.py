from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from offboarding.ledger.actions import change_key
from offboarding.ledger.keys import KeyChanged, signer


class Command(BaseCommand):
    help = "Lets the ledger go on with the signing key of the settings although the one before is lost."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--lost", required=True, help="what happened to the key before; it stands in the record"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        why = options["lost"].strip()
        if not 0 < len(why) <= 300:
            raise CommandError("Say in 1 to 300 characters what happened to the key before.")
        try:
            change_key(signer(), why)
        except KeyChanged as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The ledger goes on with the key {signer().key_id}. Tell auditors its fingerprint."
        )
