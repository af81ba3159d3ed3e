"""Who decides, who has decided, and what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.approvals.models import Approval
from offboarding.approvals.queries import approvers_for
from offboarding.approvals.rules import Decision
from offboarding.removals.rules import Stage
from offboarding.web.cards import ErrorSummaryCard, FieldCard, TagCard, TimeCard
from offboarding.web.removal.overview import Overview


@dataclass(frozen=True, slots=True)
class DecisionCard:
    id: int
    who: str
    says: str
    tag: TagCard
    time: TimeCard
    method: str
    note: str
    answer: str
    answer_time: TimeCard | None
    old: str  # why it no longer counts; empty if it does
    form: FieldCard | None


@dataclass(frozen=True, slots=True)
class DecisionsCard:
    needed: str
    who: str
    under: tuple[str, ...]  # each policy that the plan is decided under, in a sentence
    until: TimeCard | None  # when the request for approval ends by itself
    rows: tuple[DecisionCard, ...]
    summary: ErrorSummaryCard


def decisions(
    view: Overview, today: date, typed: str = "", asked: int = 0, summary: ErrorSummaryCard | None = None
) -> DecisionsCard:
    """`typed`, `asked` and `summary` bring back an answer that could not be taken."""
    names = ", ".join(user.name for user in approvers_for(view.removal, today))
    wrong = str(summary.errors[0].text) if summary else ""
    rows = tuple(
        decision(view, each, *((typed, wrong) if each.pk == asked else ("", ""))) for each in view.decisions
    )
    return DecisionsCard(
        needed(view), names or _("nobody yet"), under(view), until(view), rows, summary or ErrorSummaryCard()
    )


def until(view: Overview) -> TimeCard | None:
    if view.stage is not Stage.PLANNED or view.asking is None:
        return None
    return view.clock.time(view.asking.expires_at)


def under(view: Overview) -> tuple[str, ...]:
    """ "Acme, production, every reason, version 3: 1 approver of the client, then 1 of security"."""
    kept = view.data.get("decided_under", ())
    return tuple(
        _("%(name)s, version %(n)d: %(says)s")
        % {"name": each["name"], "n": each["version"], "says": each["told"][0][1]}
        for each in kept
        if each["version"]
    )


def needed(view: Overview) -> str:
    if not view.decidable:
        return ""
    have = max(0, view.needed - view.missing)
    if not have:
        return ngettext("%(n)d approval is needed.", "%(n)d approvals are needed.", view.needed) % {
            "n": view.needed
        }
    return _("%(have)d of %(n)d approvals are in.") % {"have": have, "n": view.needed}


TAGS = {Decision.APPROVE: "approved", Decision.REJECT: "rejected", Decision.ASK: "needs_person"}


def decision(view: Overview, each: Approval, typed: str, wrong: str) -> DecisionCard:
    kind = Decision(each.decision)
    tag = TagCard(TAGS[kind], _("Question") if kind is Decision.ASK else "")
    if kind is Decision.ASK and each.answered_at:
        tag = TagCard("done", _("Answered"))
    return DecisionCard(
        id=each.pk,
        who=who_said(each),
        says=_("on version %(version)d") % {"version": version(each)},
        tag=tag,
        time=view.clock.time(each.at),
        method=each.method,
        note=each.note,
        answer=each.answer,
        answer_time=view.clock.time(each.answered_at) if each.answered_at else None,
        old=old(view, each),
        form=answer_field(view, each, typed, wrong),
    )


def who_said(each: Approval) -> str:
    """ "Dev for Bob", where the right was delegated."""
    if each.right_of_id == each.approver_id:
        return each.approver.name
    return _("%(who)s for %(giver)s") % {"who": each.approver.name, "giver": each.right_of.name}


def old(view: Overview, each: Approval) -> str:
    if each.plan_id != view.plan.pk:
        return _("no longer counts: the plan changed")
    return _("no longer counts: it fell before the work was done") if each.fell_at else ""


def version(each: Approval) -> int:
    return int(getattr(each, "version", 0))


def answer_field(view: Overview, each: Approval, typed: str, wrong: str) -> FieldCard | None:
    """Only the requester answers, and only once."""
    own = view.user.pk == view.removal.requester_id
    if each.decision != Decision.ASK or each.answered_at or not own:
        return None
    return FieldCard(
        "answer", _("Your answer"), "textarea", typed, rows=3, id=f"answer-{each.pk}", error=wrong,
        attrs=(("maxlength", "2000"),),
    )  # fmt: skip
