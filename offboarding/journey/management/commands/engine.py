from __future__ import annotations

import signal
from argparse import SUPPRESS
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from offboarding.journey.standstill import stand_still
from offboarding.ledger.rules import Actor
from offboarding.work.engine import Engine
from offboarding.work.starting import settle, why_not

BY_COMMAND = Actor("command", "engine", "manage.py engine --paused")
WHY = "The engine was started with --paused."


class Command(BaseCommand):
    help = "Does all slow work: one engine or many, with or without Redis and Celery workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threads", type=int, default=settings.ENGINE_THREADS)
        parser.add_argument(
            "--processes",
            type=int,
            default=settings.ENGINE_PROCESSES,
            help="each with so many threads: one process keeps one core busy",
        )
        parser.add_argument("--beside", type=int, default=0, help=SUPPRESS)
        parser.add_argument(
            "--paused",
            action="store_true",
            help="stand still first: look, change nothing, until somebody says so",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if lacks := why_not():
            raise CommandError(f"Offboard cannot start.\n{lacks}")
        if options["paused"]:
            stand_still(WHY, BY_COMMAND)
            self.stdout.write("The engine stands still until an administrator lets it go on: /setup/engine/")
        if options["threads"] < 1:
            return
        engine = Engine(options["threads"], options["processes"], options["beside"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: engine.stop())
        settle()
        engine.run()
