"""What notices say while a request is decided and worked on: a subject, one sentence, about five facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from offboarding.approvals.queries import approvals_needed, approvals_of, asking_of
from offboarding.journey.notices.case import Case, Words, at, by, what, where, who, why
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.users.models import User

# ---------------------------------------------------------------- deciding


def decide_by(removal: RemovalRequest) -> datetime:
    """Before it starts, where that is still ahead; else before access has to be gone."""
    assert removal.starts_at and removal.due_at
    return removal.starts_at if removal.starts_at > datetime.now(UTC) else removal.due_at


def decision_needed(case: Case, user: User) -> Words:
    due = decide_by(case.removal)
    subject = _("Decide by %(by)s: %(what)s") % {"by": by(due, user), "what": what(case)}
    return Words(
        subject, _("%(who)s asks for your decision.") % {"who": case.actor}, request(case, user), act(case)
    )


def decision_needed_again(case: Case, user: User) -> Words:
    due = decide_by(case.removal)
    subject = _("Decide again by %(by)s, the plan changed: %(what)s") % {
        "by": by(due, user),
        "what": what(case),
    }
    lead = _("%(who)s changed the plan. Earlier approvals no longer count.") % {"who": case.actor}
    return Words(subject, lead, request(case, user), act(case))


def your_turn(case: Case, user: User) -> Words:
    subject = _("Your turn to decide by %(by)s: %(what)s") % {
        "by": by(decide_by(case.removal), user),
        "what": what(case),
    }
    lead = _("%(who)s approved. The policy asks you next.") % {"who": case.actor}
    return Words(subject, lead, request(case, user), act(case))


def reminder(case: Case, user: User) -> Words:
    words = {"by": by(decide_by(case.removal), user), "what": what(case)}
    lead = _("Nobody has decided yet. It waits for you, and the due time keeps running.")
    return Words(_("Reminder, decide by %(by)s: %(what)s") % words, lead, waiting(case, user), act(case))


def escalated(case: Case, user: User) -> Words:
    lead = _("Nobody has decided on it yet. Ask those whose turn it is, or an administrator.")
    return Words(
        _("Nobody has decided: %(what)s") % {"what": what(case)}, lead, waiting(case, user), case.url
    )


def expired(case: Case, user: User) -> Words:
    lead = _("Nobody decided in time, so the request for approval has ended. Nothing is removed.")
    if user.pk == case.removal.requester_id:
        lead = _(
            "Nobody decided in time, so the request for approval has ended. Nothing is removed. One press on the page asks"
            " again."
        )
    return Words(
        _("Not decided in time: %(what)s") % {"what": what(case)}, lead, request(case, user), case.url
    )


def fell(case: Case, user: User) -> Words:
    says = str(case.facts["says"])
    lead = _("%(says)s Nothing more is changed until somebody else has approved it.") % {"says": says}
    subject = _("Approve again: %(what)s") % {"what": what(case)}
    return Words(subject, lead, request(case, user), act(case))


def waiting(case: Case, user: User) -> list[tuple[str, str]]:
    """With the moment at which it ends by itself."""
    asking = asking_of(case.plan)
    ends = [(_("Ends undecided"), at(asking.expires_at, user))] if asking else []
    asked = [(_("Asked by"), case.removal.requester.name)]
    return [*asked, *request(case, user), *ends]


def request(case: Case, user: User) -> list[tuple[str, str]]:
    starts = at(case.removal.starts_at, user)
    return [who(case), where(case), why(case), (_("Starts"), starts), end(case, user)]


def end(case: Case, user: User) -> tuple[str, str]:
    """When access has to be gone; of what is only given back for a time, when that is over."""
    if case.removal.restores_id:
        last = max(datetime.fromisoformat(place["until"]) for place in case.places)
        return _("Ends by itself"), at(last, user)
    return _("Gone by"), at(case.removal.due_at, user)


def act(case: Case) -> str:
    return f"{case.url}approve/"


def question(case: Case, user: User) -> Words:
    subject = _("%(who)s asks you: %(what)s") % {"who": case.actor, "what": what(case)}
    lead = _("%(who)s asks before deciding. The time keeps running.") % {"who": case.actor}
    facts = [
        (_("Question"), str(case.facts["note"])),
        who(case),
        where(case),
        end(case, user),
    ]
    return Words(subject, lead, facts, case.url)


def answer(case: Case, _user: User) -> Words:
    subject = _("%(who)s answered: %(what)s") % {"who": case.actor, "what": what(case)}
    lead = _("Your question is answered. The decision is still open.")
    return Words(subject, lead, [(_("Answer"), str(case.facts["answer"])), who(case), where(case)], act(case))


def approved(case: Case, user: User) -> Words:
    needed, have = approvals_needed(case.plan), len(approvals_of(case.plan))
    words = {"n": min(have, needed), "all": needed, "what": what(case)}
    waits = case.removal.stage == Stage.PLANNED
    subject = _("%(n)d of %(all)d approvals: %(what)s") if waits else _("Approved: %(what)s")
    lead = _("%(who)s approved version %(version)d of the plan.")
    starts = (_("Starts"), at(case.removal.starts_at, user))
    return Words(
        subject % words, lead % decided(case), [*noted(case), who(case), where(case), starts], case.url
    )


def rejected(case: Case, _user: User) -> Words:
    lead = _("%(who)s rejected version %(version)d of the plan. Nothing is removed.")
    if case.removal.restores_id:
        lead = _("%(who)s rejected version %(version)d of the plan. Nothing is given back.")
    facts = [*noted(case), who(case), where(case)]
    return Words(_("Rejected: %(what)s") % {"what": what(case)}, lead % decided(case), facts, case.url)


def decided(case: Case) -> dict[str, Any]:
    return {"who": case.actor, "version": case.plan.version}


def noted(case: Case) -> list[tuple[str, str]]:
    note = str(case.facts.get("note", ""))
    return [(_("Note"), note)] if note else []


def withdrawn(case: Case, _user: User) -> Words:
    lead = _("%(who)s withdrew it. Nothing is removed, and nothing is left to decide.")
    if case.removal.restores_id:
        lead = _("%(who)s withdrew it. Nothing is given back, and nothing is left to decide.")
    facts = [(_("Because"), str(case.facts["reason"])), who(case), where(case)]
    return Words(_("Withdrawn: %(what)s") % {"what": what(case)}, lead % {"who": case.actor}, facts, case.url)


# ---------------------------------------------------------------- doing


def step_needed(case: Case, user: User) -> Words:
    """A step whose turn came, or one that stopped and says why."""
    words = {"n": case.item.number, "title": case.item.title, "ref": case.removal.reference}
    due = _("Due %(when)s") % {"when": at(case.item.due_at, user)}
    subject = _("Step %(n)d needs a person: %(title)s")
    lead, brief = _("A step of %(ref)s waits for somebody to do it by hand.") % words, due
    if says := str(case.facts.get("says", "")):
        subject, lead, brief = _("Step %(n)d stopped: %(title)s"), says, f"{says} {due}"
    return Words(subject % words, lead, step(case, user), step_url(case), brief)


def step_given(case: Case, user: User) -> Words:
    subject = _("Step %(n)d is yours: %(title)s") % {"n": case.item.number, "title": case.item.title}
    lead = _("%(who)s handed this step to you.") % {"who": case.actor}
    return Words(subject, lead, step(case, user), step_url(case))


def step(case: Case, user: User) -> list[tuple[str, str]]:
    item = case.item
    place = [(_("Where"), item.workspace.name)] if item.workspace else []
    proof = [(_("Proof"), _("Attach a %(kind)s.") % {"kind": item.proof})] if item.proof else []
    return [who(case), (_("Step"), item.title), *place, *proof, (_("Due"), at(item.due_at, user))]


def step_url(case: Case) -> str:
    return f"{case.url}steps/{case.item.number}/"


# ---------------------------------------------------------------- holding back


def paused(case: Case, user: User) -> Words:
    return steered(
        case,
        user,
        _("Paused: %(what)s"),
        _("%(who)s paused it. No call begins until somebody lets it go on."),
    )


def resumed(case: Case, user: User) -> Words:
    return steered(case, user, _("Goes on: %(what)s"), _("%(who)s let it go on. What rested is due now."))


def rest_cancelled(case: Case, user: User) -> Words:
    lead = _(
        "%(who)s cancelled what had not run yet. What was called already is read again, and then it closes."
    )
    return steered(case, user, _("The rest is cancelled: %(what)s"), lead)


def steered(case: Case, user: User, subject: str, lead: str) -> Words:
    because = str(case.facts.get("reason", ""))
    facts = [*([(_("Because"), because)] if because else []), who(case), where(case), end(case, user)]
    words = {"what": what(case), "who": case.actor}
    return Words(subject % words, lead % words, facts, case.url)
