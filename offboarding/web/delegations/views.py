"""Letting somebody else decide in one's place for a time: what was given and received, and giving and ending it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from offboarding.approvals.delegations import actions as verbs
from offboarding.approvals.delegations import queries
from offboarding.approvals.delegations.rules import DECIDING
from offboarding.approvals.models import Delegation
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.web import proving
from offboarding.web.cards import ActCard, ConfirmCard, ErrorLine, ErrorSummaryCard, FactCard, TagCard
from offboarding.web.delegations import forms
from offboarding.web.delegations.forms import Typed
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, signed_in, today, zone_of
from offboarding.web.proof import to_proof
from offboarding.web.proving import Wish
from offboarding.web.removal.clock import Clock

KEY, HERE, CONFIRM = "delegation", "/me/delegations/", "/me/delegations/confirm/"


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    times: str
    why: str
    tag: TagCard
    cancel: ActCard | None


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def delegations(request: Request) -> HttpResponse:
    """The list, and the form; what the form says is proved and confirmed before it holds."""
    if request.method != "POST":
        return list_page(request, Typed.suggested(now(), zone_of(request)))
    typed = Typed.of(request.POST)
    try:
        to = chosen(request, typed)
        verbs.check(request.user, to, typed.starts_at, typed.ends_at, typed.why, now(), today(request))
    except Refused as refusal:
        return list_page(request, typed, refusal)
    proving.keep(request, KEY, typed=forms.packed(typed))
    return to_proof(request, CONFIRM)


def chosen(request: Request, typed: Typed) -> User:
    """Foreign and unknown are the same answer."""
    found = next((each for each in queries.candidates(request.scope) if str(each.pk) == typed.to), None)
    if found is None:
        raise Refused("no-person", _("Choose who decides in your place."), field="to")
    return found


def list_page(request: Request, typed: Typed, refusal: Refused | None = None) -> HttpResponse:
    clock = Clock.of(request)
    decides = request.scope.has(*DECIDING)
    people = queries.candidates(request.scope) if decides else []
    field = str(refusal.facts.get("field", "")) if refusal else ""
    line = ErrorLine(refusal.sentence, f"id_{field}" if field else "") if refusal else None
    context = {
        "rows": [row(each, request.user, clock) for each in queries.delegations_of(request.user)],
        "fields": forms.fields(typed, people, refusal) if decides else (),
        "summary": ErrorSummaryCard((line,) if line else ()),
    }
    return page(request, "delegations/page.html", context, status=status_of(refusal) if refusal else 200)


def row(each: Delegation, reader: User, clock: Clock) -> Row:
    own = each.giver_id == reader.pk
    title = _("%(who)s decides for you") if own else _("You decide for %(who)s")
    over = each.cancelled_at is not None or each.ends_at <= clock.now
    end = ActCard(_("End it now"), f"{HERE}{each.pk}/cancel/", "quiet", post=True)
    return Row(
        title % {"who": each.to.name if own else each.giver.name}, times(each, clock), each.why, tag(each, clock),
        None if over else end,
    )  # fmt: skip


def times(each: Delegation, clock: Clock) -> str:
    span = {"start": clock.says(each.starts_at), "end": clock.says(each.ends_at)}
    return _("from %(start)s until %(end)s") % span


def tag(each: Delegation, clock: Clock) -> TagCard:
    if each.cancelled_at:
        words = _("Ended by %(who)s") % {"who": each.cancelled_by.name if each.cancelled_by else ""}
        return TagCard("cancelled", words)
    if each.ends_at <= clock.now:
        return TagCard("closed", _("Is over"))
    return (
        TagCard("approved", _("Holds now"))
        if each.starts_at <= clock.now
        else TagCard("waiting", _("Not yet"))
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: Request) -> HttpResponse:
    """What it means, after a fresh proof of who it is; then it holds."""
    show, press = partial(confirm_page, request), partial(delegate, request)
    return proving.confirmed(request, KEY, "delegations", show, press)


def delegate(request: Request, wish: Wish, method: str) -> HttpResponse:
    typed = Typed(**wish.what["typed"])
    to = chosen(request, typed)
    verbs.delegate(
        request.user, to, starts_at=typed.starts_at, ends_at=typed.ends_at, why=typed.why, method=method,
        now=now(), today=today(request),
    )  # fmt: skip
    messages.success(
        request, _("%(who)s can decide in your place then. You can end it at any time.") % {"who": to.name}
    )
    return redirect("delegations")


def confirm_page(request: Request, wish: Wish, refusal: Refused | None) -> HttpResponse:
    clock, typed = Clock.of(request), Typed(**wish.what["typed"])
    try:
        who, starts, ends = (
            chosen(request, typed).name,
            clock.says(typed.starts_at),
            clock.says(typed.ends_at),
        )
    except Refused:
        return redirect("delegations")
    card = ConfirmCard(
        title=_("Let %(who)s decide in your place") % {"who": who},
        effects=(
            _("They decide wherever you may, on requests that they can see. They see nothing more than now."),
            _("Not on requests that you or they filed or changed, nor about your or their own access."),
            _(
                "Each decision says “for you”. You can decide yourself too; of the two of you, one decides on a plan."
            ),
        ),
        act=ActCard(_("Delegate"), CONFIRM, "main", busy=_("One moment…"), hidden=wish.hidden),
        back_url=HERE,
        facts=(FactCard(_("From"), starts), FactCard(_("Until"), ends), FactCard(_("Why"), typed.why)),
        summary=ErrorSummaryCard((ErrorLine(refusal.sentence),) if refusal else ()),
    )
    return page(
        request,
        "elements/confirm_page.html",
        {"confirm": card},
        status=status_of(refusal) if refusal else 200,
    )


@require_POST
@signed_in
def cancel(request: Request, pk: int) -> HttpResponse:
    """At once: taking a right back needs no proof. The verb refuses everybody but the two."""
    found = Delegation.objects.filter(pk=pk).first()
    if found is None or request.user.pk not in (found.giver_id, found.to_id):
        raise Http404
    verbs.cancel(found, request.user)
    messages.success(request, _("The delegation has ended. Decisions that were made stay."))
    return redirect("delegations")
