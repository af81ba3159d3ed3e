"""Setup > Sign-in: where people may sign in instead of here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.directory import sign_in as verbs
from offboarding.lib.refusals import Refused
from offboarding.users.adapter import TRIED, TRY
from offboarding.users.models import SignInProvider
from offboarding.users.queries import people_linked, provider_named
from offboarding.users.rules import Role
from offboarding.web.cards import ActCard, ConfirmCard, EmptyCard, ErrorLine, ErrorSummaryCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, signed_in
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.setup.tabs import tabs
from offboarding.web.signin.openid import callback_url
from offboarding.web.signin.views import leave, provider_or_404
from offboarding.web.ways import cards
from offboarding.web.ways.checks import checks
from offboarding.web.ways.forms import AddForm, form_for

P = ParamSpec("P")
View = Callable[Concatenate[Request, P], HttpResponse]
ACTS = ("on", "off", "vouch", "remove")


def administrators(view: View[P]) -> View[P]:
    """For all clients, and with a proof of the last minutes: a provider decides who everybody here is."""

    @wraps(view)
    def inner(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.scope.everywhere(Role.ADMINISTRATOR):
            raise PermissionDenied
        if not proved_since(request, 0) and request.method != "POST":
            return to_proof(request, request.get_full_path())
        return view(request, *args, **kwargs)

    return inner


def unproved(request: Request) -> Refused | None:
    """A form that was open for longer than a proof holds keeps what was typed."""
    if proved_since(request, 0):
        return None
    sentence = _(
        "It is too long ago that you confirmed who you are. Confirm it on another page, then save again."
    )
    return Refused("not-proved", sentence)


def row_or_404(slug: str) -> SignInProvider:
    row = provider_named(slug)
    if row is None:
        raise Http404
    return row


@require_safe
@signed_in
def ways(request: Request) -> HttpResponse:
    if not request.scope.everywhere(Role.ADMINISTRATOR, Role.SECURITY):
        raise PermissionDenied
    found = list(SignInProvider.objects.all())
    context = {
        "rows": cards.rows(found, people_linked()),
        "notice": cards.mode(found),
        "may_change": request.scope.everywhere(Role.ADMINISTRATOR),
        "empty": EmptyCard(
            _("No provider yet"), _("Add the one that your firm signs in with, such as Okta or Entra ID.")
        ),
        "tabs": tabs(request.scope, "sign-in"),
    }
    return page(request, "ways/ways.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@administrators
def add(request: Request) -> HttpResponse:
    form = AddForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if wrong := unproved(request):
            form.add_error(None, wrong.sentence)
        elif form.is_valid():
            try:
                row = verbs.add(
                    request.user, request.scope, form.cleaned_data["kind"], form.cleaned_data["name"]
                )
                return redirect("way", row.slug)
            except Refused as refusal:
                form.add_error(refusal.facts.get("field"), refusal.sentence)
                status = status_of(refusal)
    return page(request, "ways/add.html", {"form": form}, status=status)


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@administrators
def way(request: Request, slug: str) -> HttpResponse:
    row = row_or_404(slug)
    if request.method != "POST":
        return way_page(request, row, form_for(row))
    form = form_for(row, request.POST)
    if wrong := unproved(request):
        form.add_error(None, wrong.sentence)
    if not form.is_valid():
        return way_page(request, row, form, 422)
    try:
        secret = form.cleaned_data.get("secret", "")
        verbs.change(request.user, request.scope, row, form.values(), secret)
    except Refused as refusal:
        form.add_error(refusal.facts.get("field"), refusal.sentence)
        return way_page(request, row, form, status_of(refusal))
    messages.success(request, _("What you entered for %(name)s is saved.") % {"name": row.name})
    return redirect("way", row.slug)


def way_page(
    request: Request, row: SignInProvider, form: Any, status: int = 200, **more: Any
) -> HttpResponse:
    said = request.session.get(TRIED)
    context = {
        "row": row,
        "facts": cards.facts(row, people_linked()[row.slug]),
        "enter": cards.to_enter(request, row),
        "form": form,
        "secret_hint": _("Empty keeps the one that is stored.") if row.sealed_secret else "",
        "tried": cards.tried(said) if said and said["provider"] == row.slug else (),
        "may_remove": not row.is_on,
        "doubt": cards.doubt(row, request.user.pk),
        "may_vouch": not row.is_vouched_for and row.set_by_id != request.user.pk,
        **more,
    }
    return page(request, "ways/way.html", context, status=status)


@require_POST
@signed_in
@administrators
def test(request: Request, slug: str) -> HttpResponse:
    """Asks the provider. Nothing changes, here or there."""
    row = provider_or_404(slug)
    found = checks(row, callback_url(request, row.slug), now())
    return way_page(request, row, form_for(row), checks=found)


@require_safe
@signed_in
@administrators
def attempt(request: Request, slug: str) -> HttpResponse:
    """Out to the provider and back, to see what it says; nobody's sign-in changes by it."""
    request.session.pop(TRIED, None)
    return leave(request, provider_or_404(slug), TRY, reverse("way", args=[slug]) + "#tried", fresh=True)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@administrators
