"""Making what is kept stay longer. Slow; each batch is committed by itself, and doing one twice changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction

from offboarding.evidence import store
from offboarding.evidence.models import Evidence
from offboarding.evidence.rules import keep_longer
from offboarding.evidence.store import NotStored
from offboarding.packets.models import Packet
from offboarding.retention import actions
from offboarding.retention.models import Extension
from offboarding.retention.queries import evidence_of, packets_of
from offboarding.work.actions import Hold as Lease
from offboarding.work.actions import keep, put_down
from offboarding.work.rules import State

BATCH = 500
# Longer than any work that read the client's years before they changed, and names its file after that.
ONCE_MORE = timedelta(minutes=15)
AGAIN = timedelta(seconds=30)
STRAGGLERS = "What was being written meanwhile"


def perform(extension: Extension) -> None:
    try:
        lengthen(extension)
    except NotStored as error:
        trouble = f"The last days cannot be set where the files are: {error.facts['why']}. Next try"[:200]
        put_down(extension, State.WAITING, after=AGAIN, waiting_for=trouble)


def lengthen(extension: Extension) -> None:
    lease = Lease(extension)
    files = evidence_of(extension.client).order_by("pk")
    while batch := list(files.filter(pk__gt=extension.reached)[:BATCH]):
        lengthen_files(extension, batch, lease)
    lengthen_packets(extension)
    if not extension.through:
        return put_down(extension, State.WAITING, after=ONCE_MORE, through=True, waiting_for=STRAGGLERS)
    actions.extended(extension)


def lengthen_files(extension: Extension, batch: Sequence[Evidence], lease: Lease) -> None:
    """Where the bytes are first, and then the rows: no row promises more than holds."""
    by_day = defaultdict[date, list[int]](list)
    for each in batch:
        longer = keep_longer(each.keep_until, each.taken_at.date(), extension.years)
        lease.touch()
        if longer > each.keep_until:
            store.lengthen(each.sha256, longer)
            by_day[longer].append(each.pk)
    with transaction.atomic():
        raised = sum(
            Evidence.objects.filter(pk__in=pks, keep_until__lt=day).update(keep_until=day)
            for day, pks in by_day.items()
        )
        keep(extension, reached=batch[-1].pk, files=extension.files + raised)


def lengthen_packets(extension: Extension) -> None:
    """Few, beside the files; those that are still being made too, since their day was set when they were begun."""
    with transaction.atomic():
        raised = 0
        for each in packets_of(extension.client).exclude(keep_until=None):
            assert each.sealed_at and each.keep_until
            longer = keep_longer(each.keep_until, each.sealed_at.date(), extension.years)
            raised += Packet.objects.filter(pk=each.pk, keep_until__lt=longer).update(keep_until=longer)
        keep(extension, packets=extension.packets + raised)
