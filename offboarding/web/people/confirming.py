"""The last press before somebody's access here changes: what they gain and lose in words, after a fresh proof."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from offboarding.approvals.delegations import actions as delegations
from offboarding.directory import correcting, proposals
from offboarding.directory import people as verbs
from offboarding.directory.models import Proposal
from offboarding.directory.two import takes_two
from offboarding.execution import leaving
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.web import proving
from offboarding.web.cards import ActCard, ConfirmCard, ErrorLine, ErrorSummaryCard, FactCard, FieldCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, today
from offboarding.web.people import delegated, held
from offboarding.web.people.effects import words
from offboarding.web.people.held import Held
from offboarding.web.people.reach import CONFIRM, person_or_404
from offboarding.web.people.views import back
from offboarding.web.proving import Wish

# What the last page asks for in words, by act.
REASONS = {
    held.DISABLE: lazy("Why"),
    held.DELEGATION: lazy("Why"),
    held.LOST: lazy("How you made sure that it is they who ask"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: Request) -> HttpResponse:
    show, press = partial(confirm_page, request), partial(pressed, request)
    return proving.confirmed(request, held.KEY, "people", show, press)


def wanted(request: Request, wish: Wish) -> tuple[Held, User | None]:
    change = Held(**wish.what)
    return change, person_or_404(request, change.person) if change.person else None


def pressed(request: Request, wish: Wish, method: str) -> HttpResponse:
    change, user = wanted(request, wish)
    if proposes(request, change, user):
        made = propose(request, change, user, method)
        says = _("It is proposed. It holds once another administrator has agreed.")
        messages.success(request, says)
        return redirect("people_proposal", made.pk)
    messages.success(request, perform(request, change, user))
    return back(user)


def proposes(request: Request, change: Held, user: User | None) -> bool:
    said = held.said(change)
    return said is not None and takes_two(request.scope, user, said)


def propose(request: Request, change: Held, user: User | None, method: str) -> Proposal:
    said, why = held.said(change), request.POST.get("reason", "")
    assert said is not None, "only such acts are proposed"
    return proposals.propose(request.user, request.scope, user, said, why, method, today(request))


def perform(request: Request, change: Held, user: User | None) -> str:
    """Does it, and says what was done."""
    me, scope, day = request.user, request.scope, today(request)
    if user is None:
        made = verbs.invite(me, scope, change.email, change.name, held.unpacked(change), day)
        return _("%(name)s is invited. A mail to %(email)s says how to go on.") % {
            "name": made.name,
            "email": made.email,
        }
    if change.act == held.ROLES:
        verbs.change(me, scope, user, held.unpacked(change), day)
        return _("The roles of %(name)s are changed. It holds from the next page on.") % {"name": user.name}
    if change.act == held.CORRECT:
        correcting.correct(me, scope, user, change.email, change.name)
        return _("%(name)s is put right: %(email)s.") % {"name": user.name, "email": user.email}
    if change.act == held.ENABLE:
        verbs.enable(me, scope, user)
        return _("%(name)s may sign in again.") % {"name": user.name}
    if change.act == held.UNLINK:
        verbs.forget_provider(me, scope, user)
        return _(
            "Where %(name)s signs in elsewhere is forgotten. The next account with their address is theirs."
        ) % {"name": user.name}
    if change.act == held.LOST:
        verbs.take_lost_factor(me, scope, user, request.POST.get("reason", ""))
        return _(
            "The second factor of %(name)s counts no more. They set up another one when they sign in."
        ) % {"name": user.name}
    if change.act == held.DELEGATION:
        given = delegated.one(request, user, change.delegation)
        delegations.end_for_them(given, me, scope, user, request.POST.get("reason", ""))
        return _("The delegation has ended. Decisions that were made stay.")
    disables = change.act == held.DISABLE
    ended = (
        leaving.disable(me, scope, user, request.POST.get("reason", ""))
        if disables
        else verbs.sign_out(me, scope, user)
    )
    word = _("%(name)s is disabled.") if disables else _("%(name)s is signed out.")
    browsers = ngettext("%(n)d browser was signed out.", "%(n)d browsers were signed out.", ended)
    return f"{word % {'name': user.name}} {browsers % {'n': ended}}"


def confirm_page(request: Request, wish: Wish, refusal: Refused | None) -> HttpResponse:
    change, user = wanted(request, wish)
    said, two = words(request, change, user), proposes(request, change, user)
    error = refusal.sentence if refusal else ""
    label_of_reason = lazy("Why") if two else REASONS.get(change.act, "")
    at_reason = error if refusal and refusal.facts.get("field") == "reason" else ""
    fields = (reason(request, str(label_of_reason), at_reason),)
    card = ConfirmCard(
        title=said.title,
        effects=(*said.effects, *(after_two() if two else ())),
        act=ActCard(
            _("Propose this") if two else said.label,
            CONFIRM,
            said.look,
            hidden=wish.hidden,
            busy=_("One moment…"),
        ),
        back_url=f"/setup/people/{user.pk}/" if user else "/setup/people/invite/",
        facts=(FactCard(_("Work e-mail"), user.email if user else change.email),),
        fields=fields if label_of_reason else (),
        summary=ErrorSummaryCard((ErrorLine(error, "id_reason" if at_reason else ""),) if error else ()),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card}, status=status)


def after_two() -> tuple[str, ...]:
    return (_("It takes two: nothing changes before another administrator has agreed."),)


def reason(request: Request, label: str, error: str) -> FieldCard:
    return FieldCard(
        "reason",
        label,
        value=request.POST.get("reason", ""),
        error=error,
        hint=_("It stands in the record."),
    )
