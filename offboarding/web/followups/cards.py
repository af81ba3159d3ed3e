"""The agenda's parts: what is late, today, the next days, later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as lazy

from offboarding.web.cards import WorkRowCard
from offboarding.web.followups.sources import Dated
from offboarding.web.removal.clock import Clock

TITLES = {
    "late": lazy("Late, or waiting for somebody"),
    "today": lazy("Today"),
    "soon": lazy("Next 7 days"),
    "later": lazy("Later"),
}


@dataclass(frozen=True, slots=True)
class PartCard:
    id: str
    title: str
    rows: tuple[WorkRowCard, ...]


def parts(found: Sequence[Dated], clock: Clock) -> tuple[PartCard, ...]:
    by_part = {name: tuple(each.row for each in found if part_of(each, clock) == name) for name in TITLES}
    return tuple(
        PartCard(name, f"{TITLES[name]} ({len(rows)})", rows) for name, rows in by_part.items() if rows
    )


def part_of(each: Dated, clock: Clock) -> str:
    """By the reader's days. What is to happen this moment is not late."""
    if each.stopped or each.when < clock.now - timedelta(minutes=5):
        return "late"
    days = (each.when.astimezone(clock.zone).date() - clock.now.astimezone(clock.zone).date()).days
    if days <= 0:
        return "today"
    return "soon" if days <= 7 else "later"
