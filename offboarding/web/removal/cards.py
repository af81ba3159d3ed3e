"""The head of every page of a request: state, strip, due, who, what needs attention, where to go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.approvals.rules import Decision
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.verification.rules import Now
from offboarding.web.cards import (
    ActCard,
    AttentionCard,
    AttentionRow,
    DueCard,
    StripCard,
    TabCard,
    TabsCard,
    TagCard,
)
from offboarding.web.removal.decisions import who_said
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.states import blocked
from offboarding.web.removal.strip import strip_of
from offboarding.work.rules import ENDED, State

STAGES = {
    Stage.DRAFT: "draft",
    Stage.PLANNED: "to_decide",
    Stage.APPROVED: "approved",
    Stage.RUNNING: "running",
    Stage.CLOSED: "closed",
    Stage.REJECTED: "rejected",
    Stage.EXPIRED: "expired",
    Stage.WITHDRAWN: "cancelled",
}


@dataclass(frozen=True, slots=True)
class HeadCard:
    reference: str
    title: str
    tag: TagCard
    strip: StripCard
    due: DueCard | None
    says: tuple[str, ...]
    attention: AttentionCard
    tabs: TabsCard
    main: ActCard | None
    more: tuple[ActCard, ...]
    related: tuple[ActCard, ...] = ()


def head(view: Overview, current: str) -> HeadCard:
    """`current` names the tab: access, checklist, timeline or evidence; empty for pages beside the tabs."""
    return HeadCard(
        reference=view.removal.reference,
        title=title(view),
        tag=stage_tag(view),
        strip=head_strip(view),
        due=due(view),
        says=tuple(facts(view)),
        attention=attention(view),
        tabs=tabs(view, current),
        main=main_act(view),
        more=more(view),
        related=tuple(related(view)),
    )


def related(view: Overview) -> list[ActCard]:
    """The request whose removals this one undoes for a time, and the other way round; an emergency's own page."""
    links = [(each, _("Restoration %(reference)s: %(stage)s")) for each in view.restorations]
    if view.removal.restores:
        links.insert(0, (view.removal.restores, _("Restores what %(reference)s took away")))
    live = ActCard(_("The emergency, live"), f"/emergency/{view.removal.reference}/", "link")
    return [
        *([live] if view.removal.emergency else []),
        *(
            ActCard(
                words % {"reference": each.reference, "stage": TagCard(STAGES[Stage(each.stage)]).word},
                f"/requests/{each.reference}/",
                "link",
            )
            for each, words in links
        ),
    ]


def head_strip(view: Overview) -> StripCard:
    return strip_of(view.data, view.places, view.runs)


def title(view: Overview) -> str:
    places = view.changed_places
    clients = {place["client"] for place in places}
    words = {"person": view.removal.person_name or view.removal.email, "n": len(places)}
    if view.removal.restores_id:
        return ngettext(
            "Restore access of %(person)s in %(n)d workspace for a time",
            "Restore access of %(person)s in %(n)d workspaces for a time",
            len(places),
        ) % words  # fmt: skip
    if view.removal.stays:
        words["stays"] = view.removal.stays
        return ngettext(
            "Merge %(person)s into %(stays)s in %(n)d workspace",
            "Merge %(person)s into %(stays)s in %(n)d workspaces",
            len(places),
        ) % {**words, "person": view.removal.email}  # fmt: skip
    if any(place["choice"] == "reduce" for place in places):
        return ngettext(
            "Take some access from %(person)s in %(n)d workspace",
            "Take some access from %(person)s in %(n)d workspaces",
            len(places),
        ) % words  # fmt: skip
    if len(clients) == 1:
        words["client"] = clients.pop()
        return ngettext(
            "Remove %(person)s from %(n)d %(client)s workspace",
            "Remove %(person)s from %(n)d %(client)s workspaces",
            len(places),
        ) % words  # fmt: skip
    return ngettext(
        "Remove %(person)s from %(n)d workspace", "Remove %(person)s from %(n)d workspaces", len(places)
    ) % words  # fmt: skip


