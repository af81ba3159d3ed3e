from __future__ import annotations

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from offboarding.work.engine import Engine


class Command(BaseCommand):
    help = "Does all slow work: one engine or many, with or without Redis and Celery workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--threads", type=int, default=settings.ENGINE_THREADS)

    def handle(self, *_args: Any, **options: Any) -> None:
        engine = Engine(options["threads"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: engine.stop())
        engine.run()
