"""The report on paper: everything that a file of it holds, on one page, with who had it made and when. Noted as a file is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.loader import get_template, render_to_string
from django.utils import dateformat
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from offboarding.reports.population import files
from offboarding.reports.population.report import Report
from offboarding.web.audit.views import readers_only
from offboarding.web.cards import FactCard, TimeCard
from offboarding.web.http import Request, signed_in, taken
from offboarding.web.population import cards
from offboarding.web.population.exports import FILTERS, noted
from offboarding.web.population.forms import PeriodForm
from offboarding.web.population.views import form_of, kept, title
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.removal.clock import Clock

ROWS = mark_safe("<!-- rows -->")  # no text of anybody's can be this: signs of markup are escaped


class OnPaper(Clock):
    """What is read on another day: every time has its whole date, and no "today"."""

    def time(self, when: datetime, **more: bool) -> TimeCard:
        form = "j M Y H:i:s T" if more.get("seconds") else "j M Y H:i T"
        said = dateformat.format(when.astimezone(self.zone), form)
        return replace(TimeCard.of(when, self.zone, self.now, **more), absolute=said)


@taken
@signed_in
def as_page(request: Request) -> HttpResponseBase:
    readers_only(request)
    form, query = form_of(request), urlencode(kept(request, *FILTERS))
    if not form.is_valid():
        return redirect(f"/reports/population/?{query}")
    if not proved_since(request, 0):
        return to_proof(request, request.get_full_path())
    found = noted(request, form, "print")
    clock = OnPaper(found.zone, found.now)
    context = {
        "title": title(form),
        "back": f"/reports/population/?{query}",
        "facts": cover(request, form, found, clock),
        "complete": cards.completeness(found),
        "leavers": cards.leavers(found),
        "unasked": cards.unasked(found, clock),
        "blind": found.blind,
        "empty": None if found.rows else cards.empty(found),
        "rows_here": ROWS,
    }
    whole = render_to_string("population/print.html", context, request)
    return StreamingHttpResponse(parts(whole, found, clock), content_type="text/html; charset=utf-8")


def parts(whole: str, found: Report, clock: Clock) -> Iterator[str]:
    """The page, and in it one row after the other, however many there are."""
    before, _rows, after = whole.partition(ROWS)
    yield before
    row = get_template("population/_row.html")
    for each in found.rows if _rows else ():
        yield row.render({"row": cards.row(each, found.now, clock)})
    yield after


def cover(request: Request, form: PeriodForm, found: Report, clock: Clock) -> tuple[FactCard, ...]:
    """By whom, when, what was asked, and how many of what."""
    made = clock.time(found.now, seconds=True, utc=True)
    told = [
        (_("Printed by"), f"{request.user.name} <{request.user.email}>"),
        (_("Read at"), f"{made.absolute} ({made.utc})"),
        *form.told(),
        (_("Days in"), str(found.zone)),
        *files.counts(found).items(),
    ]
    return tuple(FactCard(str(label), str(word) or "–") for label, word in told)
