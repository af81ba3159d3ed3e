"""What the decision page says beside the plan: whether this reader decides, and what came of it."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.approvals.models import Approval
from offboarding.approvals.queries import approvers_for, standing
from offboarding.approvals.rules import Decision, may_not_decide, missing, not_their_turn
from offboarding.checklist.models import Plan
from offboarding.removals.rules import Stage
from offboarding.web.cards import ActCard, ConfirmCard, DiffCard, FactCard, NoticeCard, PermissionCard
from offboarding.web.decide.pending import Pending
from offboarding.web.removal.decisions import who_said
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.plan import difference, plan_card

DONE = {
    Stage.APPROVED: lazy("This plan is approved. Nothing is left to decide."),
    Stage.RUNNING: lazy("This plan is approved and the work has begun."),
    Stage.CLOSED: lazy("This plan was approved and is done."),
    Stage.EXPIRED: lazy("Nobody decided in time, so this request for approval has ended."),
    Stage.REJECTED: lazy("This plan was rejected."),
    Stage.WITHDRAWN: lazy("The request was withdrawn."),
}


def verdict(view: Overview, today: date) -> PermissionCard | None:
    """Why there is no form for this reader, and who decides; None if they may decide."""
    if view.emergency:
        who = view.emergency.released_by.name
        return PermissionCard(
            _("This is an emergency: nobody approved this plan beforehand."),
            _("%(who)s released it, %(when)s.") % {"who": who, "when": view.clock.says(view.emergency.at)},
            ActCard(_("Open the emergency"), f"/emergency/{view.removal.reference}/"),
        )
    if not view.decidable:
        told = who_can_ask(view) if view.stage is Stage.EXPIRED else who_decided(view)
        return PermissionCard(str(DONE[view.stage]), told)
    why = may_not_decide(standing(view.user, view.plan, today), view.rulings)
    if not why:
        return None
    return PermissionCard(why, who_can(view, today))


def not_yet(view: Overview, today: date) -> str:
    """Why this reader's yes would not count now; empty if it would. Rejecting and asking are always open to them."""
    return not_their_turn(view.rulings, view.voters, standing(view.user, view.plan, today).voter)


def who_can_ask(view: Overview) -> str:
    return _("%(who)s can ask again.") % {"who": view.removal.requester.name}


def who_decided(view: Overview) -> str:
    told = [each for each in view.decisions if each.plan_id == view.plan.pk and each.decision != Decision.ASK]
    names = ", ".join(f"{who_said(each)}, {view.clock.says(each.at)}" for each in told)
    return _("Decided by %(names)s.") % {"names": names} if names else _("Nobody decided on it.")


def who_can(view: Overview, today: date) -> str:
    names = [user.name for user in approvers_for(view.removal, today)]
    if not names:
        return _(
            "Nobody else can decide yet: an administrator has to name an approver for every client in it."
        )
    who = ", ".join(names)
    if view.approvals:
        return ngettext(
            "%(n)d more approval is needed. Who can decide: %(who)s.",
            "%(n)d more approvals are needed. Who can decide: %(who)s.",
            view.missing,
        ) % {"n": view.missing, "who": who}  # fmt: skip
    return _("Who can decide: %(who)s.") % {"who": who}


def only_yes(view: Overview) -> str:
    """While the work goes on there is only a yes to give; empty before it began."""
    if not view.fell:
        return ""
    brake = getattr(view.plan, "brake", None)
    return f"{brake.says if brake else ''} {_('The work has begun. To stop it, pause it or cancel the rest.')}".strip()


def own_say(view: Overview) -> NoticeCard | None:
    """What this reader said last about this request, as long as it counts for the plan as it is."""
    mine = [
        each
        for each in view.decisions
        if each.approver_id == view.user.pk and each.plan_id == view.plan.pk and each.fell_at is None
    ]
    if not mine:
        return None
    said = mine[-1]
    words = {"version": view.plan.version, "when": view.clock.says(said.at)}
    match Decision(said.decision):
        case Decision.APPROVE:
            return NoticeCard(
                "ok", _("You approved version %(version)d, %(when)s.") % words, after_approval(view)
            )
        case Decision.REJECT:
            return NoticeCard(
                "bad", _("You rejected version %(version)d, %(when)s.") % words, _("Nothing is removed.")
            )
        case Decision.ASK:
            return asked(view, said, words)


def asked(view: Overview, said: Approval, words: dict[str, object]) -> NoticeCard:
    if said.answered_at:
        return NoticeCard("info", _("Your question is answered."), said.answer)
    return NoticeCard(
        "waiting",
        _("You asked a question, %(when)s.") % words,
        _("%(who)s was told. The due time keeps running, and you can decide at any time.")
        % {"who": view.removal.requester.name},
    )


def after_approval(view: Overview) -> str:
    if view.missing > 0:
        return ngettext(
            "%(n)d more approval is needed.", "%(n)d more approvals are needed.", view.missing
        ) % {"n": view.missing}
    starts = view.removal.starts_at
    if starts and starts > view.clock.now:
        return _("The work begins %(when)s.") % {"when": view.clock.says(starts)}
    return _("Automatic steps run now, steps by hand wait for people.")


def changed_since(view: Overview, fingerprint: str) -> DiffCard | None:
    """Old plan and new plan side by side; None if the fingerprint never was one of this request."""
    old = view.removal.plans.filter(fingerprint=fingerprint).first()
    return difference(old.data, view.data) if old else None


