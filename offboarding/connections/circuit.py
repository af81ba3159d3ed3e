"""What using a connection teaches about it: that Segment wants us to wait, or that no clear answer comes any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from offboarding.connections.models import Workspace
from offboarding.connections.queries import facts_of
from offboarding.connections.rules import TROUBLES_TO_OPEN, open_for
from offboarding.directory.changes import reference
from offboarding.ledger.actions import APP, Event, record


def pause(pk: int, seconds: float) -> None:
    """Nobody uses this credential for so long, by the clock of the database. A pause is only ever made longer."""
    until = Now() + timedelta(seconds=seconds)
    longer = Q(paused_until=None) | Q(paused_until__lt=until)
    Workspace.objects.filter(longer, pk=pk).update(paused_until=until)


def no_clear_answer(pk: int) -> None:
    """One more call came to nothing. Enough of them open the circuit, and the first opening is told."""
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=pk)
        troubles, was_closed = min(workspace.troubles + 1, 1000), workspace.open_until is None
        changes: dict[str, Any] = {"troubles": troubles}
        if troubles >= TROUBLES_TO_OPEN:
            changes["open_until"] = Now() + open_for(troubles)
        Workspace.objects.filter(pk=pk).update(**changes)
        if was_closed and "open_until" in changes:
            record(
                Event.CIRCUIT_OPENED,
                actor=APP,
                about=reference(workspace),
                facts={**facts_of(workspace), "troubles": troubles},
            )


def answers_again(pk: int) -> None:
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=pk)
        was_open = workspace.open_until is not None
        closed = {"closed_at": Now()} if was_open else {}
        Workspace.objects.filter(pk=pk).update(troubles=0, open_until=None, **closed)
        if was_open:
            record(Event.CIRCUIT_CLOSED, actor=APP, about=reference(workspace), facts=facts_of(workspace))


def takes_the_probe(pk: int) -> bool:
    """True for the one caller that may try an open circuit now; for the others it stays open a while longer."""
    due = Workspace.objects.filter(pk=pk, open_until__lte=Now())
    return bool(due.update(open_until=Now() + open_for(TROUBLES_TO_OPEN)))