def stage_tag(view: Overview) -> TagCard:
    stage, starts = view.stage, view.removal.starts_at
    if steered := steered_tag(view.removal):
        return steered
    if stage is Stage.RUNNING and view.removal.emergency:
        return TagCard("emergency")
    if stage is Stage.RUNNING and view.removal.restores_id and any(p.now is Now.KEPT for p in view.places):
        return TagCard("running", _("Restored until %(when)s") % {"when": view.clock.says(ending(view))})
    if stage is Stage.WITHDRAWN:
        return TagCard("cancelled", _("Withdrawn"))
    if stage is Stage.APPROVED and starts and starts > view.clock.now:
        return TagCard("approved", _("Approved, starts %(when)s") % {"when": view.clock.says(starts)})
    return TagCard(STAGES[stage])


def ending(view: Overview) -> datetime:
    assert view.removal.due_at
    return view.removal.due_at


def steered_tag(removal: RemovalRequest) -> TagCard | None:
    """For a request that was held back or cut short; None for all others."""
    if removal.rest_cancelled_at:
        return TagCard("cancelled", _("Cancelled what was left"))
    return TagCard("waiting", _("Paused")) if removal.paused_at else None


def due(view: Overview) -> DueCard | None:
    removal = view.removal
    if not removal.is_open or not removal.due_at or not removal.filed_at:
        return None
    return view.clock.due(removal.due_at, removal.filed_at)


def facts(view: Overview) -> list[str]:
    told = []
    if view.removal.closed_at:
        told.append(_("Closed %(when)s") % {"when": view.clock.says(view.removal.closed_at)})
    told += steered(view)
    if view.stage is Stage.EXPIRED and view.asking:
        told.append(_("Nobody decided until %(when)s") % {"when": view.clock.says(view.asking.expires_at)})
    told += released(view) or [_("Lead %(who)s") % {"who": view.removal.requester.name}]
    if view.approvals:
        who = ", ".join(f"{who_said(each)} {view.clock.short(each.at)}" for each in view.approvals)
        told.append(_("Approved by %(who)s") % {"who": who})
    if view.stage is Stage.PLANNED and view.needed > 1:
        have = max(0, view.needed - view.missing)
        told.append(_("%(n)d of %(all)d approvals") % {"n": have, "all": view.needed})
    return told


def released(view: Overview) -> list[str]:
    """Who released it without an approval, and what became of its review; empty for all others."""
    made = view.emergency
    if made is None:
        return []
    words = {"who": made.released_by.name, "when": view.clock.says(made.at)}
    told = [_("Released without an approval by %(who)s, %(when)s") % words]
    if review := getattr(made, "review", None):
        says = (
            _("Confirmed afterwards by %(who)s")
            if review.verdict == "confirm"
            else _("%(who)s objected afterwards")
        )
        return [*told, says % {"who": review.reviewer.name}]
    late = made.review_due_at < view.clock.now
    says = _("Review overdue since %(when)s") if late else _("Review due %(when)s")
    return [*told, says % {"when": view.clock.says(made.review_due_at)}]


def steered(view: Overview) -> list[str]:
    """Who holds it back or cut it short, when and why."""
    removal = view.removal
    words = {"why": removal.steered_because}
    if removal.rest_cancelled_at and removal.rest_cancelled_by:
        words |= {"who": removal.rest_cancelled_by.name, "at": view.clock.says(removal.rest_cancelled_at)}
        return [_("Cancelled by %(who)s, %(at)s: %(why)s") % words]
    if removal.paused_at and removal.paused_by:
        words |= {"who": removal.paused_by.name, "at": view.clock.says(removal.paused_at)}
        return [_("Paused by %(who)s, %(at)s: %(why)s") % words]
    return []


def attention(view: Overview) -> AttentionCard:
    """Failed first: access that came back, steps that stopped, steps that are late, questions."""
    rows = [*fallen(view), *came_back(view), *stopped(view), *questions(view)]
    text = ngettext("%(n)d thing needs attention", "%(n)d things need attention", len(rows))
    if rows and len(rows) == len(stopped(view)):
        text = ngettext("%(n)d step needs attention", "%(n)d steps need attention", len(rows))
    return AttentionCard(text % {"n": len(rows)}, tuple(rows))


def fallen(view: Overview) -> list[AttentionRow]:
    if not view.fell:
        return []
    names = ", ".join(each.approver.name for each in view.decisions if each.fell_at)
    says = _(
        "%(who)s approved this and may not approve it any more. Nothing more is changed before somebody else does."
    )
    brake = getattr(view.plan, "brake", None)
    if brake and not names:
        says = _("%(why)s Nothing more is changed before somebody else approves it.")
        names = brake.says
    return [AttentionRow(says % {"who": names, "why": names}, f"{view.url}approve/", _("See who can"), "bad")]


