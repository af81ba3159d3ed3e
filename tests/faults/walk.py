"""Random walks over one request: every move that there is, workers that die at any moment, Segment that misbehaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from offboarding.approvals.asking import due
from offboarding.approvals.models import Approval, Asking
from offboarding.checklist.models import Plan
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.addresses import same
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.work import clock, desks
from offboarding.work.actions import LostLease, claim, put_down
from offboarding.work.rules import ENDED, State
from tests.faults import acts, crew, moves
from tests.faults.boundaries import Boundaries, die_at
from tests.faults.invariants import chain, check, false_gone, of_today, stale
from tests.faults.processes import finished
from tests.faults.truths import Facts
from tests.faults.world import World

DAN = "dan@northwind.example"
PLACES = ("walk-one", "walk-two")
RUN = "execution.Run"
KILLED = -9
DECISIONS = ("approve", "reject", "ask")  # one that is refused is told by the ledger
# How a call or a read goes wrong, once.
TROUBLES: tuple[dict[str, Any], ...] = (
    {"do": "reset_after"}, {"do": "reset_before"}, {"do": "error_after"}, {"do": "html"}, {"do": "no_effect"},
    {"do": "limit", "retry_after": 1}, {"do": "late", "seconds": 20, "then": "reset"},
    {"do": "answer", "status": 403, "body": {"errors": [{"type": "forbidden", "message": "Forbidden"}]}},
)  # fmt: skip
# The moves that lead to each situation from an empty draft, for two places.
FILED = (("choose", "alice"), ("describe", "alice"), ("file", "alice"))
APPROVED = (*FILED, ("approve", "bob"), ("approve", "sam"))
RUNNING = (*APPROVED, ("route", ""))
ROADS: dict[str, tuple[tuple[str, str], ...]] = {
    "draft": (),
    "planned": FILED,
    "half approved": (*FILED, ("approve", "bob")),
    "expired": (*FILED, ("time", "")),
    "approved": APPROVED,
    "running": RUNNING,
    "paused": (*RUNNING, ("pause", "olga")),
    "cut short": (*RUNNING, ("cancel rest", "olga")),
    "closed": (*RUNNING, ("skip all", "")),
    "rejected": (*FILED, ("reject", "bob")),
    "withdrawn": (("withdraw", "alice"),),
}
# Most of what there is to do is there while it runs.
GOALS = ("running", "planned", "running", "closed", "running", "approved", "expired", "draft")


def dying(pk: int, moment: int) -> None:
    Boundaries(die_at(moment)).install()
    crew.one_turn(RUN, pk)


@dataclass
class Tally:
    """What all walks together have tried. `refused` counts only people who could, if it were the time for it."""

    allowed: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    noes: int = 0
    walks: int = 0
    steps: int = 0
    deaths: int = 0
    stale: int = 0


class Walk(RuleBasedStateMachine):
    """Set `world` and `tally` before running it."""

    world: World
    tally: Tally

    def __init__(self) -> None:
        super().__init__()
        self.world.put_back("empty")
        self.tally.walks += 1
        self.request, self.held = moves.Request(), list[Run]()
        self.before: dict[int, str] = {}
        self.sweeping, self.noted = False, 0
        self.removal = removals.draft(crew.user("alice"), [DAN], "Dan Reyes", crew.today())

    # ------------------------------------------------------------ moves

    def attempt(self, move: str, who: str, places: int) -> None:
        """One move of somebody: it goes through if the model allows it, else it is refused and nothing is written."""
        where, allowed = self.request.situation, self.request.allows(move, who)
        self.removal.refresh_from_db()
        if allowed:
            acts.REQUEST[move](self.removal, crew.user(who), PLACES[:places])
            self.request.did(move, who, places)
            self.tally.allowed[move, where] += 1
        else:
            self.refused(
                lambda: acts.REQUEST[move](self.removal, crew.user(who), PLACES[:places]), move, where, who
            )
        self.removal.refresh_from_db()

    def attempt_step(self, move: str, row: dict[str, Any], who: str) -> bool:
        """As above, for a step. Whether it went through."""
        where, run = moves.step(row), acts.fresh(row["pk"])
        if moves.step_allows(self.request, move, row, who) and not self.own_work(move, run, who):
            acts.STEP[move](run, crew.user(who))
            self.tally.allowed[move, where] += 1
            return True
        self.refused(lambda: acts.STEP[move](run, crew.user(who)), move, where, who)
        return False

    def refused(self, act: Any, move: str, where: str, who: str) -> None:
        self.tally.refused[move, where] += moves.entitled(move, who)
        self.tally.noes += 1
        with self.nothing_written(f"{who}: {move} while {where}", move in DECISIONS):
            try:
                act()
            except Refused:
                return
            raise AssertionError(f"{who} may {move} while {where}")

    @contextmanager
    def nothing_written(self, what: str, noted: int = 0) -> Iterator[None]:
        """But so many entries about decisions that were refused. Within a sweep it is asked once, at its end."""
        if self.sweeping:
            self.noted += noted
            yield
            return
        before, entries = acts.digest(), Entry.objects.count()
        yield
        assert acts.digest() == before, f"{what} was refused and left something behind"
        assert Entry.objects.count() == entries + noted + self.noted, f"{what} was refused, and told"

    def own_work(self, move: str, run: Run, who: str) -> bool:
        """Nobody verifies what they did by hand."""
        if move != "sign off" or run.item.kind != "verification":
            return False
        own = Run.objects.filter(item__workspace=run.item.workspace_id, item__phase="remove", ended="by hand")
        return own.filter(ended_by=crew.user(who)).exists()

    # ------------------------------------------------------------ rules

    @initialize(goal=st.sampled_from(GOALS), places=st.integers(1, 2))
    def set_out(self, goal: str, places: int) -> None:
        for move, who in ROADS[goal]:
            if move == "route":
                self.route()
            elif move == "time":
                self.time_ends()
            elif move == "skip all":
                self.skip_all()
            elif self.request.allows(move, who):
                self.attempt(move, who, places)

    @rule(
        move=st.sampled_from(sorted(moves.REQUEST)),
        who=st.sampled_from(moves.PEOPLE),
        places=st.integers(1, 2),
    )
    def somebody(self, move: str, who: str, places: int) -> None:
        self.attempt(move, who, places)

    @rule(data=st.data(), places=st.integers(1, 2))
    def somebody_who_may(self, data: st.DataObject, places: int) -> None:
        able = [
            (move, who) for move in moves.REQUEST for who in moves.PEOPLE if self.request.allows(move, who)
        ]
        if able:
            move, who = data.draw(st.sampled_from(able))
            self.attempt(move, who, places)

    @rule(who=st.sampled_from(moves.PEOPLE))
    def everything_forbidden(self, who: str) -> None:
        """All that this person may not do now, one after the other."""
        with self.nothing_written("something"):
            self.sweeping, self.noted = True, 0
            self.sweep(who)
            self.sweeping = False
        self.noted = 0

    def sweep(self, who: str) -> None:
        for move in moves.REQUEST:
            if not self.request.allows(move, who):
                self.attempt(move, who, 1)
        for row in {moves.step(row): row for row in acts.rows()}.values():
            for move in moves.STEP:
                if not moves.step_allows(self.request, move, row, who):
                    self.attempt_step(move, row, who)

    @precondition(lambda self: self.request.stage in ("running", "closed"))
    @rule(data=st.data(), who=st.sampled_from(moves.WORKERS))
    def work_by_hand(self, data: st.DataObject, who: str) -> None:
        able = [
            (move, row)
            for row in acts.rows()
            for move in moves.STEP
            if moves.step_allows(self.request, move, row, who)
        ]
        kinds = sorted({(move, moves.step(row)) for move, row in able})
        if kinds:
            kind = data.draw(st.sampled_from(kinds))
            fitting = [row for move, row in able if (move, moves.step(row)) == kind]
            self.attempt_step(kind[0], data.draw(st.sampled_from(fitting)), who)

    @rule()
    def route(self) -> None:
        """The engine's look at every request: what is approved begins, what is over closes."""
        begins = self.request.stage == "approved"
        journey.advance(self.removal.pk)
        if begins:
            self.request.stage = "running"
        elif self.request.stage == "running" and not self.request.paused and self.all_over():
            self.request.stage = "closed"
        self.removal.refresh_from_db()

    @precondition(lambda self: self.request.stage == "planned")
    @rule()
    def time_ends(self) -> None:
        """Nobody decided in time, and the engine notices."""
        asking = Asking.objects.get(plan__removal=self.removal, over_at=None)
        Asking.objects.filter(pk=asking.pk).update(expires_at=clock.now())
        for verb, rows in due(clock.now()):
            for pk in rows:
                verb(pk, clock.now())
        self.request.stage = "expired"
        self.removal.refresh_from_db()

    def all_over(self) -> bool:
        return not self.blocking().exclude(state__in=["done", "cancelled"]).exists()

    def blocking(self) -> Any:
        return Run.objects.filter(item__plan__removal=self.removal, item__blocks_closing=True)

    def skip_all(self) -> None:
        """A quick way to the end."""
        for row in acts.rows():
            if moves.step_allows(self.request, "skip", row, "olga"):
                self.attempt_step("skip", row, "olga")
        self.route()

    @precondition(lambda self: self.request.stage in ("running", "closed"))
    @rule(data=st.data(), moments=st.lists(st.none() | st.integers(0, 17), min_size=1, max_size=4))
    def turns(self, data: st.DataObject, moments: list[int | None]) -> None:
        """A turn to its end, or a process that dies at that moment of it, by kill -9, and its lease stands."""
        for moment in moments:
            if (pk := self.drawn(data)) is None:
                return
            if moment is None:
                crew.one_turn(RUN, pk)
            else:
                self.turn_and_die(pk, moment)

    def turn_and_die(self, pk: int, moment: int) -> None:
        self.tally.deaths += finished(partial(dying, pk, moment)) == KILLED

    @precondition(lambda self: self.request.stage in ("running", "closed"))
    @rule(data=st.data())
    def claim_and_hold(self, data: st.DataObject) -> None:
        if (pk := self.drawn(data)) is not None and (
            held := claim(Run, pk, desks.DESKS[RUN].parked)
        ) is not None:
            self.held.append(held)

    @rule()
    def leases_end(self) -> None:
        crew.bury()

    @precondition(lambda self: self.held)
    @rule()
    def an_old_holder_writes(self) -> None:
        """Only whoever still holds the row may put it down."""
        held = self.held.pop()
        now = Run.objects.get(pk=held.pk)
        before = acts.digest()
        if (now.fence, now.state) == (held.fence, State.RUNNING):
            return  # it holds it still, and dies with it
        try:
            put_down(held, State.WAITING)
        except LostLease:
            self.tally.stale += 1
            assert acts.digest() == before, "a stale worker wrote"
            return
        raise AssertionError("a stale worker put down a row that is not its own")

    @rule(what=st.sampled_from(TROUBLES), method=st.sampled_from(("GET", "DELETE")))
    def segment_misbehaves(self, what: dict[str, Any], method: str) -> None:
        if method == "DELETE" or what["do"] not in ("no_effect", "late"):
            self.world.segment.ask("POST", "trouble", {**what, "match": {"method": method}, "count": 1})

    def drawn(self, data: st.DataObject) -> int | None:
        """A step that is due or will be; steps that act come first."""
        rows = Run.objects.filter(manual=False).exclude(state__in=(*ENDED, State.NEEDS_PERSON))
        due = list(rows.exclude(not_before=None).filter(item__at="").order_by("-item__phase", "pk"))
        return data.draw(st.sampled_from([run.pk for run in due])) if due else None

    # ------------------------------------------------------------ what holds after each move

    @invariant()
    def the_request_stands_as_the_model_says(self) -> None:
        self.tally.steps += 1
        row = RemovalRequest.objects.get(pk=self.removal.pk)
        assert row.stage == self.request.stage, f"{row.stage}, not {self.request.stage}"
        assert bool(row.paused_at) == self.request.paused and bool(row.rest_cancelled_at) == self.request.cut

    @invariant()
    def duties_are_separate_and_bound_to_one_plan(self) -> None:
        for made in Approval.objects.select_related("plan__removal", "approver"):
            plan = made.plan
            editors = set(Plan.objects.filter(removal=plan.removal).values_list("made_by_id", flat=True))
            assert made.approver_id not in {plan.removal.requester_id, *editors}
            assert not any(same(made.approver.email, each) for each in plan.removal.addresses)
            assert made.fingerprint == plan.fingerprint == sha256(bytes(plan.body)).hexdigest()
        if self.request.stage in ("approved", "running", "closed"):
            newest = Plan.objects.order_by("-version").first()
            yes = Approval.objects.filter(plan=newest, decision="approve").values_list("approver", flat=True)
            assert len(set(yes)) >= self.request.places

    @invariant()
    def only_the_approved_plan_is_done(self) -> None:
        plans = set(Run.objects.values_list("item__plan__version", flat=True))
        newest = Plan.objects.order_by("-version").values_list("version", flat=True).first()
        assert plans <= {newest}
        assert not plans or self.request.stage in ("running", "closed")

    @invariant()
    def stages_go_their_way(self) -> None:
        here = "draft"
        for entry in Entry.objects.filter(event="removal.moved").order_by("seq"):
            facts = canonical.loads(bytes(entry.body))["facts"]
            assert facts["from"] == here and facts["to"] in moves.WAY.get(here, ()), f"from {here}: {facts}"
            here = facts["to"]
        assert here == self.request.stage

    @invariant()
    def what_has_ended_stays(self) -> None:
        now = {row["pk"]: moves.step(row) for row in acts.rows()}
        for pk, then in self.before.items():
            assert then not in ("done", "skipped") or now[pk] == then, (
                f"step {pk} was {then} and is {now[pk]}"
            )
        self.before = now

    @invariant()
    def the_record_holds_and_gone_is_gone(self) -> None:
        wrong = [*chain(), *stale(), *false_gone(of_today(), Facts(self.world.segment), came_back=False)]
        assert not wrong, wrong

    def teardown(self) -> None:
        """Whatever was begun comes to rest, and all promises are asked."""
        self.world.segment.clear_trouble()
        if self.request.paused:
            self.attempt("resume", "sam", 1)
        crew.everything(people=False, news=False)
        wrong = check(self.world, files=False).faults
        assert not wrong, wrong
