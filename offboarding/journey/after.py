"""What goes on after a request is closed: rotations that wait for their senders, and the packet that tells their end."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef

from offboarding.execution.models import Run
from offboarding.packets import actions as packets
from offboarding.packets import later
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.work.rules import State


def left_over() -> list[int]:
    """Closed requests with a step that has not begun, or with something that no packet tells of yet."""
    rows = Run.objects.filter(later.LEFT, item__plan__removal=OuterRef("pk"))
    waiting = rows.filter(state=State.WAITING, not_before=None)
    begins = RemovalRequest.objects.filter(Exists(waiting), stage=Stage.CLOSED)
    found = {*begins.values_list("pk", flat=True), *later.untold().values_list("pk", flat=True)}
    return sorted(found)


def seal_again(pk: int) -> None:
    """One more version of the packet, if there is something that none tells of."""
    with transaction.atomic():
        removal = RemovalRequest.objects.select_for_update().get(pk=pk)
        if said := later.news(removal):
            packets.order(removal, "\n".join(said))


def may_begin(run: Run) -> bool:
    return not run.item.blocks_closing and not run.item.at