def came_back(view: Overview) -> list[AttentionRow]:
    return [
        AttentionRow(
            _("%(workspace)s: access came back. %(says)s.")
            % {"workspace": place.workspace, "says": place.says},
            f"{view.url}timeline/",
            _("See when"),
            "bad",
        )
        for place in view.places
        if place.now is Now.CAME_BACK
    ]


def stopped(view: Overview) -> list[AttentionRow]:
    rows = []
    for run in view.runs:
        late = run.state not in ENDED and not run.item.at and run.item.due_at < view.clock.now
        if not blocked(run) and not (late and run.state == State.NEEDS_PERSON):
            continue
        number = run.item.number
        says = run.sentence if blocked(run) else _("%(title)s is late") % {"title": run.item.title}
        rows.append(
            AttentionRow(
                _("Step %(number)d: %(says)s") % {"number": number, "says": says},
                f"{view.url}steps/{number}/",
                _("Open step %(number)d") % {"number": number},
                "bad" if blocked(run) else "attention",
            )
        )
    return sorted(rows, key=lambda row: row.role != "bad")


def questions(view: Overview) -> list[AttentionRow]:
    if view.stage is not Stage.PLANNED or view.user.pk != view.removal.requester_id:
        return []
    return [
        AttentionRow(
            _("%(who)s asks: %(note)s") % {"who": each.approver.name, "note": each.note},
            f"{view.url}#question-{each.pk}",
            _("Answer"),
        )
        for each in view.decisions
        if each.decision == Decision.ASK and not each.answered_at
    ]


def tabs(view: Overview, current: str) -> TabsCard:
    done = sum(1 for run in view.runs if run.state in ENDED)
    count = _("%(done)d of %(all)d") % {"done": done, "all": len(view.items)}
    rows = (("access", _("Access"), "", ""), ("checklist", _("Checklist"), "checklist/", count),
            ("timeline", _("Timeline"), "timeline/", ""), ("evidence", _("Evidence"), "evidence/", ""),
            ("messages", _("Messages"), "messages/", ""))  # fmt: skip
    cards = (TabCard(label, view.url + path, key == current, number) for key, label, path, number in rows)
    return TabsCard(_("Request %(reference)s") % {"reference": view.removal.reference}, tuple(cards))


def main_act(view: Overview) -> ActCard | None:
    """The one act of this page for this reader, if there is one."""
    if view.decidable and view.user.pk != view.removal.requester_id and view.may_approve:
        return ActCard(_("Decide"), f"{view.url}approve/", "main")
    if view.stage is Stage.EXPIRED and view.user.pk == view.removal.requester_id:
        return ActCard(_("Ask again"), f"{view.url}ask-again/", "main", post=True, busy=_("Asking…"))
    if view.removal.paused_at and view.may_steer:
        return ActCard(_("Let the work go on"), f"{view.url}resume/", "main", post=True)
    if view.stage is Stage.CLOSED:
        return ActCard(_("Evidence packet"), f"/evidence/{view.removal.reference}/", "quiet", icon="evidence")
    return None


def more(view: Overview) -> tuple[ActCard, ...]:
    """Change and withdraw are the requester's, as long as the work has not begun; then it can be paused or cut short.

    Where the requester has left, others withdraw it.
    """
    own = view.user.pk == view.removal.requester_id
    early = view.stage in (Stage.PLANNED, Stage.EXPIRED, Stage.APPROVED)
    change = early and own and not view.removal.restores_id
    acts = [ActCard(_("Change the plan"), f"{view.url}change/", "link")] if change else []
    if early and view.may_withdraw:
        acts.append(ActCard(_("Withdraw the request"), f"{view.url}withdraw/", "link", dialog=True))
    if view.stage is Stage.RUNNING and view.may_steer and not view.removal.rest_cancelled_at:
        if not view.removal.paused_at:
            acts.append(ActCard(_("Pause the work"), f"{view.url}pause/", "link", dialog=True))
        acts.append(ActCard(_("Cancel the rest"), f"{view.url}cancel-rest/", "link", dialog=True))
    if view.stage in (Stage.RUNNING, Stage.CLOSED) and view.may_restore:
        acts.append(ActCard(_("Restore temporarily"), f"{view.url}restore/", "link"))
    if view.stage is not Stage.PLANNED or own:
        acts.append(ActCard(_("Read the plan"), f"{view.url}approve/", "link"))
    return tuple(acts)
