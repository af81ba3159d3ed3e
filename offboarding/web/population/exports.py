"""Taking the report away: first what it will hold, then the file, after a fresh proof. Each is noted."""

from __future__ import annotations

import tempfile
from datetime import UTC
from urllib.parse import urlencode

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from offboarding.ledger.actions import Event
from offboarding.packets.actions import downloaded
from offboarding.reports import actions
from offboarding.reports.population import files, sampled
from offboarding.reports.population.report import Report
from offboarding.web.audit.views import readers_only
from offboarding.web.cards import ActCard, FactCard
from offboarding.web.evidence.downloads import ALONE
from offboarding.web.http import Request, page, signed_in, taken
from offboarding.web.population.forms import PeriodForm, SampleForm
from offboarding.web.population.views import filters, form_of, kept, read, title
from offboarding.web.proof import proved_since, to_proof

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILTERS = ("since", "until", "client", "kind")


@require_safe
@signed_in
def export(request: Request) -> HttpResponse:
    """What would be in the file. Nothing leaves yet."""
    readers_only(request)
    form, query = form_of(request), urlencode(kept(request, *FILTERS))
    if not form.is_valid():
        return HttpResponse(status=302, headers={"Location": f"/reports/population/?{query}"})
    if not proved_since(request, 0):
        return to_proof(request, request.get_full_path())
    found = read(request, form)
    told = [(label, word) for label, word in [*form.told(), *files.counts(found).items()]]
    context = {
        "title": title(form),
        "facts": tuple(FactCard(label, str(word)) for label, word in told),
        "acts": (
            ActCard(_("Download XLSX"), f"/reports/population/export.xlsx?{query}", "main"),
            ActCard(_("Download CSV"), f"/reports/population/export.csv?{query}"),
        ),
        "back": f"/reports/population/?{query}",
    }
    return page(request, "population/export.html", context)


@taken
@signed_in
def as_csv(request: Request) -> HttpResponseBase:
    form = allowed(request)
    if form is None:
        return first_the_page(request)
    found = noted(request, form, "csv")
    stream = files.as_csv(found, cover(request, form, found))
    headers = {"Content-Disposition": f'attachment; filename="{name(form)}.csv"', **ALONE}
    return StreamingHttpResponse(stream, content_type="text/csv; charset=utf-8", headers=headers)


@taken
@signed_in
def as_xlsx(request: Request) -> HttpResponseBase:
    form = allowed(request)
    if form is None:
        return first_the_page(request)
    found = noted(request, form, "xlsx")
    out = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it, when all of it was sent)
    files.as_xlsx(found, cover(request, form, found), out)
    out.seek(0)
    return FileResponse(
        out, as_attachment=True, filename=f"{name(form)}.xlsx", content_type=XLSX, headers=ALONE
    )


@taken
@signed_in
def sample(request: Request) -> HttpResponseBase:
    """The packets of the sample, and an index that says which have none."""
    readers_only(request)
    form, asked = form_of(request), SampleForm(request.GET)
    if not form.is_valid() or not asked.is_valid():
        raise Http404
    if not proved_since(request, 0):
        return to_proof(request, f"/reports/population/?{urlencode(kept(request))}")
    found, size, seed = read(request, form), asked.cleaned_data["sample"], asked.cleaned_data["seed"]
    picked = sampled.chosen(found.sample(size, seed))
    told = {
        **cover(request, form, found),
        "Sample": str(size),
        "Seed": seed,
        "Requests": str(len(found.rows)),
    }
    facts = {
        "filters": filters(form),
        "size": size,
        "seed": seed,
        "requests": [each.row.reference for each in picked],
    }
    actions.noted(Event.SAMPLE_DOWNLOADED, request.user, facts)
    for each in picked:
        if each.packet and each.path:
            downloaded(each.packet, request.user, "sample")
    stream = sampled.zipped(picked, sampled.index_of(picked, told), found.now)
    headers = {"Content-Disposition": f'attachment; filename="{name(form)}-sample.zip"', **ALONE}
    return StreamingHttpResponse(stream, content_type="application/zip", headers=headers)


def allowed(request: Request) -> PeriodForm | None:
    """The form, if it can be read and the person has proved who they are; else the page says what is missing."""
    readers_only(request)
    form = form_of(request)
    return form if form.is_valid() and proved_since(request, 0) else None


def first_the_page(request: Request) -> HttpResponse:
    there = f"/reports/population/export/?{urlencode(kept(request, *FILTERS))}"
    return HttpResponse(status=302, headers={"Location": there})


def noted(request: Request, form: PeriodForm, kind: str) -> Report:
    found = read(request, form)
    facts = {
        "filters": filters(form),
        "format": kind,
        "rows": len(found.rows),
        "leavers": len(found.leavers),
        "unasked": len(found.unasked),
        "sha256": files.digest(found),
    }
    actions.noted(Event.POPULATION_EXPORTED, request.user, facts)
    return found


def name(form: PeriodForm) -> str:
    given = form.cleaned_data
    return f"population-{given['since'].isoformat()}-{given['until'].isoformat()}"


def cover(request: Request, form: PeriodForm, found: Report) -> dict[str, str]:
    """What was asked, when, by whom."""
    return {
        "Population of removals of": settings.BASE_URL,
        **dict(form.told()),
        "Days in": str(found.zone),
        "Made for": f"{request.user.name} <{request.user.email}>",
        "Made at": found.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
