"""Setup > API keys: with one a program acts as the person who made it."""

from __future__ import annotations

from datetime import UTC, date, timedelta

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.lib.refusals import Refused
from offboarding.users import keys as verbs
from offboarding.users.models import ApiKey
from offboarding.users.networks import networks_in
from offboarding.users.rules import Role, actor_of
from offboarding.web.cards import (
    ActCard,
    CodeCard,
    ConfirmCard,
    EmptyCard,
    ErrorLine,
    ErrorSummaryCard,
    FactCard,
)
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, signed_in, zone_of
from offboarding.web.keys import cards
from offboarding.web.keys.forms import WRITE, Typed, fields
from offboarding.web.people.forms import day, summary
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.setup.tabs import tabs

USUAL = timedelta(days=90)
SHOWN = 200


def today() -> date:
    """A key's last day is a day of UTC: a program has no zone."""
    return now().astimezone(UTC).date()


def seen_by(request: Request) -> QuerySet[ApiKey]:
    """One's own keys; administrators for all clients see everybody's, to end them."""
    found = ApiKey.objects.select_related("user")
    return found if request.scope.everywhere(Role.ADMINISTRATOR) else found.filter(user=request.user)


@require_safe
@signed_in
def keys(request: Request) -> HttpResponse:
    found = seen_by(request)[:SHOWN]
    context = {
        "rows": cards.rows(found, today(), zone_of(request), now()),
        "others": request.scope.everywhere(Role.ADMINISTRATOR),
        "empty": EmptyCard(_("No key yet"), _("Make one for each program, so that you can end it alone.")),
        "tabs": tabs(request.scope, "api"),
    }
    return page(request, "api_keys/keys.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: Request) -> HttpResponse:
    """The answer to the form is the one page that ever holds the key."""
    if request.method != "POST":
        if not proved_since(request, 0):
            return to_proof(request, reverse("api_key_new"))
        return form_page(request, Typed(ends_on=(today() + USUAL).isoformat()))
    typed = Typed.of(request.POST)
    try:
        if not proved_since(request, 0):
            raise Refused(
                "not-proved", _("It is too long ago that you confirmed who you are. Open this page anew.")
            )
        ends_on = day(typed.ends_on, "ends_on")
        if ends_on is None:
            raise Refused("no-end", _("Give its last day."), field="ends_on")
        plain = verbs.make(
            request.user,
            own_roles(request),
            typed.name,
            typed.roles,
            ends_on,
            today(),
            writes=typed.may == WRITE,
            networks=networks_in(typed.networks),
        )
    except Refused as wrong:
        return form_page(request, typed, wrong)
    card = CodeCard(plain, label=_("New API key"))
    return page(request, "api_keys/made.html", {"key": card, "name": typed.name, "ends_on": ends_on})


def own_roles(request: Request) -> tuple[Role, ...]:
    return tuple(role for role in Role if request.scope.has(role))


def form_page(request: Request, typed: Typed, wrong: Refused | None = None) -> HttpResponse:
    own = own_roles(request)
    context = {"fields": fields(typed, own, wrong), "summary": summary(wrong), "nobody": not own}
    return page(request, "api_keys/new.html", context, status=status_of(wrong) if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def end(request: Request, pk: int) -> HttpResponse:
    key = seen_by(request).filter(pk=pk).first()
    if key is None:
        raise Http404
    if request.method != "POST":
        return confirm_page(request, key)
    try:
        verbs.end(key, actor_of(request.user), now())
    except Refused as refusal:
        return confirm_page(request, key, refusal)
    messages.success(request, _("The key %(name)s has ended.") % {"name": key.name})
    return redirect("api_keys")


def confirm_page(request: Request, key: ApiKey, refusal: Refused | None = None) -> HttpResponse:
    row = cards.row(key, today(), zone_of(request), now())
    card = ConfirmCard(
        title=_("End the key %(name)s") % {"name": key.name},
        effects=(
            _("Whatever uses it is refused from the next call on."),
            _("It cannot be brought back. A new key is another one."),
        ),
        act=ActCard(_("End now"), reverse("api_key_end", args=[key.pk]), "bad", busy=_("One moment…")),
        back_url=reverse("api_keys"),
        facts=(
            FactCard(_("Key"), row.prefix),
            FactCard(_("Whose"), row.owner),
            FactCard(_("May"), row.may, note=row.networks),
            FactCard(_("Last used"), row.used or _("never"), note=row.used_from),
        ),
        summary=ErrorSummaryCard((ErrorLine(refusal.sentence),) if refusal else ()),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card}, status=status)
