"""One step of a running request, and what people do with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.directory.models import Client
from offboarding.directory.queries import longest_keeping
from offboarding.evidence.actions import keep
from offboarding.evidence.models import Evidence
from offboarding.execution import actions as execution
from offboarding.execution import queries
from offboarding.execution.models import Run
from offboarding.lib.refusals import Refused, within
from offboarding.lib.typed import whole
from offboarding.removals.queries import places_of
from offboarding.users.models import User
from offboarding.web import uploads
from offboarding.web.cards import (
    ActCard,
    ConfirmCard,
    DrawerCard,
    ErrorLine,
    ErrorSummaryCard,
    PollCard,
)
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, part_wanted, today
from offboarding.web.removal import cards as removal_cards
from offboarding.web.removal.forms import one_error, reason_field
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.states import counting_down
from offboarding.web.removal.views import of_request
from offboarding.web.steps import cards
from offboarding.web.steps.cards import SHOWS_AT_MOST, Typed
from offboarding.work.rules import ENDED


@require_safe
@of_request
def step(request: Request, view: Overview, step: int) -> HttpResponse:
    item = next((item for item in view.items if item.number == step), None)
    if item is None:
        raise Http404
    run = view.by_number.get(step)
    asked = part_wanted(request) and "since" in request.GET
    if asked and request.GET["since"] == cards.version(run) and not counts_down(view, run):
        return HttpResponse(status=204)
    return step_page(request, view, step, live=asked)


def counts_down(view: Overview, run: Run | None) -> bool:
    return bool(run and counting_down(run, view.clock))


def step_page(
    request: Request,
    view: Overview,
    number: int,
    typed: Typed | None = None,
    summary: ErrorSummaryCard | None = None,
    status: int = 200,
    live: bool = False,
) -> HttpResponse:
    """The page; beside the list, its content alone; for a poll, the part that changes."""
    item = next(item for item in view.items if item.number == number)
    run = view.by_number.get(number)
    card = cards.step_card(view, item, run, today(request), typed or Typed(), summary or ErrorSummaryCard())
    inner = part_wanted(request) and (not live or "inner" in request.GET)
    context: dict[str, Any] = {
        "step": card,
        "inner": inner,
        "level": 3 if inner else 2,  # beside the list, the title is a second-level heading
        "poll": poll(view, run, card.url, inner),
        "reference": view.removal.reference,
        "back_url": f"{view.url}checklist/",
        "head": removal_cards.head(view, "checklist"),
    }
    if live:
        return page(request, "steps/_live.html", context, status)
    if inner:
        context["drawer"] = DrawerCard(f"{number} {item.title}", f"{view.url}checklist/", card.url)
        response = page(request, "steps/drawer.html", context, status)
        response["HX-Push-Url"] = card.url
        return response
    return page(request, "steps/page.html", context, status)


def poll(view: Overview, run: Run | None, url: str, inner: bool) -> PollCard:
    extra = "&inner=1" if inner else ""
    seconds = cards.is_live(view, run)
    return PollCard(
        "step-live",
        f"{url}?since={cards.version(run)}{extra}",
        seconds,
        view.clock.time(view.clock.now, seconds=True, day=False) if seconds else None,
        url,
    )


# ---- what people press ----------------------------------------------------------------------------------------


def on_run(act: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Finds the run; a refusal shows the step again with the sentence on top."""

    def inner(request: Request, view: Overview, step: int, **kwargs: Any) -> HttpResponse:
        run = queries.run_for(view.removal, step)
        if run is None:
            raise Http404
        try:
            return act(request, view, run, **kwargs)
        except Refused as refusal:
            return refused(request, view, run, refusal)

    return wraps(act)(of_request(inner))


