"""The four times of each place of a packet, and what made a place late. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from offboarding.execution.models import Run
from offboarding.execution.rules import Result, Seen
from offboarding.ledger.rules import iso
from offboarding.packets import contents as made
from offboarding.removals.models import RemovalRequest
from offboarding.verification.models import Finding
from offboarding.verification.queries import PlaceStanding
from offboarding.verification.rules import Now, gone_since, late_before

# What a call or a look ended with where it did not end as it should.
TROUBLES = (Result.NOT_APPLIED.value, Result.UNKNOWN.value, "")


def since_when(each: PlaceStanding, findings: Sequence[Finding]) -> datetime | None:
    """Since when fresh reads find nothing left there; a later look does not move that moment. None if they do not."""
    if each.now is not Now.VERIFIED:
        return None
    here = [one for one in findings if one.attempt.run.item.workspace_id == each.workspace_id]
    return gone_since((Seen(one.seen), one.at) for one in here)


def clocks(
    removal: RemovalRequest, each: PlaceStanding, verified: datetime | None, sealed: datetime
) -> made.Clocks:
    assert removal.starts_at and removal.due_at
    elapsed = (verified - removal.starts_at).total_seconds() if verified else None
    return made.Clocks(
        trigger=iso(removal.starts_at),
        filed=when(removal.filed_at),
        approved=when(removal.approved_at),
        verified=when(verified),
        target_hours=round((removal.due_at - removal.starts_at).total_seconds() / 3600),
        elapsed_minutes=max(0, round(elapsed / 60)) if elapsed is not None else None,
        late_reason=late_reason(removal, each, verified, sealed),
    )


def late_reason(
    removal: RemovalRequest, each: PlaceStanding, verified: datetime | None, sealed: datetime
) -> str:
    """Why the place was not found empty within the limit, as far as the record tells; empty if it was, or had not to be."""
    assert removal.filed_at and removal.due_at
    if each.choice in ("keep", "restore") or removal.restores_id or (verified or sealed) <= removal.due_at:
        return ""
    early = late_before(
        removal.filed_at, removal.approved_at, removal.due_at, sealed, emergency=removal.emergency
    )
    return early or (held_up(each.runs) if verified else f"not verified: {each.says}")


def held_up(runs: Sequence[Run]) -> str:
    """The first try in this place that did not do what it should."""
    for run in runs:
        for attempt in run.attempts.all():
            if attempt.result in TROUBLES:
                return f"step {run.item.number}: {attempt.says or 'it was cut off'}"
    return "it was found empty only after the limit"


def when(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
