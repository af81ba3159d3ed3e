from __future__ import annotations

from offboarding.discovery.rules import Outcome
from offboarding.execution import actions
from offboarding.execution.models import Run
from offboarding.execution.rules import Ended


def read_before(run: Run) -> None:
    """The state before was read when the request was filed; the plan names those snapshots. Say what they are."""
    snapshots = list(run.item.plan.snapshots.all())
    unread = sum(1 for snapshot in snapshots if snapshot.sighting.outcome is Outcome.UNKNOWN)
    sentence = f"{len(snapshots) - unread} workspaces were read before the decision; the answers are kept as evidence."
    if unread:
        sentence += f" {unread} could not be read."
    actions.done(run, Ended.NOTHING_TO_DO, sentence)
