"""The population report: a period in numbers, its exceptions, a sample of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from offboarding.connections.models import Workspace
from offboarding.directory.queries import clients_in
from offboarding.ledger.actions import Event
from offboarding.lib import canonical
from offboarding.reports import actions
from offboarding.reports.population import queries
from offboarding.reports.population import report as reports
from offboarding.reports.population.controls import controls
from offboarding.reports.population.report import Report
from offboarding.reports.population.rules import Row
from offboarding.reports.walls import as_reader
from offboarding.trail import actions as trail
from offboarding.web.audit.sitting import once
from offboarding.web.audit.views import readers_only
from offboarding.web.cards import ErrorSummaryCard
from offboarding.web.evidence.tabs import tabs
from offboarding.web.http import Request, now, page, signed_in, today, zone_of
from offboarding.web.paging import pager
from offboarding.web.population import cards
from offboarding.web.population.forms import PeriodForm, SampleForm
from offboarding.web.removal.clock import Clock

PAGE = 50


def form_of(request: Request) -> PeriodForm:
    return PeriodForm(request.GET, as_reader(request.scope), zone_of(request), today(request))


def read(request: Request, form: PeriodForm) -> Report:
    return reports.read(request.scope, form.wanted(), zone_of(request), now())


def kept(request: Request, *names: str) -> dict[str, str]:
    wanted = names or ("since", "until", "client", "kind", "sample", "seed")
    return {name: request.GET[name] for name in wanted if request.GET.get(name)}


def filters(form: PeriodForm) -> dict[str, str]:
    """What was asked for, for the record."""
    return {"since": form.told()[0][1], "until": form.told()[1][1], **dict(form.told()[2:])}


@require_safe
@signed_in
def population(request: Request) -> HttpResponse:
    readers_only(request)
    form = form_of(request)
    context: dict[str, Any] = {"tabs": tabs(request.scope, "population")}
    if form.is_valid():
        context |= shown(request, form)
    context |= {"fields": form.cards(), "summary": ErrorSummaryCard.of(form)}
    return page(request, "population/page.html", context, 200 if form.is_valid() else 422)


def shown(request: Request, form: PeriodForm) -> dict[str, Any]:
    found, clock = read(request, form), Clock.of(request)
    if once(request, f"population:{canonical.digest(filters(form))}"):
        actions.noted(Event.POPULATION_OPENED, request.user, {"filters": filters(form)})
    query = urlencode(kept(request, "since", "until", "client", "kind"))
    here: Page[Row] = Paginator(found.rows, PAGE).get_page(request.GET.get("page"))
    return {
        "sentence": cards.sentence(found),
        "chart": cards.chart(found),
        "complete": cards.completeness(found),
        "leavers": cards.leavers(found),
        "unasked": cards.unasked(found, clock),
        "may_copy": bool(copyable(request, form)),
        "blind": found.blind,
        "rows": [cards.row(each, found.now, clock) for each in here],
        "pager": pager(here, kept(request)),
        "empty": cards.empty(found),
        "controls": controls(),
        "export": f"/reports/population/export/?{query}",
        "print": f"/reports/population/print/?{query}",
        "hidden": kept(request, "since", "until", "client", "kind").items(),
        **drawn(request, found, form),
    }


def copyable(request: Request, form: PeriodForm) -> list[Workspace]:
    """Workspaces of the report whose audit trail the reader may have copied."""
    here = queries.workspaces_of(request.scope, form.wanted())
    mine = set(clients_in(request.scope, *trail.COPIES).values_list("pk", flat=True))
    return [each for each in here if each.client_id in mine]


@require_POST
@signed_in
def copy(request: Request) -> HttpResponse:
    """Reads anew what Segment has, so that the report compares with today."""
    readers_only(request)
    form = PeriodForm(request.POST, as_reader(request.scope), zone_of(request), today(request))
    if not form.is_valid():
        raise Http404
    trail.ask(request.user, request.scope, copyable(request, form))
    messages.info(request, _("The audit trails are being copied. Open the report again in a minute."))
    asked = {
        name: request.POST[name] for name in ("since", "until", "client", "kind") if request.POST.get(name)
    }
    return redirect(f"/reports/population/?{urlencode(asked)}")


def drawn(request: Request, found: Report, form: PeriodForm) -> dict[str, Any]:
    """The sample that was asked for, if one was."""
    asked = SampleForm(request.GET if "sample" in request.GET or "seed" in request.GET else None)
    seed = form.cleaned_data["until"].strftime("%Y%m%d")
    context: dict[str, Any] = {"sample_fields": asked.cards(seed)}
    if asked.is_valid():
        picked = found.sample(asked.cleaned_data["sample"], asked.cleaned_data["seed"])
        clock = Clock.of(request)
        context |= {
            "sample": [cards.row(each, found.now, clock) for each in picked],
            "sampled": cards.sampled(picked),
            "sample_url": f"/reports/population/sample.zip?{urlencode(kept(request))}",
        }
    return context


def title(form: PeriodForm) -> str:
    return _("Population of removals, %(since)s to %(until)s") % {
        "since": form.cleaned_data["since"].isoformat(),
        "until": form.cleaned_data["until"].isoformat(),
    }
