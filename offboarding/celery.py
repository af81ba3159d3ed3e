"""Celery carries one sentence: look at row X. The row is the truth; a lost message costs a few seconds."""

from __future__ import annotations

import os
import sys

from celery import Celery
from celery.signals import setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "offboarding.settings")

from django.conf import settings

from offboarding.env import WrongSetting

try:
    REDIS_URL: str = settings.REDIS_URL
except WrongSetting as error:
    sys.exit(f"Offboard cannot start.\n{error}")

app = Celery("offboarding")
app.conf.update(
    broker_url=REDIS_URL or "memory://",
    # A broker that is silent is not waited for: nudges are dropped, and workers ask again.
    broker_transport_options={"socket_timeout": 2, "socket_connect_timeout": 2, "visibility_timeout": 3600},
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # a worker outlives any outage; Celery's own hundred tries end within an hour
    broker_pool_limit=4,
    task_ignore_result=True,
    task_publish_retry=False,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_redirect_stdouts=False,
)
app.autodiscover_tasks(["offboarding.work"])


@worker_init.connect
def ask_first(**_kwargs: object) -> None:
    """Before the worker takes its first message."""
    from offboarding.work.starting import settle, why_not

    if lacks := why_not():
        sys.exit(f"Offboard cannot start.\n{lacks}")
    settle()


@setup_logging.connect
def use_djangos_logging(**_kwargs: object) -> None:
    """Connecting is enough: Celery then leaves the logging that Django has set up alone."""
