"""Until when Segment still has the audit events of a request that are in no copy of ours yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from offboarding.removals.rules import Choice
from offboarding.trail.models import Copy
from offboarding.trail.queries import copies
from offboarding.trail.rules import LACKS, Lack, dropped_on
from offboarding.verification.traced import in_our_copy
from offboarding.web.removal.overview import Overview
from offboarding.web.setup.tabs import CONNECTIONS
from offboarding.web.trail.cards import often

SOON = timedelta(days=22)  # a quarter of the time that Segment keeps them


@dataclass(frozen=True, slots=True)
class OwedPlace:
    name: str
    why: str
    url: str
    act: str


@dataclass(frozen=True, slots=True)
class CountdownCard:
    title: str
    places: tuple[OwedPlace, ...]
    role: str
    icon: str

    @property
    def groups(self) -> list[tuple[OwedPlace, ...]]:
        """Those of which the same is said."""
        found: dict[tuple[str, str], list[OwedPlace]] = {}
        for place in self.places:
            found.setdefault((place.why, place.act), []).append(place)
        return [tuple(places) for places in found.values()]


def countdown(view: Overview) -> CountdownCard | None:
    """None before the work has begun, and once all its events are copied. Three queries."""
    begun = view.removal.started_at
    if begun is None:
        return None
    owed = owed_by(view, begun)
    if not owed:
        return None
    ends, now = dropped_on(begun), view.clock.now
    if now >= ends:
        title = _("Segment has dropped the audit events of this request since %(day)s")
        return CountdownCard(title % {"day": view.clock.says(ends)}, owed, "bad", "triangle")
    title = _("Segment drops the audit events of this request: %(when)s")
    role, icon = ("attention", "hand") if ends - now < SOON else ("info", "clock")
    return CountdownCard(title % {"when": view.clock.counts_down(ends, seconds=False)}, owed, role, icon)


def owed_by(view: Overview, begun: datetime) -> tuple[OwedPlace, ...]:
    """Places whose events are neither in our copy nor found by a step of this request."""
    acts = [place for place in view.places if place.choice != Choice.KEEP]
    found, kept = in_our_copy(view.plan), copies(place.workspace_id for place in acts)
    sees = view.scope.for_a_client(*CONNECTIONS)
    return tuple(
        owed(place.workspace, place.workspace_id, kept.get(place.workspace_id), sees)
        for place in acts
        if place.workspace_id not in found and not covers(kept.get(place.workspace_id), begun, place.at)
    )


def covers(copy: Copy | None, begun: datetime, verified: datetime | None) -> bool:
    """True once the copy reaches past the read that found the place empty: what led there was before it."""
    reach = copy.reach if copy else None
    return bool(reach and verified and reach.covers(begun, verified))


def owed(name: str, pk: int, copy: Copy | None, sees: bool) -> OwedPlace:
    lack = copy.lack if copy else ""
    why = (
        str(LACKS[Lack(lack)]) if lack else _("Not copied yet. It is copied %(often)s.") % {"often": often()}
    )
    url = f"/setup/connections/{pk}/events/{'file/' if lack else ''}" if sees else ""
    return OwedPlace(name, why, url, _("Add a CSV file") if lack else _("Copy now"))
