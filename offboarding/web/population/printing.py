"""The report on paper, with who had it made and when: totals and exceptions in full, the rest in short. Noted as a file is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from offboarding.reports.population.rules import Row, Standing, standing
from offboarding.web.audit.views import readers_only
from offboarding.web.cards import FactCard, TimeCard
from offboarding.web.http import Request, signed_in, taken
from offboarding.web.population import cards
from offboarding.web.population.exports import FILTERS, noted
from offboarding.web.population.forms import PeriodForm
from offboarding.web.population.views import form_of, kept, title
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.removal.clock import Clock

# No text of anybody's can be these: signs of markup are escaped.
ODD, PLAIN = mark_safe("<!-- odd rows -->"), mark_safe("<!-- plain rows -->")
# So many requests in time are printed line by line; of more, one line for each client.
LINES = 200


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
    odd, plain = parted(found)
    context = {
        "title": title(form),
        "back": f"/reports/population/?{query}",
        "facts": cover(request, form, found, clock),
        "complete": cards.completeness(found),
        "leavers": cards.leavers(found),
        "unasked": cards.unasked(found, clock),
        "blind": found.blind,
        "empty": None if found.rows else cards.empty(found),
        "odd": len(odd),
        "plain": len(plain),
        "grouped": len(plain) > LINES,
        "odd_here": ODD,
        "plain_here": PLAIN,
    }
    whole = render_to_string("population/print.html", context, request)
    rows: dict[str, Iterator[str]] = {
        ODD: lines("_row", odd, found, clock),
        PLAIN: in_short(plain, found, clock),
    }
    return StreamingHttpResponse(parts(whole, rows), content_type="text/html; charset=utf-8")


def parted(found: Report) -> tuple[list[Row], list[Row]]:
    """What somebody should read one by one, and the rest."""
    odd = [row for row in found.rows if out_of_the_ordinary(row, found.now)]
    return odd, [row for row in found.rows if not out_of_the_ordinary(row, found.now)]


def out_of_the_ordinary(row: Row, now: datetime) -> bool:
    return row.emergency or standing(row, now) in (Standing.LATE, Standing.OVERDUE)


def in_short(rows: Sequence[Row], found: Report, clock: Clock) -> Iterator[str]:
    if len(rows) <= LINES:
        yield from lines("_line", rows, found, clock)
        return
    line = get_template("population/_group.html")
    for group in cards.groups(rows, found.now):
        yield line.render({"group": group})


def lines(template: str, rows: Sequence[Row], found: Report, clock: Clock) -> Iterator[str]:
    line = get_template(f"population/{template}.html")
    for each in rows:
        yield line.render({"row": cards.row(each, found.now, clock)})


def parts(whole: str, rows: Mapping[str, Iterator[str]]) -> Iterator[str]:
    """The page, and in it one row after the other, however many there are."""
    for mark, some in rows.items():
        before, here, whole = whole.partition(mark)
        if not here:  # nothing of this kind: the table is not on the page
            whole = before
            continue
        yield before
        yield from some
    yield whole


def cover(request: Request, form: PeriodForm, found: Report, clock: Clock) -> tuple[FactCard, ...]:
    """By whom, when, what was asked, and how many of what."""
    made = clock.time(found.now, seconds=True, utc=True)
    told = [
        (_("Printed by"), f"{request.user.name} <{request.user.email}>"),
        (_("Read at"), f"{made.absolute} ({made.utc})"),
        *form.told(),
        (_("Days in"), str(found.zone)),
        *files.counts(found).items(),
        (_("SHA-256 of all tables"), files.digest(found)),
    ]
    return tuple(FactCard(str(label), str(word) or "–") for label, word in told)
