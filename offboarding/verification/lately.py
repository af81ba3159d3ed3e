"""What our copy of the audit trail has about a person's own acts, so that only the newest are asked for again. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from offboarding.connections.models import Workspace
from offboarding.trail import queries as trail
from offboarding.trail.rules import Told

# An older copy may lack what was done meanwhile and shows up late; then all is read anew.
FRESH = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Lately:
    """Up to `until` (None: nothing) every event is copied; `of` counts them, `own` are the person's, with what came."""

    until: datetime | None = None
    of: int = 0
    own: tuple[tuple[Told, Mapping[str, Any]], ...] = ()


def lately(
    workspace: Workspace, ids: Collection[str], addresses: Collection[str], start: datetime, now: datetime
) -> Lately:
    """From `start` on. What is so new that it may still change is left out. Two queries."""
    copy = trail.copy_of(workspace)
    reach = copy.reach if copy else None
    if reach is None or now - reach.until > FRESH or not reach.covers(start, reach.until):
        return Lately()
    until = reach.until - timedelta(hours=settings.TRAIL_OVERLAP_HOURS)
    found = list(trail.events_in(workspace).filter(at__gte=start, at__lt=until))
    own = ((each.told, each.raw) for each in found)
    return Lately(until, len(found), tuple(pair for pair in own if pair[0].is_by(ids, addresses)))
