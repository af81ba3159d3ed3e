from __future__ import annotations

from offboarding.reports.models import Check
from offboarding.work.rules import ENDED


def newest_check() -> Check | None:
    """The last walk over the ledger that came to an end."""
    return Check.objects.exclude(ended_at=None).order_by("-ended_at").first()


def check_under_way() -> Check | None:
    return Check.objects.exclude(state__in=[*(state.value for state in ENDED), "needs_person"]).first()