def changed_notice(view: Overview, read: str) -> NoticeCard:
    """`read` is the fingerprint that the form carried: that of an earlier version, or of no plan at all."""
    if not view.removal.plans.filter(fingerprint=read).exists():
        text = _("Your decision was not recorded. Read the plan below and decide again.")
        return NoticeCard("attention", _("This form does not name the plan that it is about"), text)
    return NoticeCard(
        "attention",
        _("The plan changed %(when)s") % {"when": view.clock.says(view.plan.frozen_at)},
        _("%(who)s changed the plan. Your decision was not recorded. Read the changes and decide again.")
        % {"who": view.plan.made_by.name},
    )


def previous_difference(view: Overview) -> DiffCard | None:
    """Against the version before, where there is one."""
    previous: Plan | None = view.removal.plans.filter(version=view.plan.version - 1).first()
    return difference(previous.data, view.data) if previous else None


BUTTONS = {Decision.REJECT: lazy("Reject this plan"), Decision.ASK: lazy("Send the question")}


def act_label(view: Overview, decision: Decision) -> str:
    """The button says the act; the same sentence is what is signed."""
    if decision is not Decision.APPROVE:
        return str(BUTTONS[decision])
    removed = sum(1 for place in view.data["places"] if place["choice"] == "remove")
    narrowed = sum(1 for place in view.data["places"] if place["choice"] == "downgrade")
    if back := sum(1 for place in view.data["places"] if place["choice"] == "restore"):
        return ngettext(
            "Approve giving access back in %(n)d workspace for a time",
            "Approve giving access back in %(n)d workspaces for a time",
            back,
        ) % {"n": back}  # fmt: skip
    if less := sum(1 for place in view.data["places"] if place["choice"] == "reduce"):
        return approve_less(less, less + removed + narrowed)
    words = {"n": removed, "more": narrowed}
    if removed and narrowed:
        return ngettext(
            "Approve removal from %(n)d workspace and read-only in %(more)d",
            "Approve removal from %(n)d workspaces and read-only in %(more)d",
            removed,
        ) % words  # fmt: skip
    if narrowed:
        return ngettext(
            "Approve read-only in %(n)d workspace", "Approve read-only in %(n)d workspaces", narrowed
        ) % {"n": narrowed}
    return (
        ngettext("Approve removal from %(n)d workspace", "Approve removal from %(n)d workspaces", removed)
        % words
    )


def approve_less(less: int, changed: int) -> str:
    if less < changed:
        return _("Approve what goes in %(n)d workspaces") % {"n": changed}
    return ngettext(
        "Approve taking only some access away in %(n)d workspace",
        "Approve taking only some access away in %(n)d workspaces",
        less,
    ) % {"n": less}


def acting(view: Overview, today: date) -> str:
    """ "Dev for Bob", where the right was delegated."""
    who = standing(view.user, view.plan, today)
    if not who.acts_for:
        return view.user.name
    return _("%(who)s for %(giver)s") % {"who": view.user.name, "giver": who.acts_for}


def confirm(view: Overview, pending: Pending, method: str, today: date) -> ConfirmCard:
    """Level 3: what, where, effect."""
    decision = Decision(pending.decision)
    plan = plan_card(view.data, view.plan.fingerprint)
    titles = {
        Decision.APPROVE: _("Approve version %(version)d of %(reference)s"),
        Decision.REJECT: _("Reject version %(version)d of %(reference)s"),
        Decision.ASK: _("Ask about version %(version)d of %(reference)s"),
    }
    facts = [
        FactCard(_("Person"), tuple(view.removal.addresses)),
        FactCard(_("Where"), tuple(f"{line.sign} {line.workspace}" for line in plan.goes)),
        FactCard(_("Plan"), plan.fingerprint, note=_("version %(version)d") % {"version": plan.version}),
        FactCard(
            _("You"),
            _("%(name)s, confirmed by %(method)s") % {"name": acting(view, today), "method": method},
        ),
    ]
    if pending.note:
        facts.insert(3, FactCard(_("Note"), pending.note))
    return ConfirmCard(
        title=titles[decision] % {"version": view.plan.version, "reference": view.removal.reference},
        effects=tuple(effects(view, decision, today)),
        act=ActCard(
            act_label(view, decision), f"{view.url}approve/confirm/",
            "bad" if decision is Decision.REJECT else "main", busy=_("Recording…"),
            hidden=pending.wish.hidden,
        ),
        back_url=f"{view.url}approve/",
        facts=tuple(facts),
    )  # fmt: skip


def at_once(view: Overview) -> str:
    due = view.removal.due_at
    if view.removal.restores_id and due:
        return _("Access comes back at once, and is taken away again %(when)s.") % {
            "when": view.clock.says(due)
        }
    return _("Automatic steps begin at once. What is removed is not put back by itself.")


def effects(view: Overview, decision: Decision, today: date) -> list[str]:
    if decision is Decision.REJECT:
        return [_("Nothing is removed. The request ends and the lead sees your note.")]
    if decision is Decision.ASK:
        return [
            _("The lead sees your question at once."),
            _("Nothing is decided. The due time keeps running."),
        ]
    voter = standing(view.user, view.plan, today).voter
    left = missing(view.rulings, [*view.voters, voter])
    starts = view.removal.starts_at
    begins = _("%(n)d of %(all)d approvals are in after yours; nothing runs before the last one.") % {
        "n": max(1, view.needed - left),
        "all": view.needed,
    }
    if not left:
        later = starts and starts > view.clock.now
        begins = (
            _("Automatic steps begin %(when)s.") % {"when": view.clock.says(starts)}
            if later and starts
            else at_once(view)
        )
    return [
        begins,
        _(
            "You approve exactly this version. If the plan changes, your approval ends and you are asked again."
        ),
        _("Your name, the time, your address and how you confirmed are kept as evidence."),
    ]
