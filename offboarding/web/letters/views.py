"""The letters about one request: reading them, and writing what may be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from offboarding.letters import actions as verbs
from offboarding.letters import queries
from offboarding.letters.actions import Asked
from offboarding.letters.models import Letter
from offboarding.letters.rules import (
    LONGEST_PARAGRAPH,
    OPEN,
    Kind,
    may_not_approve,
    may_not_write,
    why_not_sent,
)
from offboarding.lib.refusals import Refused
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard, FieldCard, NoticeCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, today, version_in
from offboarding.web.letters import cards
from offboarding.web.removal.cards import head
from offboarding.web.removal.changes import not_yours
from offboarding.web.removal.forms import one_error
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.views import of_request

GET_OR_POST = ["GET", "HEAD", "POST"]
CANNOT = "You cannot do this with a letter"


def may_write(view: Overview) -> str:
    return may_not_write(view.scope, view.removal.requester_id, view.clients)


def letter_or_404(view: Overview, pk: int) -> Letter:
    found = queries.letter_of(view.removal, pk)
    if found is None:
        raise Http404
    return found


def asked(request: Request, version: int, method: str = "") -> Asked:
    return Asked(request.user, today(request), version, method)


def for_writers(view_: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Turns `letter` into the row, for those who may write; others read why not."""

    def inner(request: Request, view: Overview, letter: int, **more: Any) -> HttpResponse:
        found = letter_or_404(view, letter)
        if why := may_write(view):
            return not_yours(request, view, _(CANNOT), why)
        return view_(request, view, found, **more)

    inner.__name__ = view_.__name__
    return inner


# ---------------------------------------------------------------- reading and writing


@require_safe
@of_request
def letter(request: Request, view: Overview, letter: int) -> HttpResponse:
    return letter_page(request, view, letter_or_404(view, letter))


def letter_page(
    request: Request, view: Overview, found: Letter, typed: str | None = None, refusal: Refused | None = None
) -> HttpResponse:
    writes, open_ = not may_write(view), found.standing in OPEN
    approves = not may_not_approve(view.scope, queries.facing(found), view.clients)
    to = ", ".join(each.address for each in found.deliveries.all() if each.address)
    changed = queries.changed_since(found) if open_ else ""
    wrong = refusal.sentence if refusal else ""
    paragraph = FieldCard(
        "paragraph", _("Your paragraph"), "textarea", found.paragraph if typed is None else typed, rows=4, required=False,
        hint=_("The only part that you write. The facts are fixed."), error=wrong,
        attrs=(("maxlength", str(LONGEST_PARAGRAPH)),),
    )  # fmt: skip
    card = cards.LetterCard(
        title=cards.NAMES[Kind(found.kind)],
        tag=cards.tag(found),
        facts=cards.facts(view, found, to or queries.addressed_to(found, today(request))),
        shown=queries.read(found),
        language=found.wording.language,
        copies=tuple(cards.copy_card(view, found, each, writes) for each in found.deliveries.all()),
        acts=cards.acts(view, found, writes, approves, bool(changed)),
    )
    context = {
        "head": head(view, ""),
        "letter": card,
        "notices": notices(view, found, writes, changed),
        "paragraph": paragraph if writes and open_ and "{paragraph}" in found.words["body"] else None,
        "edit_url": f"{cards.url_of(view, found)}edit/",
        "version": found.version,
        "back_url": f"{view.url}messages/",
        "summary": one_error(wrong, "id_paragraph") if wrong else ErrorSummaryCard(),
    }
    return page(request, "letters/letter.html", context, status_of(refusal) if refusal else 200)


def notices(view: Overview, found: Letter, writes: bool, changed: str) -> list[NoticeCard]:
    """What stands in its way: other facts than those in it, an approval that is missing."""
    if found.standing not in OPEN:
        return []
    if changed:
        act = ActCard(
            _("Write it again"),
            f"{cards.url_of(view, found)}again/",
            post=True,
            hidden=(("version", str(found.version)),),
        )
        title = _("The facts changed since this was written, so it cannot go")
        return [NoticeCard("attention", title, changed, act if writes else None)]
    if why := why_not_sent(queries.facing(found), queries.conditions_of(found.client)):
        return [NoticeCard("waiting", _("Not sent before somebody approves it"), why)]
    return []


@require_POST
@of_request
def write(request: Request, view: Overview) -> HttpResponse:
    client = next(
        (each for each in queries.clients_in(view.removal) if str(each.pk) == request.POST.get("client")),
        None,
    )
    if client is None or request.POST.get("kind") not in list(Kind):
        raise Http404
    kind = Kind(request.POST["kind"])
    made = verbs.write_letter(view.removal, client, kind, request.user, today(request))
    messages.success(request, _("It is written. Read it, then send it."))
    return redirect(cards.url_of(view, made))


@require_POST
@of_request
@for_writers
def edit(request: Request, view: Overview, found: Letter) -> HttpResponse:
    typed = request.POST.get("paragraph", "")
    try:
        verbs.edit(found, asked(request, version_in(request)), typed.replace("\r\n", "\n"))
    except Refused as refusal:
        if refusal.facts.get("field") != "paragraph":
            raise
        # What looks like a secret is not shown again, not even to who typed it.
        return letter_page(request, view, found, "" if refusal.code == "secret" else typed, refusal)
    messages.success(request, _("Your paragraph is in the letter."))
    return redirect(cards.url_of(view, found))


@require_POST
@of_request
@for_writers
def again(request: Request, view: Overview, found: Letter) -> HttpResponse:
    made = verbs.write_again(found, asked(request, version_in(request)))
    messages.success(request, _("It is written again with the facts of now. Read it once more."))
    return redirect(cards.url_of(view, made))


def confirm(
    request: Request, card: ConfirmCard, refusal: Refused | None = None, shown: Any = None
) -> HttpResponse:
    context = {"confirm": card, "shown": shown}
    return page(request, "letters/confirm.html", context, status_of(refusal) if refusal else 200)


def summary_of(refusal: Refused | None) -> ErrorSummaryCard:
    if refusal is None:
        return ErrorSummaryCard()
    field = str(refusal.facts.get("field", ""))
    return one_error(refusal.sentence, f"id_{field}" if field else "")
