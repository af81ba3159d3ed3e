"""The line of the checklist that letters fulfil: it ends by the fact that everybody was told, not by a click."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.functions import Now

from offboarding.execution.models import Run
from offboarding.execution.rules import Ended
from offboarding.ledger.actions import APP, Event, record
from offboarding.letters import queries
from offboarding.letters.rules import TITLES, Kind, Means, Standing, expected_in, told
from offboarding.removals.models import RemovalRequest
from offboarding.work.actions import move
from offboarding.work.rules import State

TELLING = "tell"


def waits(removal: RemovalRequest) -> QuerySet[Run]:
    """The step, while its turn has come and nobody has ended it."""
    found = Run.objects.filter(item__plan__removal=removal, item__code=TELLING, state=State.NEEDS_PERSON)
    return found.select_related("item__plan").order_by("-item__plan__version")


def fulfil(removal: RemovalRequest) -> None:
    """In the caller's transaction. Twice ends it once."""
    run = waits(removal).first()
    if run is None:
        return
    expected = {
        each.pk: expected_in(queries.conditions_of(each), removal.emergency, removal.machine)
        for each in queries.clients_in(removal)
    }
    if not told(queries.standing_of(removal), expected):
        return
    sentence = sentence_for(removal)
    changes = {
        "ended": Ended.CHANGED,
        "ended_at": Now(),
        "sentence": sentence[:500],
        "cause": "",
        "touched_at": Now(),
    }
    facts = {"item": run.item.number, "title": run.item.title, "ended": Ended.CHANGED.value, "says": sentence}
    if move(run, State.DONE, **changes):
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
