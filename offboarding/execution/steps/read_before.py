from __future__ import annotations

from offboarding.discovery.rules import Outcome
from offboarding.execution import actions
from offboarding.execution.models import Run
from offboarding.execution.rules import Ended


def read_before(run: Run) -> None:
    """The state before was read when the request was filed; the plan says what it was. Say what could not be read."""
    places = run.item.plan.data["places"]
    unread = [place["workspace"] for place in places if place["outcome"] == Outcome.UNKNOWN]
    read = f"{len(places) - len(unread)} of {len(places)}"
    sentence = f"{read} workspaces were read before the decision; the answers are kept as evidence."
    if unread:
        sentence += f" Could not be read: {', '.join(unread)}."
    actions.done(run, Ended.NOTHING_TO_DO, sentence)
