"""Everything that the pages of one request read, asked for once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import F

from offboarding.approvals.delegations.queries import givers_to
from offboarding.approvals.models import Approval, Asking
from offboarding.approvals.queries import asking_of, ruled, voters_of
from offboarding.approvals.rules import (
    Decision,
    Ruling,
    Voter,
    asked_at_all,
    in_all,
    missing,
    next_turn,
)
from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.checklist.queries import newest_plan
from offboarding.directory.queries import scopes_of
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.queries import emergency_of
from offboarding.execution import queries as execution
from offboarding.execution.models import Proof, Run
from offboarding.execution.queries import Tally
from offboarding.execution.rules import may_not_work
from offboarding.journey.offers import restorations_of
from offboarding.removals.actions import refuses_withdrawal
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.removals.rules import CALLING_OFF, Stage, may_not_steer
from offboarding.users.rules import Role
from offboarding.verification.queries import (
    PlaceStanding,
    findings_of,
    kept_at_the_start,
    restored_now,
    standings,
)
from offboarding.web.http import Request
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.states import ACTIVE, counting_down, soon
from offboarding.work.rules import State

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A row that was written before, but committed after, the newest one that a page saw must not be missed.
OVERLAP = timedelta(seconds=10)
VERSION = re.compile(r"(\d{1,18})-([0-9a-f]{12})-([a-z]{4,10})")


class Overview:
    """One request as a reader sees it now. Each part is one or two queries, made when it is first wanted."""

    def __init__(self, request: Request, removal: RemovalRequest, plan: Plan) -> None:
        self.removal, self.plan = removal, plan
        self.user, self.scope = request.user, request.scope
        self.clock = Clock.of(request)
        # What was wrong with what was just sent, by field: for forms that belong to one kind of step.
        self.wrong: dict[str, str] = {}

    @property
    def stage(self) -> Stage:
        return Stage(self.removal.stage)

    @property
    def url(self) -> str:
        return f"/requests/{self.removal.reference}/"

    @cached_property
    def data(self) -> dict[str, Any]:
        return self.plan.data

    @cached_property
    def runs(self) -> list[Run]:
        return execution.runs_of(self.plan)

    @cached_property
    def proofs(self) -> dict[int, list[Proof]]:
        """By run; runs without any are left out."""
        return execution.proofs_of(self.plan)

    @cached_property
    def items(self) -> list[ChecklistItem]:
        if self.runs:
            return [run.item for run in self.runs]
        return list(self.plan.items.defer("how").prefetch_related("workspace"))

    @cached_property
    def by_number(self) -> dict[int, Run]:
        return {run.item.number: run for run in self.runs}

    @cached_property
    def tallies(self) -> dict[int, Tally]:
        return execution.tallies_of(self.plan) if self.runs else {}

    @cached_property
    def states(self) -> dict[int, str]:
        return {number: str(run.state) for number, run in self.by_number.items()}

    @cached_property
    def places(self) -> list[PlaceStanding]:
        if not self.runs:
            return standings(self.plan, self.runs, [])
        restored = restored_now([self.removal]).get(self.removal.pk, {})
        kept = kept_at_the_start([self.plan]).get(self.plan.pk, {}) if self.removal.emergency else {}
        return standings(self.plan, self.runs, findings_of(self.removal), restored, kept)

    @cached_property
    def decisions(self) -> list[Approval]:
        """Every decision and question, on any version of the plan, oldest first."""
        found = Approval.objects.filter(plan__removal=self.removal)
        beside = ("approver", "right_of")
        return list(found.select_related(*beside).annotate(version=F("plan__version")))

    @cached_property
    def approvals(self) -> list[Approval]:
        """The approvals of the plan as it stands."""
        return [
            each
            for each in self.decisions
            if each.plan_id == self.plan.pk and each.decision == Decision.APPROVE and each.fell_at is None
        ]

    @cached_property
    def rulings(self) -> tuple[Ruling, ...]:
        """The policies that the plan is decided under."""
        return ruled(self.plan, self.clients)

    @cached_property
    def voters(self) -> list[Voter]:
        """Who has said yes to the plan as it stands, with what they hold today."""
        return voters_of(self.approvals, self.clients, self.clock.now.astimezone(self.clock.zone).date())

    @cached_property
    def emergency(self) -> Emergency | None:
        """The word that released it without an approval; None, and no query, for all others."""
        return emergency_of(self.removal)

    @cached_property
    def needed(self) -> int:
        """How many distinct people it takes at least."""
        return in_all(self.rulings)

    @cached_property
    def asking(self) -> Asking | None:
        """Until when the plan can be decided; None for plans of before there was an end."""
        return asking_of(self.plan)

    @property
    def fell(self) -> bool:
        """True while the work waits for another approval, since one that was given fell."""
        return self.stage is Stage.RUNNING and bool(self.asking and self.asking.fell_at)

    @property
    def decidable(self) -> bool:
        return self.stage is Stage.PLANNED or self.fell

    @cached_property
    def missing(self) -> int:
        """How many more have to approve, at least."""
        return missing(self.rulings, self.voters)

    @property
    def next_turns(self) -> list[str]:
        """Who is asked next, in words: for each policy that is not met."""
        turns = (next_turn(ruling, self.voters) for ruling in self.rulings)
        return [turn for turn in dict.fromkeys(turns) if turn]

    @cached_property
    def why_not(self) -> str:
        """Why this reader may not act on steps; empty if they may."""
        yes = [each for each in self.decisions if each.apart and each.decision == Decision.APPROVE]
        apart = {user for each in yes for user in (each.approver_id, each.right_of_id)}
        return may_not_work(self.scope, self.clients, self.removal.addresses, apart)

    @property
    def may_steer(self) -> bool:
        """True if this reader may pause the work, or cancel the rest of it."""
        removal = self.removal
        return not may_not_steer(self.scope, removal.requester_id, self.clients, removal.addresses)

    @property
    def may_withdraw(self) -> bool:
        """True if this reader may take the request back before the work begins. Nothing is asked where only its requester may."""
        own = self.user.pk == self.removal.requester_id
        return own or (self.scope.has(*CALLING_OFF) and not refuses_withdrawal(self.removal, self.user))

    @property
    def may_restore(self) -> bool:
        """True if this reader may ask to give back what this request took away."""
        roles = (Role.REQUESTER, Role.SECURITY, Role.ADMINISTRATOR)
        return not self.removal.restores_id and self.scope.covers(self.clients, *roles)

    @cached_property
    def restorations(self) -> list[RemovalRequest]:
        return [] if self.removal.restores_id else restorations_of(self.removal)

    @property
    def may_approve(self) -> bool:
        """True for those whom its policies ask. Whether this plan is theirs to decide is asked by the page itself."""
        voters = [Voter.of(self.scope, self.clients)]
        if self.decidable:
            scopes = scopes_of(givers_to(self.user.pk), self.clock.now.astimezone(self.clock.zone).date())
            voters += [Voter.of(scope, self.clients) for scope in scopes.values()]
        return any(asked_at_all(ruling, voter) for ruling in self.rulings for voter in voters)

    @cached_property
    def clients(self) -> frozenset[int]:
        return clients_of(self.removal)

    @property
    def changed_places(self) -> list[dict[str, Any]]:
        return [place for place in self.data["places"] if place["choice"] != "keep"]


def overview(request: Request, removal: RemovalRequest) -> Overview | None:
    """None for a draft: it has no plan yet."""
    plan = newest_plan(removal)
    return Overview(request, removal, plan) if plan else None


@dataclass(frozen=True, slots=True)
class Version:
    """What a page has seen: the newest change, a digest of all of them, and the stage."""

    micros: int
    digest: str
    stage: str
    counts_down: bool = False

    def __str__(self) -> str:
        return f"{self.micros}-{self.digest}-{self.stage}"

    @property
    def moment(self) -> datetime:
        return EPOCH + timedelta(microseconds=self.micros)


def version_of(view: Overview) -> Version:
    """From two narrow queries, so that asking for news costs little."""
    found = Run.objects.filter(item__plan=view.plan).order_by("pk")
    rows = list(found.values_list("pk", "touched_at", "state", "not_before"))
    newest = max((touched for _, touched, _, _ in rows), default=EPOCH)
    seen = [(pk, touched, state) for pk, touched, state, _ in rows]
    told = (view.plan.fingerprint, view.removal.stage, view.removal.version, seen, said(view))
    return Version(
        (newest - EPOCH) // timedelta(microseconds=1),
        hashlib.sha256(repr(told).encode()).hexdigest()[:12],
        view.removal.stage,
        any(soon(state, not_before, view.clock) for _, _, state, not_before in rows),
    )


def said(view: Overview) -> list[Any]:
    """Every decision and answer. Left out for a requester with an answer to write: what they typed must stay."""
    found = Approval.objects.filter(plan__removal=view.removal).order_by("pk")
    rows = list(found.values_list("pk", "decision", "answered_at", "fell_at"))
    asks = any(kind == Decision.ASK and answered is None for _, kind, answered, _ in rows)
    return [] if asks and view.user.pk == view.removal.requester_id else rows


def seen_by_page(text: str) -> Version | None:
    """What the page says that it has; None if it says nothing that we can read."""
    match = VERSION.fullmatch(text)
    return Version(int(match[1]), match[2], match[3]) if match else None


def changed_since(runs: Sequence[Run], seen: Version, clock: Clock) -> list[Run]:
    """The rows to show again: touched since, at work, or with a countdown."""
    start = seen.moment - OVERLAP
    return [
        run
        for run in runs
        if run.touched_at > start or run.state == State.RUNNING or counting_down(run, clock)
    ]


def seconds_between_polls(view: Overview) -> int:
    """2 while something runs, 15 while only waiting, 0 once nothing more comes."""
    if view.stage in (Stage.REJECTED, Stage.WITHDRAWN):
        return 0
    if any(run.state in ACTIVE or counting_down(run, view.clock) for run in view.runs):
        return 2
    return 0 if view.stage is Stage.CLOSED and sealed(view.runs) else 15


def sealed(runs: Sequence[Run]) -> bool:
    return all(run.state == State.DONE for run in runs if run.item.step == "packet.seal")
