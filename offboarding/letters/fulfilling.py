"""The lines of the checklist that letters fulfil: they end by the fact that everybody was told, not by a click."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.functions import Now

from offboarding.checklist.models import Plan
from offboarding.execution.models import Run
from offboarding.execution.rules import Ended
from offboarding.ledger.actions import APP, Event, record
from offboarding.letters import queries
from offboarding.letters.rules import TITLES, Kind, Means, Standing, expected_in, told
from offboarding.removals.models import RemovalRequest
from offboarding.work.actions import move
from offboarding.work.rules import State

TELLING = ("tell", "tell-reduced")


def waits(removal: RemovalRequest) -> QuerySet[Run]:
    """The steps, while their turn has come and nobody has ended them."""
    newest = Plan.objects.filter(removal=removal).order_by("-version").values("pk")[:1]
    found = Run.objects.filter(item__plan__in=newest, item__code__in=TELLING, state=State.NEEDS_PERSON)
    return found.select_related("item")


def fulfil(removal: RemovalRequest) -> None:
    """In the caller's transaction. Twice ends them once."""
    if not (runs := list(waits(removal))):
        return
    clients = queries.clients_in(removal)
    expected = {
        each.pk: expected_in(queries.conditions_of(each), removal.emergency, removal.machine)
        for each in clients
    }
    if not told(queries.standing_of(removal), expected):
        return
    says = sentence_for(removal)
    ended = {
        "ended": Ended.CHANGED,
        "ended_at": Now(),
        "sentence": says[:500],
        "cause": "",
        "touched_at": Now(),
    }
    for run in runs:
        facts = {"item": run.item.number, "title": run.item.title, "ended": Ended.CHANGED.value, "says": says}
        if move(run, State.DONE, **ended):
            record(Event.ITEM_DONE, actor=APP, about=removal.reference, facts=facts)


def sentence_for(removal: RemovalRequest) -> str:
    parts = []
    for letter in queries.letters_of(removal):
        if letter.standing == Standing.WITHDRAWN:
            parts.append(f"{TITLES[Kind(letter.kind)]}: given up, {letter.because}")
        elif queries.went(letter):
            paper = any(each.means == Means.PAPER for each in letter.deliveries.all())
            parts.append(f"{TITLES[Kind(letter.kind)]}: {'document made' if paper else 'sent'}")
    return ". ".join(parts) + "."
