"""Which entry of the ledger is news to whom. Nobody is told of a request that they may not see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from offboarding.approvals.models import Approval
from offboarding.approvals.queries import approvals_of, fell, rulings_of
from offboarding.approvals.queries import deciders as who_decides
from offboarding.approvals.rules import Decision
from offboarding.checklist.queries import newest_plan
from offboarding.directory.queries import leads_around, people_with, scope_of
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.queries import earlier, emergency_of, is_reviewed, reviewers_of
from offboarding.emergencies.rules import Verdict
from offboarding.execution.queries import workers_for
from offboarding.journey.notices import (
    connections,
    delegations,
    emergencies,
    endings,
    letters,
    people,
    policies,
    proposals,
    records,
    sign_in,
    words,
)
from offboarding.journey.notices.case import Case, Words, today
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft, Pace
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of, removals_for
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work.rules import State

# ---------------------------------------------------------------- who


def deciders(case: Case) -> list[User]:
    """Those whom the policy asks first. Whoever has decided by the time of the mail is left out then."""
    return who_decides(case.removal, rulings_of(case.plan), [], today())


def whose_turn(case: Case) -> list[User]:
    return who_decides(case.removal, rulings_of(case.plan), approvals_of(case.plan), today())


def told_instead(case: Case) -> list[User]:
    """Whom the policies name, else the administrators of every client in it; with them, who asked and whose turn it is."""
    named = User.objects.filter(pk__in=case.facts["told"])
    others = list(named) or people_with(Role.ADMINISTRATOR, clients_of(case.removal), today())
    return [*others, case.removal.requester, *whose_turn(case)]


def asked_and_asking(case: Case) -> list[User]:
    return [case.removal.requester, *whose_turn(case)]


def next_in_turn(case: Case) -> list[User]:
    """Whose turn an approval has brought: nobody who could have decided before it."""
    if case.removal.stage != Stage.PLANNED:
        return []
    given, rulings = approvals_of(case.plan), rulings_of(case.plan)
    before = [each for each in given if str(each.approver_id) != case.entry.actor_id]
    asked = {user.pk for user in who_decides(case.removal, rulings, before, today())}
    now = who_decides(case.removal, rulings, given, today())
    return [user for user in now if user.pk not in asked]


def requester(case: Case) -> list[User]:
    return [case.removal.requester]


def asker(case: Case) -> list[User]:
    asked = Approval.objects.filter(
        plan__removal=case.removal, decision=Decision.ASK, answer=case.facts["answer"]
    )
    newest = asked.select_related("approver").order_by("-answered_at").first()
    return [newest.approver] if newest else []


def workers(case: Case) -> list[User]:
    """Whoever has the step and still may do it, else everybody who may take it."""
    able, has = workers_for(case.removal, today()), case.item.run.assigned_to
    return [has] if has in able else able


def assigned(case: Case) -> list[User]:
    return list(User.objects.filter(pk=int(case.facts["assigned_to"])))


def concerned(case: Case) -> list[User]:
    return [case.removal.requester, *(each.approver for each in approvals_of(case.plan))]


def waited(case: Case) -> list[User]:
    """Whoever asked, and whoever was asked or has answered."""
    return [case.removal.requester, *deciders(case), *(each.approver for each in approvals_of(case.plan))]


def around(case: Case) -> list[User]:
    """Whoever waits for the work or does it."""
    return [case.removal.requester, *workers_for(case.removal, today())]


def alarmed(case: Case) -> list[User]:
    return [*people_with(Role.SECURITY, clients_of(case.removal), today()), case.removal.requester]


def around_emergency(removal: RemovalRequest) -> list[User]:
    """Security, and the leads: of the engagements that have the person on their roster, and of the clients."""
    clients = clients_of(removal)
    leads = leads_around(removal.addresses, clients) + people_with(Role.REQUESTER, clients, today())
    return [*people_with(Role.SECURITY, clients, today()), *leads]


def alarmed_at_once(case: Case) -> list[User]:
    """Those around it. One press makes a request for each client: people of several are told once, of the first."""
    told = before_in_press(case, lambda made: around_emergency(made.removal))
    return [user for user in around_emergency(case.removal) if user.pk not in told]


def before_in_press(case: Case, to: Callable[[Emergency], Iterable[User]]) -> set[int]:
    """Who is told of an earlier request of the same press that waits for its review, and so knows of this one."""
    made = emergency_of(case.removal)
    before = earlier(made).filter(review=None) if made else []
    return {user.pk for each in before for user in to(each) if sees(user, each.removal)}


def reviewers(case: Case) -> list[User]:
    """Besides those who are told of the release anyway, where this is its notice: nobody is told of one press twice."""
    made = emergency_of(case.removal)
    if made is None:
        return []
    known = before_in_press(case, lambda each: reviewers_of(each, today()))
    if case.entry.event == Event.EMERGENCY_RELEASED:
        of_all = [case.removal, *(each.removal for each in earlier(made))]
        known |= {user.pk for each in of_all for user in around_emergency(each)}
    return [user for user in reviewers_of(made, today()) if user.pk not in known]


def escalated(case: Case) -> list[User]:
    """Once it is late: everybody who may review, and who released it."""
    clients = clients_of(case.removal)
    others = [
        user for role in (Role.SECURITY, Role.ADMINISTRATOR) for user in people_with(role, clients, today())
    ]
    return [case.removal.requester, *reviewers(case), *others]


def told_of_review(case: Case) -> list[User]:
    """Who released it; of an objection everybody who was told of the release, and administrators."""
    if case.facts["verdict"] == Verdict.CONFIRM:
        return [case.removal.requester]
    return [case.removal.requester, *around_emergency(case.removal), *escalated(case)]


# ---------------------------------------------------------------- when not any more


def never(_case: Case, _user: User) -> str:
    return ""


def decided(case: Case, user: User) -> str:
    if case.removal.stage != Stage.PLANNED:
        return f"{case.removal.reference} is {case.removal.stage} already."
    if case.plan.approvals.filter(approver=user).exclude(decision=Decision.ASK).exists():
        return f"{user.name} has decided already."
    return ""


def not_waiting(case: Case, _user: User) -> str:
    """Also once the lead has asked again: that is another request for approval."""
    version = newest_plan(case.removal)
    if case.removal.stage == Stage.PLANNED and version and version.pk == case.plan.pk:
        return ""
    return f"{case.removal.reference} does not wait for this decision any more."


def stands_again(case: Case, user: User) -> str:
    if case.removal.stage == Stage.PLANNED:
        return decided(case, user)
    if case.removal.stage == Stage.RUNNING and fell(case.removal, case.plan):
        return ""
    return f"Enough others have approved {case.removal.reference}."


def not_expired(case: Case, _user: User) -> str:
    return (
        ""
        if case.removal.stage == Stage.EXPIRED
        else f"{case.removal.reference} is {case.removal.stage} now."
    )


def answered(case: Case, _user: User) -> str:
    waiting = Approval.objects.filter(
        plan__removal=case.removal, decision=Decision.ASK, note=case.facts["note"], answered_at=None
    )
    return "" if waiting.exists() else "The question is answered already."


def reviewed(case: Case, _user: User) -> str:
    return f"{case.removal.reference} is reviewed already." if is_reviewed(case.removal) else ""


def moved_on(case: Case, _user: User) -> str:
    if case.item.run.state == State.NEEDS_PERSON:
        return ""
    return f"Step {case.item.number} does not need a person any more."


def goes_on(case: Case, _user: User) -> str:
    return "" if case.removal.paused_at else f"{case.removal.reference} is not paused any more."


def rests(case: Case, _user: User) -> str:
    return f"{case.removal.reference} is paused again." if case.removal.paused_at else ""


# ---------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class Notice:
    kind: str
    to: Callable[[Case], Iterable[User]]
    says: Callable[[Case, User], Words]
    when: Callable[[dict[str, Any]], bool] = lambda facts: True
    over: Callable[[Case, User], str] = never
    pace: Pace = Pace.AT_ONCE
    # Of several entries with the same key, people are told of the first.
    key: Callable[[dict[str, Any]], str] = lambda facts: ""


def needs_person(facts: dict[str, Any]) -> bool:
    return facts.get("to") == State.NEEDS_PERSON


NOTICES: dict[Event, tuple[Notice, ...]] = {
    Event.REMOVAL_FILED: (
        Notice("decide", deciders, words.decision_needed, lambda facts: not facts.get("emergency"), decided),
    ),
    Event.EMERGENCY_RELEASED: (
        Notice("emergency", alarmed_at_once, emergencies.released),
        Notice("review", reviewers, emergencies.to_review, over=reviewed),
    ),
    Event.EMERGENCY_REVIEW_DUE: (
        Notice("review due", reviewers, emergencies.review_due, lambda facts: not facts["overdue"], reviewed),
        Notice("review overdue", escalated, emergencies.review_overdue, lambda facts: facts["overdue"], reviewed),
    ),
    Event.EMERGENCY_REVIEWED: (Notice("reviewed", told_of_review, emergencies.was_reviewed),),
    Event.VOLUME_REACHED: (Notice("second person", deciders, emergencies.one_more, over=decided),),
    Event.REMOVAL_CHANGED: (Notice("decide again", deciders, words.decision_needed_again, over=decided),),
    Event.QUESTION_ASKED: (Notice("question", requester, words.question, over=answered),),
    Event.QUESTION_ANSWERED: (Notice("answer", asker, words.answer, over=decided),),
    Event.PLAN_APPROVED: (
        Notice("approved", requester, words.approved),
        Notice("your turn", next_in_turn, words.your_turn, over=decided),
    ),
    Event.APPROVAL_REMINDED: (Notice("reminder", whose_turn, words.reminder, over=decided),),
    Event.APPROVAL_ESCALATED: (Notice("nobody decided", told_instead, words.escalated, over=not_waiting),),
    Event.APPROVAL_FELL: (Notice("approval fell", asked_and_asking, words.fell, over=stands_again),),
    Event.APPROVAL_EXPIRED: (Notice("expired", asked_and_asking, words.expired, over=not_expired),),
    # A draft that is thrown away gives no reason, and nobody was asked.
    Event.REMOVAL_WITHDRAWN: (
        Notice("withdrawn", waited, words.withdrawn, lambda facts: bool(facts["reason"])),
    ),
    Event.PLAN_REJECTED: (Notice("rejected", requester, words.rejected),),
    Event.ITEM_MOVED: (
        Notice("step", workers, words.step_needed, needs_person, moved_on, Pace.JOINED),
        Notice("step given", assigned, words.step_given, lambda facts: bool(facts.get("assigned_to")), moved_on),
    ),
    Event.REMOVAL_PAUSED: (Notice("paused", around, words.paused, over=goes_on, pace=Pace.JOINED),),
    Event.REMOVAL_RESUMED: (Notice("resumed", around, words.resumed, over=rests, pace=Pace.JOINED),),
    Event.REST_CANCELLED: (Notice("rest cancelled", around, words.rest_cancelled, pace=Pace.JOINED),),
    # However often it is tried: one notice for each token.
    Event.OLD_TOKEN_ALIVE: (
        Notice("old token works", alarmed, endings.old_token, key=lambda facts: f"old token: {facts['fingerprint']}"),
    ),
    Event.LETTER_WRITTEN: (
        Notice("letter to approve", letters.approvers, letters.to_approve, over=letters.settled, pace=Pace.JOINED),
    ),
    # While it waits its words may change often; people are told again only where that ended an approval.
    Event.LETTER_CHANGED: (
        Notice(
            "letter to approve",
            letters.approvers,
            letters.to_approve,
            lambda facts: bool(facts.get("ends_approval")),
            letters.settled,
            Pace.JOINED,
        ),
    ),
    Event.REMOVAL_CLOSED: (Notice("closed", requester, endings.closed, pace=Pace.JOINED),),
    Event.PACKET_SEALED: (Notice("sealed", concerned, endings.sealed, pace=Pace.JOINED),),
    # A check looks a few times before it hands over to a person; one notice for each check.
    Event.FINDING_RECORDED: (
        Notice(
            "came back",
            alarmed,
            endings.came_back,
            lambda facts: bool(facts.get("came_back")),
            key=lambda facts: f"came back: step {facts['item']}",
        ),
    ),
}  # fmt: skip


def register() -> None:
    for event, notices in NOTICES.items():
        handlers.register(event, partial(drafts, notices), partial(objection, notices))
    connections.register()
    people.register()
    policies.register()
    proposals.register()
    delegations.register()
    sign_in.register()
    emergencies.register()
    records.register()


def drafts(notices: tuple[Notice, ...], entry: Entry) -> list[Draft]:
    """Everybody who is told, once each, without whoever did it and without those who may not see the request."""
    facts = entry.facts
    meant = [notice for notice in notices if notice.when(facts)]
    if not meant:  # most entries: nothing is asked of the database
        return []
    case = case_of(entry)
    return [
        draft(case, notice, user)
        for notice in meant
        for user in {user.pk: user for user in notice.to(case)}.values()
        if not did_it(entry, user) and sees(user, case.removal)
    ]


def draft(case: Case, notice: Notice, user: User) -> Draft:
    said = notice.says(case, user)
    return Draft(
        to=user,
        kind=notice.kind,
        subject=said.subject,
        lead=said.lead,
        facts=said.facts,
        url=said.url,
        about=case.removal.reference,
        shared_url=f"{case.url}checklist/?show=mine" if notice.kind == "step" else case.url,
        brief=said.brief,
        key=notice.key(case.facts),
        pace=notice.pace,
    )


def objection(notices: tuple[Notice, ...], entry: Entry, user: User) -> str:
    case = case_of(entry)
    if not sees(user, case.removal):
        return f"{user.name} may not see {case.removal.reference}."
    return next(
        (why for notice in notices if notice.when(case.facts) and (why := notice.over(case, user))), ""
    )


def case_of(entry: Entry) -> Case:
    number = int(entry.about.removeprefix("R-"))
    return Case(entry, RemovalRequest.objects.select_related("requester").get(number=number))


def sees(user: User, removal: RemovalRequest) -> bool:
    return removals_for(scope_of(user, today())).filter(pk=removal.pk).exists()


def did_it(entry: Entry, user: User) -> bool:
    return entry.actor_kind == "user" and entry.actor_id == str(user.pk)