def refused(request: Request, view: Overview, run: Run, refusal: Refused) -> HttpResponse:
    name = str(refusal.facts.get("field", ""))
    # The file of this press was taken, and its words with it.
    attached = "file" in request.FILES and name in ("attest", "note")
    typed = Typed(
        note=request.POST.get("note", ""),
        shows="" if attached else request.POST.get("shows", ""),
        attest="attest" in request.POST,
        wrong=((name, refusal.sentence),) if name else (),
    )
    summary = ErrorSummaryCard((ErrorLine(refusal.sentence, f"id_{name}" if name else ""),))
    seen = reread(request, view)
    seen.wrong = dict(typed.wrong)
    return step_page(request, seen, run.item.number, typed, summary, status_of(refusal))


def reread(request: Request, view: Overview) -> Overview:
    """As it is now: what was pressed may have changed a part of it before the refusal."""
    return Overview(request, view.removal, view.plan)


@require_POST
@on_run
def sign_off(request: Request, view: Overview, run: Run) -> HttpResponse:
    """One form: attach a file, or sign off, or both in one press. What a file shows is nothing without the file."""
    if (
        "file" in request.FILES
        or request.POST.get("act") == "attach"
        or request.POST.get("shows", "").strip()
    ):
        attach(request, run)
    if request.POST.get("act") == "attach":
        messages.success(request, _("The file is attached to step %(number)d.") % {"number": run.item.number})
        return back(request, view, run)
    execution.sign_off(
        run, request.user, attested="attest" in request.POST, note=request.POST.get("note", "")
    )
    done = _("Step %(number)d is signed off: %(title)s.") % {
        "number": run.item.number,
        "title": run.item.title,
    }
    return onwards(request, view, run, done)


def attach(request: Request, run: Run) -> None:
    """The bytes are kept as they came, before anything is written about them."""
    corrects = whole(request.POST.get("corrects", ""), digits=15)
    execution.may_add_proof(run, request.user, corrects)
    shows = within(request.POST.get("shows", ""), SHOWS_AT_MOST, "shows")
    file = uploads.checked(request.FILES.get("file"))
    evidence = keep(
        file.stream,
        name=file.name,
        media_type=file.media_type,
        shows=shows or run.item.title,
        source=Evidence.Source.PERSON,
        taken_by=request.user.name,
        client=keeper_of(run),
    )
    execution.add_proof(run, request.user, evidence, corrects)


def keeper_of(run: Run) -> Client:
    """Whose record a file added here is: the workspace's client, or of all in the request the one that keeps longest."""
    if run.item.workspace:
        return run.item.workspace.client
    return longest_keeping(place.workspace.client for place in places_of(run.item.plan.removal))


@require_http_methods(["GET", "HEAD", "POST"])
@on_run
def remove_proof(request: Request, view: Overview, run: Run, proof: int) -> HttpResponse:
    """Level 1, with a reason: what is taken back stays on record."""
    found = run.proofs.filter(pk=proof, withdrawn_at=None).select_related("evidence").first()
    if request.method != "POST":
        closed = view.why_not or run.state in ENDED or found is None
        return back(request, view, run) if closed else remove_page(request, view, run, proof)
    try:
        execution.withdraw_proof(run, request.user, proof, request.POST.get("reason", ""))
    except Refused as refusal:
        if refusal.facts.get("field") != "reason":
            raise
        return remove_page(request, view, run, proof, refusal)
    messages.info(request, _("The file is taken back. It stays in the record as taken back."))
    return back(request, view, run)


