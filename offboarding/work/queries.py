"""What the engine's own tables say."""

from __future__ import annotations

from offboarding.work.models import Standstill


def standstill() -> Standstill:
    """The one row; `stands` says whether the engine stands still now."""
    return Standstill.objects.get(pk=1)


def stands_still() -> bool:
    return standstill().stands
