"""What goes on after a request is closed: rotations that wait for their senders, and the packet that tells their end."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from offboarding.checklist.queries import plan_under_way
from offboarding.execution.models import Run
from offboarding.journey.rules import SEALING
from offboarding.packets import actions as packets
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.work.rules import ENDED, State

# Rows of a plan that closing did not wait for, and that have no date of their own.
LEFT = Q(item__blocks_closing=False, item__at="") & ~Q(item__step=SEALING)


def left_over() -> list[int]:
    """Closed requests with a step that has not begun, or with an end that no packet tells of yet."""
    closed = RemovalRequest.objects.filter(stage=Stage.CLOSED)
    rows = Run.objects.filter(LEFT, item__plan__removal=OuterRef("pk"))
    waiting = rows.filter(state=State.WAITING, not_before=None)
    return list(closed.filter(Exists(waiting) | Exists(untold(rows))).values_list("pk", flat=True))


def untold(rows: QuerySet[Run]) -> QuerySet[Run]:
    """What ended after the newest packet was ordered."""
    later = Packet.objects.filter(
        removal=OuterRef("item__plan__removal"), created_at__gte=OuterRef("ended_at")
    )
    return rows.exclude(ended_at=None).exclude(Exists(later))


def seal_again(pk: int) -> None:
    """One more version of the packet, once everything that was left has ended."""
    with transaction.atomic():
        removal = RemovalRequest.objects.select_for_update().get(pk=pk)
        rows = Run.objects.filter(LEFT, item__plan=plan_under_way(removal))
        if rows.exclude(state__in=ENDED).exists() or not untold(rows).exists():
            return
        packets.order(removal)


def may_begin(run: Run) -> bool:
    return not run.item.blocks_closing and not run.item.at
