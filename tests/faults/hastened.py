"""The product's own programs, with time made shorter (see `workers`).

`python -m tests.faults.hastened engine` is `manage.py engine`; `celery -A tests.faults.hastened worker` is a worker.
"""

from __future__ import annotations

import sys

import django

django.setup()

from offboarding.celery import app as app
from tests.faults.workers import hasten

LEASE = 5.0  # seconds: longer than a call's deadline, also where many processes share two processors

hasten(LEASE)

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])
