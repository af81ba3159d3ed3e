"""Before each call through a connection: may it go out now? After it: what did it teach us about the connection?"""

from __future__ import annotations

from offboarding.connections import circuit, limits, queries
from offboarding.connections.models import Workspace
from offboarding.connections.rules import Pace
from offboarding.gateways.segment import Doubtful, GatewayError, NotReached, SlowDown

# Somebody else tries the open circuit just now; it is known soon.
SOON = 2.0  # seconds


class HeldBack(SlowDown):
    """We hold this call back ourselves. Nothing was sent; `retry_after` seconds must pass first."""


def why_waiting(error: SlowDown) -> str:
    """What to write beside the countdown: Segment's wish, or our own reason."""
    return error.sentence if isinstance(error, HeldBack) else queries.ASKED_TO_WAIT


class Gate:
    """The gate of one gateway, for as long as that lives."""

    def __init__(self, workspace: Workspace, pace: Pace = Pace.BEGIN) -> None:
        self.pk, self.pace = workspace.pk, pace
        self.probing = False
        self.troubled = bool(workspace.troubles or workspace.open_until)

    def before(self, limit_class: str) -> None:
        """Returns when the call may go out. Raises HeldBack."""
        standing = queries.standing(self.pk)
        if standing.paused > 0:
            raise HeldBack(standing.why, retry_after=standing.paused)
        if standing.opened is not None and not self.probing:
            self.probe(standing)
        if wait := limits.take(self.pk, limit_class, self.pace):
            raise HeldBack(limits.BUSY, retry_after=wait)
        if self.pace is Pace.BEGIN:
            self.pace = Pace.GO_ON

    def probe(self, standing: queries.Standing) -> None:
        """An open circuit is tried by one caller at a time, and every turn of a step begins with a read."""
        if standing.shut or not circuit.takes_the_probe(self.pk):
            raise HeldBack(standing.why, retry_after=max(standing.shut, SOON))
        self.probing = self.troubled = True

    def after(self, error: GatewayError | None) -> None:
        if isinstance(error, SlowDown):
            circuit.pause(self.pk, error.retry_after)
        if isinstance(error, (NotReached, Doubtful)):
            self.troubled, self.probing = True, False
            circuit.no_clear_answer(self.pk)
        elif self.troubled:
            self.troubled = self.probing = False
            circuit.answers_again(self.pk)
