"""Changes of people's access that wait for a second administrator: read, and decided after a fresh proof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.directory import proposals as verbs
from offboarding.directory.models import Proposal
from offboarding.directory.rules import Act, Grant, Standing
from offboarding.directory.words import title_of
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.web import proving
from offboarding.web.cards import (
    ActCard,
    ConfirmCard,
    ErrorLine,
    ErrorSummaryCard,
    FactCard,
    FieldCard,
    PermissionCard,
    TagCard,
    TimeCard,
)
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, today
from offboarding.web.people import effects, held
from offboarding.web.proof import to_proof
from offboarding.web.proving import Wish
from offboarding.web.removal.clock import Clock

KEY = "people_proposal"
CONFIRM = "/setup/people/proposals/confirm/"
STANDINGS = {
    Standing.PROPOSED: "to_decide",
    Standing.AGREED: "approved",
    Standing.DECLINED: "rejected",
    Standing.WITHDRAWN: "cancelled",
}
Look = Literal["main", "bad"]
# (label of the button, its look, what else follows)
LAST: dict[str, tuple[Any, Look, tuple[Any, ...]]] = {
    held.AGREE: (lazy("Agree"), "main", (lazy("It happens at once, and the record names you both."),)),
    held.DECLINE: (
        lazy("Decline"),
        "bad",
        (lazy("Nothing changes. Who proposed it is told why."),),
    ),
    held.WITHDRAW: (
        lazy("Withdraw"),
        "bad",
        (lazy("Nothing changes."),),
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    url: str
    why: str
    by: str
    time: TimeCard
    own: bool


def rows(request: Request) -> tuple[Row, ...]:
    """One query."""
    return tuple(rows_of(request, verbs.open_for(request.scope)))


def row_about(request: Request, user: User) -> Row | None:
    """What is proposed of this person, for whoever may read it. One query."""
    mine = [each for each in verbs.open_for(request.scope) if each.person_id == user.pk]
    return next(iter(rows_of(request, mine)), None)


def rows_of(request: Request, found: Iterable[Proposal]) -> Iterable[Row]:
    clock = Clock.of(request)
    return (
        Row(
            title_of(each),
            f"/setup/people/proposals/{each.pk}/",
            each.why,
            each.proposed_by.name,
            clock.time(each.proposed_at),
            each.proposed_by_id == request.user.pk,
        )
        for each in found
    )


def found_or_404(request: Request, pk: int) -> Proposal:
    found = verbs.proposal_for(request.scope, pk)
    if found is None:
        raise Http404
    return found


@require_safe
@signed_in
def proposal(request: Request, pk: int) -> HttpResponse:
    """What shall become of somebody's access, who says so, and why."""
    found = found_or_404(request, pk)
    open_, own = found.standing == Standing.PROPOSED, found.proposed_by_id == request.user.pk
    why_not = verbs.may_not(request.scope, found)
    context = {
        "proposal": found,
        "title": title_of(found),
        "tag": TagCard(STANDINGS[Standing(found.standing)]),
        "facts": facts(request, found),
        "effects": changes(request, found),
        "own": own and open_,
        "decides": open_ and not why_not,
        "permission": PermissionCard(why_not, "") if open_ and why_not and not own else None,
    }
    return page(request, "people/proposal.html", context)


def facts(request: Request, found: Proposal) -> tuple[FactCard, ...]:
    clock = Clock.of(request)
    said = [
        FactCard(_("Work e-mail"), found.person.email if found.person else found.email),
        FactCard(_("Proposed by"), by(found.proposed_by.name, clock.says(found.proposed_at))),
        FactCard(_("Why"), found.why),
    ]
    if found.decided_by and found.decided_at:
        said.append(FactCard(_("Decided by"), by(found.decided_by.name, clock.says(found.decided_at))))
    return (*said, FactCard(_("Note"), found.note)) if found.note else tuple(said)


def by(name: str, when: str) -> str:
    return _("%(name)s, %(when)s") % {"name": name, "when": when}


def changes(request: Request, found: Proposal) -> tuple[str, ...]:
    """What it was when it was proposed, and what it shall be."""
    if found.act == Act.CORRECT:
        was_email, was_name = found.before
        return tuple(
            effects.corrected(
                User(pk=found.person_id, email=was_email, name=was_name), found.email, found.name
            )
        )
    return tuple(effects.gained_and_lost(request, map(Grant.from_json, found.before), found.said.grants))


# ---------------------------------------------------------------- deciding


@require_POST
@signed_in
def decide(request: Request, pk: int, name: str) -> HttpResponse:
    """The wish to agree, decline or withdraw; nothing happens before it is confirmed."""
    found = found_or_404(request, pk)
    if name not in held.DECISIONS:
        raise Http404
    if found.standing != Standing.PROPOSED:
        messages.warning(request, _("It is decided already."))
        return redirect("people_proposal", pk)
    proving.keep(request, KEY, act=name, proposal=pk)
    return to_proof(request, CONFIRM)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: Request) -> HttpResponse:
    show, press = partial(confirm_page, request), partial(pressed, request)
    return proving.confirmed(request, KEY, "people", show, press)


def pressed(request: Request, wish: Wish, method: str) -> HttpResponse:
    found = found_or_404(request, wish.what["proposal"])
    messages.success(request, perform(request, wish.what["act"], found, method))
    return redirect("people_proposal", found.pk)


def perform(request: Request, act: str, found: Proposal, method: str) -> str:
    """Does it, and says what was done."""
    if act == held.AGREE:
        user = verbs.agree(found, request.user, request.scope, method, today(request))
        return _("Done, as it was proposed: %(name)s, %(email)s.") % {"name": user.name, "email": user.email}
    if act == held.DECLINE:
        verbs.decline(found, request.user, request.scope, method, request.POST.get("note", ""))
        return _("The proposal is declined. Nothing changed.")
    verbs.withdraw(found, request.user)
    return _("The proposal is withdrawn. Nothing changed.")


def confirm_page(request: Request, wish: Wish, refusal: Refused | None) -> HttpResponse:
    found, act = found_or_404(request, wish.what["proposal"]), wish.what["act"]
    label, look, then = LAST[act]
    error = refusal.sentence if refusal else ""
    at_note = bool(refusal and refusal.facts.get("field") == "note")
    note = FieldCard(
        "note", _("Why"), "textarea", request.POST.get("note", ""), rows=3, error=error if at_note else "",
        hint=_("Who proposed it reads this."), attrs=(("maxlength", str(verbs.LONGEST)),),
    )  # fmt: skip
    card = ConfirmCard(
        title=title_of(found),
        effects=(*(changes(request, found) if act == held.AGREE else ()), *then),
        act=ActCard(label, CONFIRM, look, hidden=wish.hidden, busy=_("One moment…")),
        back_url=f"/setup/people/proposals/{found.pk}/",
        facts=facts(request, found),
        fields=(note,) if act == held.DECLINE else (),
        summary=ErrorSummaryCard((ErrorLine(error, "id_note" if at_note else ""),) if error else ()),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card}, status=status)
