"""Filing for many people at once: paste or upload a list, put each row right, press once, and watch what becomes of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.directory.models import Engagement
from offboarding.directory.queries import engagements_in
from offboarding.lib.refusals import Refused
from offboarding.removals import batches as verbs
from offboarding.removals.models import Batch
from offboarding.removals.sheets import MOST_BYTES, MOST_ROWS, TEMPLATE, Typed, decoded, rows_of
from offboarding.web.cards import NoticeCard
from offboarding.web.errors import status_of
from offboarding.web.filing import many_cards as cards
from offboarding.web.filing.cards import may_not_file
from offboarding.web.filing.drafts import trigger
from offboarding.web.filing.many_forms import ListForm
from offboarding.web.filing.search import FILES
from offboarding.web.http import Request, now, page, part_wanted, signed_in, today, zone_of
from offboarding.web.removal.clock import Clock
from offboarding.web.setup.changing import refused

LISTS = 10  # of one's own, below the form


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def many(request: Request) -> HttpResponse:
    if not request.scope.has(*FILES):
        return page(request, "filing/not_yours.html", {"permission": may_not_file()}, 403)
    engagements = list(engagements_in(request.scope, *FILES).order_by("client__name", "name"))
    zone = str(zone_of(request))
    if request.method != "POST":
        initial = {"engagement": request.GET.get("engagement", ""), "time_zone": zone}
        return show_form(
            request, ListForm(initial=initial, zone=zone, engagements=engagements, today=today(request))
        )
    form = ListForm(request.POST, request.FILES, zone=zone, engagements=engagements, today=today(request))
    if not form.is_valid():
        return show_form(request, form, 422)
    try:
        batch = verbs.begin(request.user, request.scope, form.terms(), rows(form), now())
    except Refused as refusal:
        refused(form, refusal)
        return show_form(request, form, status_of(refusal))
    return redirect("many_list", batch.pk)


def rows(form: ListForm) -> tuple[Typed, ...]:
    """Of the file, of what was pasted, or everyone on an engagement."""
    given = form.cleaned_data
    if file := given["file"]:
        return rows_of(decoded(file.read(MOST_BYTES + 1), file.size), "file")
    if given["text"].strip():
        return rows_of(given["text"], "text")
    return roster(form.engagements[given["engagement"]])


def roster(engagement: Engagement) -> tuple[Typed, ...]:
    people = engagement.roster.filter(merged_into=None).prefetch_related("addresses").order_by("name", "pk")
    found = []
    for each in people:
        emails = [one.email for one in each.addresses.all() if not one.retired_at]
        if emails:
            found.append(Typed(emails[0], " ".join(emails[1:]), each.name, engagement.name))
    if not found:
        raise Refused("no-rows", _("Nobody is on this roster."), field="engagement")
    if len(found) > MOST_ROWS:
        says = _("There are %(n)d people on this roster. File for at most %(most)d at once: use a list.")
        raise Refused("too-many-rows", says % {"n": len(found), "most": MOST_ROWS}, field="engagement")
    return tuple(found)


def show_form(request: Request, form: ListForm, status: int = 200) -> HttpResponse:
    own = verbs.batches_of(request.scope).prefetch_related("rows")[:LISTS]
    context = {"form": form, "lists": cards.list_rows(own, Clock.of(request)), "most": MOST_ROWS}
    return page(request, "filing/many.html", context, status)


@require_safe
@signed_in
def template(request: Request) -> HttpResponse:
    """The columns, and one row that shows how they are filled."""
    answer = HttpResponse("\ufeff" + TEMPLATE, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="people.csv"'
    return answer


# ---------------------------------------------------------------- one list


def batch_or_404(request: Request, pk: int) -> Batch:
    """One's own: a list names people before anybody else may know of it."""
    found = verbs.batches_of(request.scope).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def one(request: Request, pk: int) -> HttpResponse:
    batch = batch_or_404(request, pk)
    if request.method == "POST":
        return act(request, batch)
    return show(request, batch)


def act(request: Request, batch: Batch) -> HttpResponse:
    if "drop" in request.POST:
        verbs.drop(request.user, batch)
        messages.info(request, _("The list was thrown away. Nothing of it was sent."))
        return redirect("many")
    if batch.state != Batch.State.OPEN:  # pressed twice
        return redirect("many_list", batch.pk)
    try:
        verbs.mend(request.user, batch, cards.typed_rows(request.POST), cards.left_out(request.POST))
        if "file" not in request.POST:
            return redirect(reverse("many_list", args=[batch.pk]) + opening(request.POST.get("change", "")))
        count = verbs.file(request.user, request.scope, batch)
    except Refused as refusal:
        return show(request, batch_or_404(request, batch.pk), refusal)
    told = ngettext("%(n)d request is being filed.", "%(n)d requests are being filed.", count)
    messages.success(request, told % {"n": count})
    return redirect("many_list", batch.pk)


def opening(number: str) -> str:
    """What leads to the fields of a row that could be filed as it is."""
    return (
        f"?change={number}#row-{number}" if number.isascii() and number.isdigit() and len(number) < 4 else ""
    )


def show(request: Request, batch: Batch, refusal: Refused | None = None) -> HttpResponse:
    if batch.state == Batch.State.OPEN:
        return look_over(request, batch, refusal)
    card = cards.progress(batch, Clock.of(request))
    context: dict[str, Any] = {"batch": batch, "card": card, "poll": cards.poll(batch, card)}
    if not part_wanted(request):
        return page(request, "filing/many_progress.html", context)
    if request.GET.get("since") == card.version:
        return HttpResponse(status=204)
    return trigger(page(request, "filing/_many_news.html", context), announce=card.says)


def look_over(request: Request, batch: Batch, refusal: Refused | None) -> HttpResponse:
    found = list(batch.rows.all())
    wrong = verbs.faults(found, verbs.known(request.scope), batch.reason)
    context = {
        "batch": batch,
        "rows": cards.review_rows(found, wrong, request.GET.get("change", "")),
        "sums": cards.sums(found, wrong),
        "facts": cards.terms(batch, Clock.of(request)),
        "ready": not wrong,
        "count": sum(row.state == "typed" for row in found),
        "summary": cards.summary(wrong) if refusal or wrong else None,
        "refusal": NoticeCard("bad", _("This was not filed"), refusal.sentence) if refusal else None,
        "discard": reverse("many_list", args=[batch.pk]),
    }
    return page(request, "filing/many_review.html", context, status_of(refusal) if refusal else 200)
