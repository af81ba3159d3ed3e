"""The access strip: one square a workspace, then tokens and keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from offboarding.execution.models import Run
from offboarding.execution.rules import Ended
from offboarding.verification.queries import PlaceStanding
from offboarding.verification.rules import Now
from offboarding.web.cards import SquareState, StripCard
from offboarding.web.removal.states import blocked
from offboarding.work.rules import ENDED

TOKENS = ("list-tokens", "remove-tokens")
KEYS = (
    "rotate-write-keys",
    "add-write-key",
    "hand-over-key",
    "confirm-key",
    "remove-old-keys",
    "rotate-warehouse-login",
    "drop-old-login",
    "rotate-credential",
    "drop-old-credential",
    "rotate-scim-token",
    "rotate-vault",
)
SQUARES: dict[Now, SquareState] = {
    Now.KEPT: "kept",
    Now.NOT_STARTED: "access",
    Now.WAITING: "waiting",
    Now.RUNNING: "progress",
    Now.CALLED: "progress",
    Now.VERIFIED: "gone",
    Now.NEEDS_PERSON: "failed",
    Now.CAME_BACK: "failed",
    Now.SKIPPED: "unknown",
}


def strip_of(data: dict[str, Any], places: Sequence[PlaceStanding], runs: Sequence[Run]) -> StripCard:
    """`data` is the plan's body, `places` and `runs` how it stands. Before the work begins there are no runs."""
    unread = {place["workspace_id"] for place in data["places"] if place["outcome"] == "unknown"}
    codes = {item["code"] for item in data["items"]}
    return StripCard(
        tuple(square(place, place.workspace_id in unread) for place in places),
        tokens(runs) if codes & set(TOKENS) else "",
        keys(runs) if codes & set(KEYS) else "",
    )


def square(place: PlaceStanding, unread: bool) -> SquareState:
    """A step by hand that is somebody's turn is waited for; only what stopped by itself has failed."""
    if place.now is Now.NEEDS_PERSON and not any(blocked(run) for run in place.runs):
        return "waiting"
    return "unknown" if unread and place.now is Now.NOT_STARTED else SQUARES[place.now]


def tokens(runs: Sequence[Run]) -> SquareState:
    """No API lists tokens: until a person has looked, nothing is known of them."""
    own = [run for run in runs if run.item.code in TOKENS]
    return "gone" if own and all(run.ended == Ended.BY_HAND for run in own) else "unknown"


def keys(runs: Sequence[Run]) -> SquareState | Literal[""]:
    own = [run for run in runs if run.item.code in KEYS]
    over = [run for run in own if run.state in ENDED]
    if over and len(over) == len(own):
        return "kept" if any(run.ended == Ended.WAIVED for run in own) else "gone"
    return "progress" if over else "access"