def act(request: Request, slug: str, name: str) -> HttpResponse:
    row = row_or_404(slug)
    if name not in ACTS:
        raise Http404
    if request.method != "POST":
        return confirm_page(request, row, name)
    if wrong := unproved(request):
        return confirm_page(request, row, name, wrong)
    try:
        told = perform(request, row, name)
    except Refused as refusal:
        return confirm_page(request, row, name, refusal)
    messages.success(request, told)
    return redirect("ways_in") if name == "remove" else redirect("way", row.slug)


def perform(request: Request, row: SignInProvider, name: str) -> str:
    if name == "remove":
        count = verbs.remove(request.user, request.scope, row)
        says = ngettext("%(n)d link went with it.", "%(n)d links went with it.", count) % {"n": count}
        return _("%(name)s is removed.") % {"name": row.name} + " " + says
    if name == "vouch":
        verbs.vouch(request.user, request.scope, row, request.POST.get("seen", ""))
        return _("%(name)s is confirmed. Those who decide come in there, too.") % {"name": row.name}
    verbs.switch(request.user, request.scope, row, on=name == "on")
    word = (
        _("%(name)s is on. Its button stands on the sign-in page.") if name == "on" else _("%(name)s is off.")
    )
    return word % {"name": row.name}


def confirm_page(
    request: Request, row: SignInProvider, name: str, refusal: Refused | None = None
) -> HttpResponse:
    title, label, role, effects = words(row, name, people_linked()[row.slug])
    card = ConfirmCard(
        title=title,
        effects=effects,
        act=ActCard(
            label,
            reverse("way_act", args=[row.slug, name]),
            role,
            hidden=(("seen", row.digest),) if name == "vouch" else (),
            busy=_("One moment…"),
        ),
        back_url=reverse("way", args=[row.slug]),
        facts=cards.entered(row) if name == "vouch" else (),
        summary=ErrorSummaryCard((ErrorLine(refusal.sentence),) if refusal else ()),
    )
    return page(
        request,
        "elements/confirm_page.html",
        {"confirm": card},
        status=status_of(refusal) if refusal else 200,
    )


def words(row: SignInProvider, name: str, linked: int) -> tuple[str, str, Any, tuple[str, ...]]:
    """(title, label of the button, its look, effects)"""
    given = {"name": row.name, "domains": ", ".join(row.domains), "people": cards.people(linked)}
    if name == "on":
        effects = (
            _("“Continue with %(name)s” stands on the sign-in page.") % given,
            _(
                "Who is invited and has an address of %(domains)s may come in there, and then comes in only there."
            )
            % given,
            _(
                "%(name)s says who somebody is: whoever can change people's addresses there can become anybody here."
            )
            % given,
        )
        return _("Switch %(name)s on") % given, _("Switch on"), "main", effects
    if name == "vouch":
        effects = (
            _(
                "Who approves, watches over or administers comes in there from now on, as the others do already."
            ),
            _("Look at it there, not at what you were told: whoever runs it can become anybody here."),
            _("Any change of what stands below needs another word."),
        )
        return _("Confirm that %(name)s is your own") % given, _("Confirm it"), "main", effects
    if name == "off":
        effects = (
            _("Nobody comes in from %(name)s. Who is signed in stays so.") % given,
            _("Who came from there may sign in with a password again, if they have one.") % given,
            _("Links are kept: %(people)s.") % given,
        )
        return _("Switch %(name)s off") % given, _("Switch off"), "bad", effects
    effects = (
        _("Its secret and its addresses here are forgotten.") % given,
        _("Links to it are forgotten: %(people)s.") % given,
        _("What people did stays in the record, with their names."),
    )
    return _("Remove %(name)s") % given, _("Remove"), "bad", effects
