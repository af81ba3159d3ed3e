"""Which closed requests are asked for events that came late: those whose workspaces have got something new."""

from __future__ import annotations

from datetime import datetime, timedelta

from offboarding.verification import late
from offboarding.work import clock

# A page of events is kept in one transaction: what it kept is seen no later than so long after the time it bears.
OVERLAP = timedelta(minutes=2)


class CameLate:
    """The memory of one process. Lost at any time, it begins with everything."""

    def __init__(self) -> None:
        self.since: datetime | None = None

    def these(self) -> list[int]:
        """Steps, by id. Three queries, however many requests are closed."""
        since, self.since = self.since, clock.now() - OVERLAP
        return late.late(since)

    def keep(self, pk: int) -> bool:
        """Where it fails, the next turn begins with everything."""
        try:
            late.keep(pk)
        except Exception:
            self.since = None
            raise
        return False
