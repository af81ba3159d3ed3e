"""One turn of one run: look, done already? act, look again. Slow; holds no transaction while it speaks.

Dying anywhere in here is harmless. Before each mutating call a row stands that says what is about to happen; after the
lease has run out somebody else looks first, and only acts if the access is still there.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from offboarding.approvals.falling import fall
from offboarding.connections import keyring
from offboarding.connections import queries as connections
from offboarding.connections.actions import token_refused as token_was_refused
from offboarding.connections.gate import why_waiting
from offboarding.connections.models import Workspace
from offboarding.connections.rules import Pace
from offboarding.evidence.store import NotStored
from offboarding.execution import actions, queries, steering
from offboarding.execution.models import Attempt, Run
from offboarding.execution.notes import Notes, Outdated
from offboarding.execution.owners import unapproved_owner
from offboarding.execution.rules import (
    PAUSED,
    REMEDIES,
    TROUBLES_AT_MOST,
    Act,
    Cause,
    Ended,
    Halt,
    History,
    Result,
    Seen,
    Sight,
    Work,
    may_call_again,
    settles_in,
)
from offboarding.execution.steps import OWN, STEPS, Step
from offboarding.gateways.segment import (
    Declined,
    DeclinedKind,
    Doubtful,
    GatewayError,
    NotAllowed,
    NotReached,
    NotThere,
    SegmentGateway,
    SlowDown,
    TokenRefused,
)
from offboarding.removals.rules import REASONS, Group
from offboarding.work import clock
from offboarding.work.actions import StandsStill, put_down, rest_still
from offboarding.work.rules import State, back_off

CAUSES: dict[DeclinedKind, Cause] = {
    "last-owner": Cause.LAST_OWNER,
    "own-account": Cause.OWN_ACCOUNT,
    "scim-managed": Cause.SCIM_MANAGED,
    "no-such-feature": Cause.NO_SUCH_FEATURE,
    # No cause of their own: Segment's words are shown, and a person decides.
    "already-invited": Cause.DECLINED,
    "in-use": Cause.DECLINED,
    "invalid": Cause.DECLINED,
    "other": Cause.DECLINED,
}
# Waiting rows come back together when a pause ends; this spreads them.
SPREAD = 1.0


def perform(run: Run) -> None:
    run.item = queries.item_of(run)
    if (halt := steering.told(run, run.item.plan.removal, queries.superseded(run.item))) and not is_seen_out(
        run, halt
    ):
        return halted(run, halt)
    workspace = run.item.workspace
    if workspace is None:
        return OWN[run.item.step](run)
    if workspace.refused_at:
        return token_refused(run, workspace)
    standing = connections.standing(workspace.pk)
    if standing.shut:
        return wait(run, standing.shut, standing.why)
    step, notes = STEPS[run.item.step], Notes(run)
    now = clock.now()
    if rest := steering.restored_until(run, now) or step.rests(run, now):
        return rest_until(run, *rest)
    try:
        with keyring.gateway_for(workspace, notes.take, pace=pace_of(run)) as gateway:
            turn(run, step, gateway, queries.work_of(run), notes)
    except StandsStill:
        rest_still(run, **actions.touched())
    except Outdated:
        put_down(run, State.READY, **actions.touched())
    except NotStored as error:
        not_stored(run, error)


def not_stored(run: Run, error: NotStored) -> None:
    """What was seen could not be kept, so it counts for nothing. The try stays open, and the next look decides."""
    tail = list(takewhile(lambda each: not each.closed_at, run.attempts.order_by("-number")))
    called = any(each.act == Act.CALL for each in tail)
    after, says = back_off(len(tail), random.random()), error.waiting[:200]
    state = State.UNKNOWN if called else State.WAITING
    put_down(run, state, after=after, waiting_for=says, sentence=says, **actions.touched())


def pace_of(run: Run) -> Pace:
    """Removals for security reasons may use the part of the rate limits that is kept for them."""
    return Pace.URGENT if REASONS[run.item.plan.removal.reason].group is Group.SECURITY else Pace.BEGIN


def is_seen_out(run: Run, halt: Halt) -> bool:
    """Reading is harmless: what only looks goes on, and a call that was made is looked at until it is known."""
    if halt is Halt.NOT_APPROVED:
        return False
    history = Notes(run).history()
    return steering.looks(run) or bool(history.answered or history.doubtful)


def halted(run: Run, halt: Halt, sight: Sight | None = None) -> None:
    """No call begins. `sight`: what the last look saw, where there was one."""
    match halt:
        case Halt.NOT_APPROVED:
            actions.stop(run, "The approval no longer stands, so nothing was done.")
        case Halt.REST_CANCELLED:
            steering.seen_out(run, sight.says if sight else "")
        case Halt.PAUSED:
            steering.rest(run)
        case Halt.APPROVAL_FELL:
            sentence = fall(run.item.plan) or "The approval did not stand at this moment."
            actions.needs_person(run, Cause.APPROVAL_FELL, sentence, REMEDIES[Cause.APPROVAL_FELL])


def rest_until(run: Run, at: datetime, why: str) -> None:
    after = max(timedelta(0), at - clock.now())
    put_down(run, State.WAITING, after=after, waiting_for=why, **actions.touched())


def turn(run: Run, step: Step, gateway: SegmentGateway, plain: Work, notes: Notes) -> None:
    work = replace(plain, known=step.recall(run))
    sight = look(run, step, gateway, work, notes)
    if sight is None:
        return None
    history = notes.history()
    if not step.acts and history.looks_since_call <= len(step.patience) and step.waits(sight):
        return look_again_later(run, sight, step.patience[history.looks_since_call - 1])
    waits = step.acts and not sight.blocked and not sight.afresh
    if waits and (later := settles_in(history)) is not None:
        return verify_later(run, sight, later, history)
    if (halt := steering.halt_of(run)) and (step.acts or halt is Halt.REST_CANCELLED):
        return halted(run, halt, sight)
    there = step.acts and sight.seen is Seen.PRESENT  # what is not known is not acted on
    if not there or sight.blocked or not may_call_again(history, step.calls_at_most(run)):
        if not step.stands(run, work):
            raise Outdated
        return hand_to_person(run, sight)
    if sight.facts.get("owner") and (says := unapproved_owner(run)):
        return actions.needs_person(run, Cause.APPROVAL_FELL, says, REMEDIES[Cause.APPROVAL_FELL])
    try:
        called = act(run, step, gateway, work, sight, notes)
    except steering.Halted as stopped:
        return halted(run, stopped.halt, sight)
    if called and run.urgent:
        return look_after_others(run)
    if called:
        # What the call brought is on record by now.
        after = look(run, step, gateway, replace(plain, known=step.recall(run)), notes)
        if after is not None:
            history = notes.history()
            verify_later(run, after, settles_in(history) or timedelta(seconds=1), history)


def look(run: Run, step: Step, gateway: SegmentGateway, work: Work, notes: Notes) -> Sight | None:
    """A fresh read, kept as evidence, and with it the end of the run if what should be gone is gone.

    None if nothing is left to decide: the run is done, or the read brought nothing and the run was put down.
    """
    attempt = notes.begin(Act.LOOK, f"Read {work.workspace}")
    try:
        sight = step.look(gateway, work)
    except GatewayError as error:
        came_to_nothing(run, attempt, error, notes)
        return None
    ended = False

    def keep() -> None:
        nonlocal ended
        step.noted(run, attempt, sight)
        ended = settled(run, step, sight)

    seen = {"seen": sight.seen.value, **sight.facts}
    notes.close(attempt, Result.SEEN, sight.says, seen, keep, sight.beside)
    return None if ended else sight


def settled(run: Run, step: Step, sight: Sight) -> bool:
    """If what should be gone is gone, the run is done, and only then."""
    if sight.seen is not Seen.ABSENT:
        return False
    nothing = (Result.NOT_APPLIED, Result.ABSENT)
    called = step.acts and any(
        each.act == Act.CALL and each.result not in nothing for each in queries.attempts_of(run.pk)
    )
    actions.done(run, sight.ends or (Ended.CHANGED if called else Ended.ALREADY), sight.says)
    return True


def act(run: Run, step: Step, gateway: SegmentGateway, work: Work, sight: Sight, notes: Notes) -> bool:
    """One mutating call. True if a look should follow at once. Raises Halted or Outdated if it may not begin now."""
    try:
        call = step.prepare(gateway, work, sight)
    except GatewayError as error:
        attempt = notes.begin(Act.CALL, step.intent(work), dict(sight.facts))
        came_to_nothing(run, attempt, error, notes)
        return False
    stands = partial(step.stands, run, work)
    attempt = notes.begin(Act.CALL, step.intent(work), dict(sight.facts), call.request, stands)
    try:
        answer = call.make()
    except NotThere as error:
        notes.close(attempt, Result.ABSENT, error.sentence)
        return True
    except Doubtful as error:
        notes.close(attempt, Result.UNKNOWN, error.sentence)
        put_down(run, State.UNKNOWN, after=timedelta(seconds=1), sentence=error.sentence, **actions.touched())
        return False
    except Declined as error:
        notes.close(attempt, Result.NOT_APPLIED, error.sentence)
        refused_or_gone(run, step, gateway, work, error, notes)
        return False
    except GatewayError as error:
        came_to_nothing(run, attempt, error, notes)
        return False
    notes.close(attempt, Result.ACCEPTED, call.says, keep=lambda: step.made(run, attempt, answer))
    return True


def refused_or_gone(
    run: Run, step: Step, gateway: SegmentGateway, work: Work, error: Declined, notes: Notes
) -> None:
    """What is not there, Segment may refuse in other words than 404, and its words for a known reason may be new to us.

    So a look comes before a person is asked.
    """
    sight = look(run, step, gateway, work, notes)
    if sight is None:
        return None
    if sight.blocked and CAUSES[error.kind] is Cause.DECLINED:
        return hand_to_person(run, sight)
    declined(run, error, notes)


def verify_later(run: Run, sight: Sight, later: timedelta, history: History) -> None:
    """Called, but not seen yet: paler than done. The next look decides."""
    called = "No clear answer came, and" if history.doubtful else "Accepted, but"
    says = f"{called} {sight.says}. We look again."
    put_down(run, State.VERIFYING, after=later, sentence=says[:500], **actions.touched())


def look_after_others(run: Run) -> None:
    """In an emergency, calls that are not made yet go before looks at those that were: what is due longest comes first.

    Also after an answer that nothing is there: what the call found is on its own row, and the look decides.
    """
    put_down(run, State.VERIFYING, sentence="Called. We look again.", **actions.touched())


def look_again_later(run: Run, sight: Sight, later: timedelta) -> None:
    put_down(
        run, State.WAITING, after=later, waiting_for=f"{sight.says[:150]} Next look", **actions.touched()
    )


def hand_to_person(run: Run, sight: Sight) -> None:
    cause, sentence, remedy = sight.blocked or (Cause.STILL_THERE, sight.says, REMEDIES[Cause.STILL_THERE])
    actions.needs_person(run, cause, sentence, remedy)


def came_to_nothing(run: Run, attempt: Attempt, error: GatewayError, notes: Notes) -> None:
    """Being asked to wait, by Segment or by our own count of calls, is no trouble of this step."""
    if not isinstance(error, SlowDown):
        notes.close(attempt, Result.NOT_APPLIED, error.sentence)
        return trouble(run, error, notes)
    notes.close(attempt, Result.NOT_APPLIED, error.sentence, {PAUSED: True})
    wait(run, error.retry_after, why_waiting(error))


def trouble(run: Run, error: GatewayError, notes: Notes) -> None:
    """What to do when a call, or a read, did not go through."""
    for kind, answer in TROUBLES.items():
        if isinstance(error, kind):
            return answer(run, error, notes)
    raise error


def wait(run: Run, seconds: float, why: str) -> None:
    """Not a try. The page counts down to `not_before`."""
    after = timedelta(seconds=seconds + random.random() * SPREAD)
    put_down(run, State.WAITING, after=after, waiting_for=why[:200], **actions.touched())


def refused(run: Run, error: GatewayError, _notes: Notes) -> None:
    assert run.item.workspace
    token_was_refused(run.item.workspace, error.sentence)
    token_refused(run, run.item.workspace)


def token_refused(run: Run, workspace: Workspace) -> None:
    sentence = f"Segment refused our token for {workspace.name}."
    if STEPS[run.item.step].optional:
        return actions.done(run, Ended.NOTHING_TO_DO, f"Not known: {sentence}")
    actions.needs_person(run, Cause.TOKEN_REFUSED, sentence, REMEDIES[Cause.TOKEN_REFUSED])


def not_allowed(run: Run, error: GatewayError, _notes: Notes) -> None:
    """A token below the level of the person it should remove is told apart from one that is too weak for anything."""
    if not (STEPS[run.item.step].acts and queries.planned_as_owner(run)):
        return actions.needs_person(run, Cause.NOT_ALLOWED, error.sentence, REMEDIES[Cause.NOT_ALLOWED])
    place = run.item.workspace
    sentence = (
        f"The person is Workspace Owner of {place.name if place else 'it'}. Only an Owner changes that, and our token is not "
        f"on that level. {error.sentence}"
    )
    actions.needs_person(run, Cause.OWNER_NEEDED, sentence, REMEDIES[Cause.OWNER_NEEDED])


def declined(run: Run, error: GatewayError, _notes: Notes) -> None:
    assert isinstance(error, Declined)
    cause = CAUSES[error.kind]
    actions.needs_person(run, cause, error.sentence, REMEDIES[cause])


def again_later(run: Run, error: GatewayError, notes: Notes) -> None:
    """Nobody was reached, or nothing could be read: back off, and give up to a person after many times."""
    troubles = notes.history().troubles
    if troubles >= TROUBLES_AT_MOST:
        cause = Cause.NOT_FOUND if isinstance(error, NotThere) else Cause.NOT_REACHED
        return actions.needs_person(run, cause, error.sentence, REMEDIES[cause])
    assert run.item.workspace
    standing = connections.standing(run.item.workspace.pk)
    if standing.shut:
        return wait(run, standing.shut, standing.why)
    after = back_off(troubles, random.random())
    put_down(run, State.WAITING, after=after, waiting_for=f"{error.sentence} Next try", **actions.touched())


TROUBLES: dict[type[GatewayError], Callable[[Run, GatewayError, Notes], None]] = {
    TokenRefused: refused,
    NotAllowed: not_allowed,
    Declined: declined,
    NotReached: again_later,
    NotThere: again_later,
    Doubtful: again_later,
}
