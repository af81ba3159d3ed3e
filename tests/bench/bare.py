"""The calls of the four steps and nothing else: Celery tasks that keep no row, no try, no evidence and no lease."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from celery import Celery

from offboarding.gateways.outside import Outside
from offboarding.gateways.segment import NotThere, SegmentGateway

app = Celery("bare", broker=os.environ.get("OFFBOARD_REDIS_URL") or "memory://")
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1, worker_redirect_stdouts=False)


def open_gateway(url: str, token: str) -> SegmentGateway:
    return SegmentGateway(
        url,
        token,
        fingerprint=lambda secret: sha256(secret.encode()).hexdigest()[:16],
        outside=Outside(simulators=True),
    )


@app.task(name="bare.measure")
def measure(url: str, token: str, account: str) -> None:
    with open_gateway(url, token) as gateway:
        gateway.sources()
        gateway.destinations()
        for warehouse in gateway.warehouses():
            gateway.connection_state(warehouse.id)
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        gateway.volume_by_source("HOUR", end - timedelta(days=1), end)
    remove.delay(url, token, account)


@app.task(name="bare.remove")
def remove(url: str, token: str, account: str) -> None:
    with open_gateway(url, token) as gateway:
        gateway.member(account)
        gateway.member(account)
        gateway.groups_of(account)
        gateway.remove_member(account)
        try:
            gateway.member(account)
        except NotThere:
            list(gateway.members())
    read_again.delay(url, token)
    trail.delay(url, token)


@app.task(name="bare.read_again")
def read_again(url: str, token: str) -> None:
    with open_gateway(url, token) as gateway:
        list(gateway.members())
        list(gateway.invites())


@app.task(name="bare.trail")
def trail(url: str, token: str) -> None:
    with open_gateway(url, token) as gateway:
        list(gateway.audit_events(datetime.now(UTC) - timedelta(minutes=2), datetime.now(UTC)))