def remove_page(
    request: Request, view: Overview, run: Run, proof: int, refusal: Refused | None = None
) -> HttpResponse:
    url, wrong = f"{view.url}steps/{run.item.number}/", refusal.sentence if refusal else ""
    name = run.proofs.select_related("evidence").get(pk=proof).evidence.name
    confirm = ConfirmCard(
        title=_("Take %(name)s back") % {"name": name},
        effects=(
            _("It stays on record as taken back, with its digest, your name and your reason."),
            _("It no longer counts as proof, and its bytes are not in the evidence packet."),
        ),
        act=ActCard(_("Take it back"), f"{url}proofs/{proof}/remove/", "bad", busy=_("One moment…")),
        back_url=url,
        fields=(reason_field(request.POST.get("reason", ""), wrong, _("Why it is taken back")),),
        summary=one_error(wrong, "id_reason") if wrong else ErrorSummaryCard(),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": confirm}, status)


@require_POST
@on_run
def retry(request: Request, view: Overview, run: Run) -> HttpResponse:
    execution.retry(run, request.user)
    messages.info(request, _("Step %(number)d tries again.") % {"number": run.item.number})
    return back(request, view, run)


@require_POST
@on_run
def by_hand(request: Request, view: Overview, run: Run) -> HttpResponse:
    execution.take_over(run, request.user)
    messages.info(request, _("This step is now done by hand. The tries so far stay as proof."))
    return back(request, view, run)


@require_POST
@on_run
def assign(request: Request, view: Overview, run: Run) -> HttpResponse:
    wanted = request.POST.get("to", "")
    people = {str(user.pk): user for user in queries.workers_for(view.removal, today(request))}
    if wanted and wanted not in people:
        raise Refused("unknown-person", _("Choose somebody from the list."), field="to")
    to: User | None = people.get(wanted)
    execution.assign(run, request.user, to)
    words = (
        _("Step %(number)d is handed to %(who)s.") if to else _("Step %(number)d is for anyone who operates.")
    )
    messages.success(request, words % {"number": run.item.number, "who": to.name if to else ""})
    return back(request, view, run)


@require_POST
@on_run
def undo(request: Request, view: Overview, run: Run) -> HttpResponse:
    execution.undo_sign_off(run, request.user, now())
    messages.info(request, _("The sign-off of step %(number)d is taken back.") % {"number": run.item.number})
    return back(request, view, run)


@require_http_methods(["GET", "HEAD", "POST"])
@on_run
def skip(request: Request, view: Overview, run: Run) -> HttpResponse:
    """Level 2: what, where, effect, and a reason."""
    if request.method != "POST" and (view.why_not or run.state in ENDED):
        return back(request, view, run)
    if request.method != "POST":
        return skip_page(request, view, run)
    reason = request.POST.get("reason", "")
    try:
        execution.skip(run, request.user, reason)
    except Refused as refusal:
        return skip_page(request, view, run, reason, refusal)
    done = _("Step %(number)d is skipped. It is shown as skipped, never as done.")
    return onwards(request, view, run, done % {"number": run.item.number})


def skip_page(
    request: Request, view: Overview, run: Run, reason: str = "", refusal: Refused | None = None
) -> HttpResponse:
    url, wrong = f"{view.url}steps/{run.item.number}/", refusal.sentence if refusal else ""
    confirm = ConfirmCard(
        title=_("Skip step %(number)d: %(title)s") % {"number": run.item.number, "title": run.item.title},
        effects=(
            _("Nothing is done for this step. It is shown as skipped, never as done."),
            _("Your name and your reason stand in the evidence packet as an exception."),
        ),
        act=ActCard(_("Skip this step"), f"{url}skip/", "bad", busy=_("Skipping…")),
        back_url=url,
        fields=(reason_field(reason, wrong, _("Why it is skipped")),),
        summary=one_error(wrong, "id_reason") if wrong else ErrorSummaryCard(),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": confirm}, status)


# ---- where to go after ----------------------------------------------------------------------------------------


def back(request: Request, view: Overview, run: Run) -> HttpResponse:
    return redirect(f"{view.url}steps/{run.item.number}/")


def onwards(request: Request, view: Overview, run: Run, done: str) -> HttpResponse:
    """To the next step that needs this person, or to the list when none does."""
    following = queries.next_for(request.user, run)
    if following:
        messages.success(
            request, _("%(done)s Next is step %(number)d.") % {"done": done, "number": following.item.number}
        )
        return redirect(f"{view.url}steps/{following.item.number}/")
    messages.success(request, _("%(done)s No other step needs you now.") % {"done": done})
    url = f"{view.url}checklist/"
    return HttpResponse(headers={"HX-Redirect": url}) if part_wanted(request) else redirect(url)
