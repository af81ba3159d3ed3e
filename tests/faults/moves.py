"""What may be done when: a small model of a request and its steps, written from the documentation and not from the rules.

`Request` knows only what it was told. `step` names how a step stands from its row. The two tables say which moves are allowed;
every other one has to be refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

PEOPLE = ("alice", "bob", "sam", "olga", "erin", "carol", "dan")
LEAD, APPROVERS, STEERING, WORKERS = "alice", ("bob", "sam"), ("alice", "olga", "sam"), ("olga", "sam")
# The way of a request, as docs/architecture.md draws it.
WAY = {
    "draft": ("planned", "withdrawn"),
    "planned": ("approved", "rejected", "expired", "withdrawn"),
    "expired": ("planned", "withdrawn"),
    "approved": ("running", "planned", "withdrawn"),
    "running": ("closed",),
}
SITUATIONS = (
    "draft", "planned", "half approved", "expired", "approved", "running", "paused", "cut short", "closed", "rejected",
    "withdrawn",
)  # fmt: skip
REQUEST = {
    "choose": ("draft",),
    "describe": ("draft",),
    "file": ("draft",),
    "withdraw": ("draft", "planned", "half approved", "expired", "approved"),
    "approve": ("planned", "half approved"),
    "reject": ("planned", "half approved"),
    "ask": ("planned", "half approved"),
    "change": ("planned", "half approved", "expired", "approved"),
    "ask again": ("expired",),
    "pause": ("running",),
    "resume": ("paused",),
    "cancel rest": ("running", "paused"),
}
WHO = {
    **dict.fromkeys(("choose", "describe", "file", "withdraw", "change", "ask again"), (LEAD,)),
    **dict.fromkeys(("approve", "reject", "ask"), APPROVERS),
    **dict.fromkeys(("pause", "resume", "cancel rest"), STEERING),
}
STANDINGS = (
    "waits for others", "waits for its next try", "waits for its date", "rests", "ready", "held", "unknown", "verifying",
    "stopped", "by hand", "done", "signed off", "skipped",
)  # fmt: skip
LIVE = tuple(each for each in STANDINGS if each not in ("done", "signed off", "skipped"))
STEP = {
    "try again": ("stopped", "waits for its next try"),
    "take over": ("stopped", "waits for its next try", "rests", "ready"),
    "sign off": ("by hand",),
    "take back": ("signed off",),
    "skip": tuple(each for each in LIVE if each not in ("held", "verifying")),
    "hand on": LIVE,
}


@dataclass
class Request:
    """One request: what happened to it so far."""

    stage: str = "draft"
    places: int = 0
    described: bool = False
    yes: set[str] = field(default_factory=set)
    paused: bool = False
    cut: bool = False
    questions: int = 0

    @property
    def situation(self) -> str:
        if self.stage == "planned" and self.yes:
            return "half approved"
        if self.stage == "running":
            return "cut short" if self.cut else "paused" if self.paused else "running"
        return self.stage

    def allows(self, move: str, who: str) -> bool:
        if self.situation not in REQUEST[move] or who not in WHO[move]:
            return False
        if move == "file":
            return self.described and self.places > 0
        return not (move in ("approve", "reject", "ask") and who in self.yes)

    def did(self, move: str, who: str, places: int = 0) -> None:
        getattr(self, "after_" + move.replace(" ", "_"))(who, places)

    def after_choose(self, _who: str, places: int) -> None:
        self.places = places

    def after_describe(self, _who: str, _places: int) -> None:
        self.described = True

    def after_file(self, _who: str, _places: int) -> None:
        self.stage = "planned"

    def after_withdraw(self, _who: str, _places: int) -> None:
        self.stage = "withdrawn"

    def after_approve(self, who: str, _places: int) -> None:
        """More than one place takes two of them."""
        self.yes.add(who)
        if len(self.yes) >= self.places:
            self.stage = "approved"

    def after_reject(self, _who: str, _places: int) -> None:
        self.stage = "rejected"

    def after_ask(self, _who: str, _places: int) -> None:
        self.questions += 1

    def after_change(self, _who: str, places: int) -> None:
        """Another plan: whatever was said about the old one counts no more."""
        self.stage, self.places, self.yes = "planned", places, set()

    def after_ask_again(self, _who: str, _places: int) -> None:
        """The yeses that were given ended with the time."""
        self.stage, self.yes = "planned", set()

    def after_pause(self, _who: str, _places: int) -> None:
        self.paused = True

    def after_resume(self, _who: str, _places: int) -> None:
        self.paused = False

    def after_cancel_rest(self, _who: str, _places: int) -> None:
        self.paused, self.cut = False, True


def step(row: dict[str, Any]) -> str:
    """How a step stands. `row`: state, timed, cause, at, tried, manual, ended."""
    if row["state"] == "waiting":
        return waiting(row)
    if row["state"] == "needs_person":
        return "by hand" if row["manual"] else "stopped"
    if row["state"] == "done":
        return "signed off" if row["ended"] == "by hand" else "done"
    return {"running": "held", "cancelled": "skipped"}.get(row["state"], str(row["state"]))


def waiting(row: dict[str, Any]) -> str:
    if row["cause"] == "paused":
        return "rests"
    if not row["timed"]:
        return "waits for others"
    return "waits for its date" if row["at"] and not row["tried"] else "waits for its next try"


def step_allows(request: Request, move: str, row: dict[str, Any], who: str) -> bool:
    if who not in WORKERS or step(row) not in STEP[move]:
        return False
    if move == "try again":
        return not request.paused
    if move == "take back":
        return request.stage == "running" and row["ended_by"] == who
    if move == "sign off":
        return not row["proof"]
    return move != "take over" or not row["manual"]


def entitled(move: str, who: str) -> bool:
    """Whether this is for them to do at all."""
    return who in (WHO[move] if move in REQUEST else WORKERS)


def cells() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Every move in every situation: those that are allowed for somebody, and those that are for nobody."""
    allowed = set(pairs(REQUEST)) | set(pairs(STEP))
    every = {(move, where) for move in REQUEST for where in SITUATIONS}
    every |= {(move, where) for move in STEP for where in STANDINGS}
    return allowed, every - allowed


def pairs(table: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    return ((move, where) for move, all_ in table.items() for where in all_)
