"""The reader's clock: one zone and one moment for everything on a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.translation import gettext as _

from offboarding.web.cards import DueCard, TimeCard
from offboarding.web.http import now, zone_of


@dataclass(frozen=True, slots=True)
class Clock:
    zone: ZoneInfo
    now: datetime

    @classmethod
    def of(cls, request: Any) -> Clock:
        return cls(zone_of(request), now())

    def time(self, when: datetime, *, seconds: bool = False, utc: bool = False, day: bool = True) -> TimeCard:
        return TimeCard.of(when, self.zone, self.now, seconds=seconds, utc=utc, day=day)

    def due(self, due: datetime, start: datetime) -> DueCard:
        return DueCard.of(due, start, self.zone, self.now)

    def says(self, when: datetime, *, seconds: bool = False) -> str:
        """ "today 12:04 CEST", for the middle of a sentence."""
        return self.time(when, seconds=seconds).absolute

    def short(self, when: datetime) -> str:
        """ "12:04:10", with the day in front when it is not today. The zone stands in the sentence around it."""
        local = when.astimezone(self.zone)
        same_day = local.date() == self.now.astimezone(self.zone).date()
        return dateformat.format(local, "H:i:s" if same_day else "j M H:i")

    def counts_down(self, when: datetime, *, seconds: bool = True) -> str:
        """ "today 12:04:10 CEST, in 18 s"."""
        card = self.time(when, seconds=seconds)
        return _("%(when)s, %(relative)s") % {"when": card.absolute, "relative": card.relative}
