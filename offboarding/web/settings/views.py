"""Settings: what stands in the environment, what administrators set here, and going back to an earlier version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.lib.refusals import Refused
from offboarding.lib.typed import whole
from offboarding.removals import adjusting as verbs
from offboarding.removals.catalogue import GROUPS, fitting, wrong_values
from offboarding.users.rules import Role
from offboarding.web import proving
from offboarding.web.cards import ActCard, ConfirmCard, ErrorLine, ErrorSummaryCard, PermissionCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, version_in
from offboarding.web.proof import to_proof
from offboarding.web.proving import Wish
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.forms import one_error
from offboarding.web.settings import cards
from offboarding.web.setup.tabs import tabs

SEES = (Role.ADMINISTRATOR, Role.SECURITY)
KEY = "settings_change"


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits for its proof and its last press."""

    group: str
    values: dict[str, int]
    version: int
    back_to: int | None


def for_those_who_see(request: Request) -> None:
    if not request.scope.everywhere(*SEES):
        raise PermissionDenied


def may_set_or_403(request: Request, group: str) -> None:
    for_those_who_see(request)
    if verbs.may_not_set(request.scope):
        raise PermissionDenied
    if group not in GROUPS:
        raise Http404


@require_safe
@signed_in
def settings(request: Request) -> HttpResponse:
    for_those_who_see(request)
    return show(request)


def show(
    request: Request,
    group: str = "",
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> HttpResponse:
    clock, why = Clock.of(request), verbs.may_not_set(request.scope)
    found = tuple(
        cards.group_card(verbs.standing(key), clock, typed, wrong)
        if key == group
        else cards.group_card(verbs.standing(key), clock)
        for key in GROUPS
    )
    context = {
        "groups": found,
        "summary": ErrorSummaryCard(
            tuple(ErrorLine(says, f"id_{name}") for name, says in (wrong or {}).items())
        ),
        "permission": PermissionCard(why, _("Another administrator can.")) if why else None,
        "elsewhere": cards.elsewhere(),
        "variables": cards.variable_rows(),
        "tabs": tabs(request.scope, "settings"),
    }
    return page(request, "settings/settings.html", context, 422 if wrong else 200)


@require_safe
@signed_in
def versions(request: Request, group: str) -> HttpResponse:
    for_those_who_see(request)
    if group not in GROUPS:
        raise Http404
    context = {
        "group": group,
        "title": cards.TITLES[group][0],
        "versions": cards.version_rows(verbs.versions(group), Clock.of(request)),
        "may_set": not verbs.may_not_set(request.scope),
    }
    return page(request, "settings/versions.html", context)


# ---------------------------------------------------------------- changing


@require_POST
@signed_in
def change(request: Request, group: str) -> HttpResponse:
    """What was typed is kept for the page that asks once more; nothing changes before its press."""
    may_set_or_403(request, group)
    typed = {each.name: request.POST.get(each.name, "").strip() for each in verbs.group_of(group)}
    values = {name: value for name, text in typed.items() if (value := whole(text, digits=6)) is not None}
    if wrong := wrong_values(verbs.group_of(group), values):
        return show(request, group, typed, wrong)
    return keep(request, group, values, version_in(request))


@require_POST
@signed_in
def back(request: Request, group: str, version: int) -> HttpResponse:
    may_set_or_403(request, group)
    earlier = next((each for each in verbs.versions(group) if each.version == version), None)
    if earlier is None:
        raise Http404
    return keep(
        request, group, fitting(verbs.group_of(group), earlier.values), verbs.standing(group).version, version
    )


def keep(
    request: Request, group: str, values: dict[str, int], version: int, back_to: int | None = None
) -> HttpResponse:
    proving.keep(request, KEY, group=group, values=values, version=version, back_to=back_to)
    return to_proof(request, reverse("settings_confirm"))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: Request) -> HttpResponse:
    show, press = partial(confirm_page, request), partial(save, request)
    return proving.confirmed(request, KEY, "settings", show, press)


def wanted(request: Request, wish: Wish) -> Held:
    held = Held(**wish.what)
    may_set_or_403(request, held.group)
    return held


def save(request: Request, wish: Wish, _method: str) -> HttpResponse:
    """On top of somebody else's change the same press may come again, now that both can be seen."""
    held = wanted(request, wish)
    try:
        number = verbs.change(
            request.user, request.scope, held.group, held.values, held.version, held.back_to
        )
    except Refused as refusal:
        if refusal.code == "stale":
            proving.amend(request, KEY, version=verbs.standing(held.group).version)
        raise
    messages.success(request, _("Saved as version %(n)d. It holds from now on.") % {"n": number})
    return redirect("settings")


def confirm_page(request: Request, wish: Wish, refusal: Refused | None) -> HttpResponse:
    held = wanted(request, wish)
    now = verbs.standing(held.group)
    title = _("Change the settings: %(what)s") % {"what": cards.TITLES[held.group][0]}
    if held.back_to is not None:
        title = _("Go back to version %(n)d") % {"n": held.back_to}
    act = ActCard(_("Save"), reverse("settings_confirm"), "main", hidden=wish.hidden, busy=_("Saving…"))
    changed = verbs.differences(now.values, held.values)
    card = ConfirmCard(
        title=title,
        effects=(
            *cards.said(held.group, changed),
            *(() if changed else (_("Nothing differs from what stands there now."),)),
            _("It is kept as a version of its own, with your name, and can be taken back."),
        ),
        act=act,
        back_url=reverse("settings"),
        summary=one_error(refusal.sentence) if refusal else ErrorSummaryCard(),
    )
    return page(
        request, "elements/confirm_page.html", {"confirm": card}, status_of(refusal) if refusal else 200
    )
