"""Page 1: who is leaving, and what they can reach, row by row."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.directory.queries import collaborators_in, known_name, other_addresses
from offboarding.journey import actions as journey
from offboarding.lib.addresses import fold, key
from offboarding.lib.refusals import Refused
from offboarding.lib.typed import whole
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import drafts_of, open_for_person
from offboarding.web.cards import NoticeCard
from offboarding.web.errors import status_of
from offboarding.web.filing.cards import PersonCard, already_notices, may_not_file, stages
from offboarding.web.filing.drafts import draft_or_away, trigger
from offboarding.web.filing.forms import WhoForm
from offboarding.web.filing.results import ResultsCard, news, results_card
from offboarding.web.filing.search import FILES, places_for, rows_of
from offboarding.web.http import Request, now, page, removal_or_404, signed_in, today, zone_of


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: Request) -> HttpResponse:
    """An empty first page; sent, it finds the person's access and keeps a draft."""
    if not request.scope.has(*FILES):
        return page(request, "filing/not_yours.html", {"permission": may_not_file()}, 403)
    if request.method == "POST":
        return find(request, WhoForm(request.POST))
    given = known(request) or {name: request.GET.get(name, "") for name in ("email", "name")}
    return page(request, "filing/who.html", context(request, WhoForm(initial=given), None))


def known(request: Request) -> dict[str, str]:
    """Name and addresses of the collaborator from whose page the link came."""
    wanted = whole(request.GET.get("person", "")) or 0
    person = collaborators_in(request.scope, *FILES).filter(pk=wanted).first() if wanted else None
    if person is None:
        return {}
    emails = [each.email for each in person.addresses.all() if not each.retired_at]
    return {"email": emails[0], "others": "\n".join(emails[1:]), "name": person.name} if emails else {}


@require_safe
@signed_in
def draft(request: Request, number: int) -> HttpResponse:
    removal, away = draft_or_away(request, number)
    if away:
        return away
    given = {
        "email": removal.email,
        "others": "\n".join(removal.going[1:]),
        "merge": bool(removal.stays),
        "stays": removal.stays,
        "name": removal.person_name,
        "machine": removal.machine,
        "owner": removal.owner,
        "consumers": removal.consumers,
    }
    return page(request, "filing/who.html", context(request, WhoForm(initial=given), removal))


@require_safe
@signed_in
def results(request: Request, number: int) -> HttpResponse:
    """Only what changed since the marks that the browser shows; 204 when nothing did."""
    removal = removal_or_404(request, number)
    card = search_of(request, removal)
    fresh = news(card, request.GET.get("since", ""))
    if not fresh.any and not card.end.over:
        return HttpResponse(status=204)
    answer = page(request, "filing/_news.html", {"results": card, "news": fresh, "draft": removal})
    return trigger(answer, announce=card.says)


def find(request: Request, form: WhoForm) -> HttpResponse:
    """Search for the person of a new or an existing draft; with `next` go on to page 2."""
    removal = named_draft(request)
    if not form.is_valid():
        # A search that began by itself met a half-typed field: the person is not finished yet.
        return HttpResponse(status=204) if request.htmx else unfinished(request, form, removal, 422)
    try:
        removal = search(request, form, removal)
    except Refused as refusal:
        return refused(request, form, named_draft(request), refusal)
    if request.htmx:
        return found_beside(request, form, removal)
    return redirect("draft_found" if "next" in request.POST else "draft", removal.number)


def named_draft(request: Request) -> RemovalRequest | None:
    typed = request.POST.get("draft", "")
    if not typed:
        return None
    return removal_or_404(request, whole(typed) or 0)


def search(request: Request, form: WhoForm, removal: RemovalRequest | None) -> RemovalRequest:
    """The draft, searched for. Going on with the same addresses searches nothing again."""
    addresses, user = form.addresses, request.user
    name = form.cleaned_data["name"] or known_name(request.scope, addresses[0])
    removal = removal or drafts_of(request.scope).filter(person=key(addresses)).first()
    if removal and removal.person == key(addresses) and ("next" in request.POST or request.htmx):
        found = removals.readdress(removal, user, addresses, name)
    else:
        found = journey.search_for(user, addresses, name, places_for(request.scope), today(request), removal)
    removals.machine(found, user, *form.of_machine)
    removals.merge(found, user, form.staying)
    return found


def refused(
    request: Request, form: WhoForm, removal: RemovalRequest | None, refusal: Refused
) -> HttpResponse:
    if request.htmx:
        notice = NoticeCard("bad", _("The search did not begin."), refusal.sentence)
        return page(request, "filing/_refused.html", {"notice": notice}, status_of(refusal))
    field = refusal.facts.get("field", "email" if refusal.code == "bad-address" else None)
    form.add_error(field, refusal.sentence)
    return unfinished(request, form, removal, status_of(refusal))


def unfinished(request: Request, form: WhoForm, removal: RemovalRequest | None, status: int) -> HttpResponse:
    return page(request, "filing/who.html", context(request, form, removal), status)


def found_beside(request: Request, form: WhoForm, removal: RemovalRequest) -> HttpResponse:
    """The results alone, below a form that the person may still be typing into."""
    answer = page(request, "filing/_results.html", {**context(request, form, removal), "oob": True})
    answer["HX-Replace-Url"] = reverse("draft", args=[removal.number])
    return answer


def context(request: Request, form: WhoForm, removal: RemovalRequest | None) -> dict[str, Any]:
    shared = {"form": form, "draft": removal, "stages": stages(removal, 1)}
    if removal is None:
        return shared
    return {
        **shared,
        "person": person(request, removal),
        "notices": already_notices(already(request, removal)),
        "results": search_of(request, removal),
    }


def search_of(request: Request, removal: RemovalRequest) -> ResultsCard:
    return results_card(
        rows_of(removal, places_for(request.scope)),
        zone_of(request),
        now(),
        reverse("draft_results", args=[removal.number]),
        reverse("draft", args=[removal.number]),
    )


def person(request: Request, removal: RemovalRequest) -> PersonCard:
    known = {fold(address) for address in removal.addresses}
    others = (other for address in removal.addresses for other in other_addresses(request.scope, address))
    return PersonCard(
        removal.person_name or removal.email,
        tuple(removal.addresses),
        tuple(dict.fromkeys(other for other in others if fold(other) not in known)),
    )


def already(request: Request, removal: RemovalRequest) -> list[RemovalRequest]:
    """Open requests for the same person, and the user's other drafts for them."""
    twins = drafts_of(request.scope).filter(person=removal.person).exclude(pk=removal.pk)
    return [*open_for_person(request.scope, removal.person, removal.addresses), *twins]
