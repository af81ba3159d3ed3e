"""One file a kind of automated step: how to look, when it is done, how to act.

A step is a small controller: look, and only if the access is still there, act; then look again.
Rooms further down the river register their own steps with `register`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import CALLS_AT_MOST, Sight, Work
from offboarding.gateways.segment import Exchange, SegmentGateway


@dataclass(frozen=True, slots=True)
class Call:
    """One mutating call, ready to be made: its masked request for the row that stands before it, and what to say after."""

    request: Exchange
    make: Callable[[], object]
    says: str


class Step:
    """What every step that speaks to a workspace promises."""

    acts = True
    # For steps that only look: how long to wait before each further look, until a person is asked.
    patience: tuple[timedelta, ...] = ()
    # Helps, but nothing may wait for a person because of it: without a token it ends, and says that it is not known.
    optional = False

    def rests(self, run: Run, now: datetime) -> tuple[datetime, str] | None:
        """Until when nothing is done, and what it waits for. None: now."""
        return None

    def recall(self, run: Run) -> Mapping[str, Any]:
        """What this run knows by now, from the database: the step finds it in `work.known`. Never a plain secret."""
        return {}

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        """A fresh read. `Seen.ABSENT` means: what should be gone is gone."""
        raise NotImplementedError

    def waits(self, sight: Sight) -> bool:
        """For steps that only look: whether a further look may bring more than this one."""
        return True

    def calls_at_most(self, run: Run) -> int:
        """How many calls are made before a person is asked. More only where each call does a part of the work."""
        return CALLS_AT_MOST

    def intent(self, work: Work) -> str:
        """What `act` is about to do, in a sentence, for the row that is written before it."""
        return ""

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        """The one mutating call that comes next. May read; changes nothing yet."""
        raise NotImplementedError

    def stands(self, run: Run, work: Work) -> bool:
        """Whether what the look was compared with still holds: if not, a new look comes first.

        Asked before a person is asked, and in the transaction that writes the intent of a call, of which there is one at
        a time.
        """
        return True

    def made(self, run: Run, attempt: Attempt, answer: Any) -> None:
        """Keep what an accepted call answered. Runs in the transaction that closes the attempt."""

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        """Keep more of a look than its row. Runs in the transaction that closes the look: a worker that lost its lease
        keeps nothing. Calls nobody.
        """


STEPS: dict[str, Step] = {}
# Steps of the application itself, without a workspace to speak to.
OWN: dict[str, Callable[[Run], None]] = {}


def register(name: str, step: Step) -> None:
    STEPS[name] = step
