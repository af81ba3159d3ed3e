"""The pages of one request: access, checklist, timeline, evidence, and what its requester does with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from offboarding.ledger.events import Event
from offboarding.ledger.queries import entries_about
from offboarding.removals.attaching import refuses_files
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.reports.actions import noted
from offboarding.users.rules import Role
from offboarding.verification.traced import events_of
from offboarding.web.attached import signed
from offboarding.web.audit.sitting import once
from offboarding.web.http import Request, page, part_wanted, removal_or_404, signed_in, today
from offboarding.web.removal import access as access_cards
from offboarding.web.removal import cards
from offboarding.web.removal import checklist as checklist_cards
from offboarding.web.removal.arrives import arrives
from offboarding.web.removal.decisions import decisions
from offboarding.web.removal.files import evidence as evidence_card
from offboarding.web.removal.overview import Overview, overview, seen_by_page, version_of
from offboarding.web.removal.plan import plan_card
from offboarding.web.removal.polling import news, poll, wants_news
from offboarding.web.removal.timeline import timeline as timeline_card
from offboarding.web.removal.told import told
from offboarding.web.whence import parts_of

BEFORE_THE_WORK = (Stage.PLANNED, Stage.EXPIRED, Stage.APPROVED, Stage.REJECTED, Stage.WITHDRAWN)


def of_request(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for those who may see the request: turns `number` into its Overview.

    A draft has no plan yet: its pages are those where it is written.
    """

    def inner(request: Request, /, **kwargs: Any) -> HttpResponse:
        """Everything below may assume a person, a request in sight, and its plan."""
        removal = removal_or_404(request, kwargs.pop("number"))
        seen = overview(request, removal)
        if seen is None and removal.requester_id == request.user.pk:
            return redirect(f"/requests/new/{removal.reference}/found/")
        if seen is None:
            raise Http404
        note_auditor(request, removal)
        return view(request, seen, **kwargs)

    return wraps(view)(parts_need_a_person(signed_in(inner)))


def note_auditor(request: Request, removal: RemovalRequest) -> None:
    """Who only audits leaves a trace of what they read, once in a sitting. Others read what they work on."""
    only_audits = [role for role in Role if request.scope.has(role)] == [Role.AUDITOR]
    if only_audits and once(request, f"request:{removal.number}"):
        noted(Event.REMOVAL_READ, request.user, {}, about=removal.reference)


def parts_need_a_person(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A sign-in that ended while a page was open: the whole page goes to sign in, no form lands inside a row."""

    def inner(request: Request, /, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated or not part_wanted(request):
            return view(request, **kwargs)
        back = parts_of(request.htmx.current_url).path
        return HttpResponse(
            headers={"HX-Redirect": f"{reverse('account_login')}?{urlencode({'next': back})}"}
        )

    return inner


@require_safe
@of_request
def access(request: Request, view: Overview) -> HttpResponse:
    version = version_of(view)
    if wants_news(request):
        return news(
            request, view, version, "removal/_access_news.html", "?", "access", lambda: shown(request, view)
        )
    context = {"head": cards.head(view, "access"), "poll": poll(view, version, "?"), **shown(request, view)}
    return page(request, "removal/access.html", context)


def shown(request: HttpRequest, view: Overview) -> dict[str, Any]:
    """The table, and before the work begins the plan with what was decided on it."""
    context: dict[str, Any] = {
        "access": access_cards.access(view),
        "arrives": arrives(view),
        "url": view.url,
        "told": told(view.removal),
        "files": signed(view.data, view.clock),
        "files_url": f"{view.url}attachments/" if not refuses_files(view.removal, view.user) else "",
        "removal": view.removal,
    }
    if view.stage in BEFORE_THE_WORK:
        context |= {
            "plan": plan_card(view.data, view.plan.fingerprint),
            "decisions": decisions(view, today(request)),
        }
    return context


@require_safe
@of_request
def checklist(request: Request, view: Overview) -> HttpResponse:
    shown = checklist_cards.Shown(request.GET.get("show", "all"), request.GET.get("page", ""))
    if not shown.known:
        raise Http404
    query = urlencode(shown.query)
    path = f"checklist/?{query}&" if query else "checklist/?"
    version = version_of(view)
    if wants_news(request):
        seen = seen_by_page(request.GET["since"])
        return news(
            request, view, version, "removal/_checklist_news.html", path, "checklist",
            lambda: {"news": checklist_cards.news(view, seen, shown)},
        )  # fmt: skip
    context = {
        "head": cards.head(view, "checklist"),
        "checklist": checklist_cards.checklist(view, shown),
        "parts": checklist_cards.parts(view),
        "poll": poll(view, version, path),
    }
    return page(request, "removal/checklist.html", context)


@require_safe
@of_request
def timeline(request: Request, view: Overview) -> HttpResponse:
    entries, events = entries_about(view.removal.reference), events_of(view.plan)
    card = timeline_card(entries, view.url, view.clock, events)
    return page(request, "removal/timeline.html", {"head": cards.head(view, "timeline"), "timeline": card})


@require_safe
@of_request
def evidence(request: Request, view: Overview) -> HttpResponse:
    return page(
        request,
        "removal/evidence.html",
        {"head": cards.head(view, "evidence"), "evidence": evidence_card(view)},
    )
