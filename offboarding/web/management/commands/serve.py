from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from offboarding.journey.standstill import stand_still
from offboarding.ledger.rules import Actor
from offboarding.server import Serving, serve
from offboarding.work.starting import why_not

BY_COMMAND = Actor("command", "serve", "manage.py serve --paused")


class Command(BaseCommand):
    help = "Serves the pages; with an engine inside, unless told otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", action="append", help="address and port (default 127.0.0.1:8000)")
        parser.add_argument("--threads", type=int, default=24, help="requests at once")
        parser.add_argument("--no-engine", action="store_true", help="slow work is done by engines elsewhere")
        parser.add_argument("--paused", action="store_true", help="the engine stands still first")

    def handle(self, *_args: Any, **options: Any) -> None:
        if lacks := why_not():
            raise CommandError(f"Offboard cannot start.\n{lacks}")
        if options["paused"]:
            stand_still("Offboard was started with --paused.", BY_COMMAND)
        serving = Serving(
            bind=tuple(options["bind"] or ["127.0.0.1:8000"]),
            threads=options["threads"],
            engine_threads=0 if options["no_engine"] else settings.ENGINE_THREADS,
            engine_processes=settings.ENGINE_PROCESSES,
        )
        sys.exit(serve(serving))
