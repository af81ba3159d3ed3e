"""What the ledger says of one client, engagement, person, workspace or setting: newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator

from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.ledger.queries import entries_on
from offboarding.web.cards import DayCard, EntryCard, PagerCard
from offboarding.web.http import Request
from offboarding.web.paging import pager
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.timeline import Told, day_title, read
from offboarding.web.setup.words import WORDS

PAGE = 25
Facts = Mapping[str, Any]


def history(request: Request, reference: str) -> tuple[tuple[DayCard, ...], PagerCard | None]:
    """One page of it, grouped by day. Two queries, however much there is."""
    here: Page[Entry] = Paginator(entries_on(reference), PAGE).get_page(request.GET.get("page"))
    return days(here, Clock.of(request)), pager(here, {})


def days(entries: Iterable[Entry], clock: Clock) -> tuple[DayCard, ...]:
    told = [read(entry) for entry in entries]
    by_day = groupby(told, key=lambda each: each.at.astimezone(clock.zone).date())
    return tuple(
        DayCard(day_title(day, clock), tuple(card(each, clock) for each in some)) for day, some in by_day
    )


def card(told: Told, clock: Clock) -> EntryCard:
    return EntryCard(
        kind="app" if told.app else "person",
        actor=told.actor,
        text=sentence(told.event, told.facts),
        time=clock.time(told.at, seconds=True, day=False),
        id=f"entry-{told.seq}",
    )


def sentence(event: Event, facts: Facts) -> str:
    says: Callable[[Facts], str] | None = WORDS.get(event)
    return says(facts) if says else event.value
