"""The letters about one request: reading, approving, sending, and how they arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.letters import actions as verbs
from offboarding.letters import queries
from offboarding.letters.actions import Asked
from offboarding.letters.models import Delivery, Letter
from offboarding.letters.rules import (
    LONGEST_PARAGRAPH,
    OPEN,
    Kind,
    Means,
    Standing,
    Word,
    may_not_approve,
    may_not_write,
    why_not_sent,
)
from offboarding.lib.refusals import Refused
from offboarding.web import uploads
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard, FactCard, FieldCard, NoticeCard
from offboarding.web.cards.fields import options
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, today, version_in
from offboarding.web.letters import cards
from offboarding.web.removal.cards import head
from offboarding.web.removal.changes import not_yours
from offboarding.web.removal.forms import one_error, reason_field
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.views import of_request
from offboarding.web.retention import proving

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
        acts=cards.acts(view, found, writes, approves),
    )
    context = {
        "head": head(view, ""),
        "letter": card,
        "notices": notices(view, found, writes),
        "paragraph": paragraph if writes and open_ and "{paragraph}" in found.words["body"] else None,
        "edit_url": f"{cards.url_of(view, found)}edit/",
        "version": found.version,
        "back_url": f"{view.url}messages/",
        "summary": one_error(wrong, "id_paragraph") if wrong else ErrorSummaryCard(),
    }
    return page(request, "letters/letter.html", context, status_of(refusal) if refusal else 200)


def notices(view: Overview, found: Letter, writes: bool) -> list[NoticeCard]:
    """What stands in its way: other facts than those in it, an approval that is missing."""
    if found.standing not in OPEN:
        return []
    if why := queries.changed_since(found):
        act = ActCard(
            _("Write it again"),
            f"{cards.url_of(view, found)}again/",
            post=True,
            hidden=(("version", str(found.version)),),
        )
        title = _("The facts changed since this was written, so it cannot go")
        return [NoticeCard("attention", title, why, act if writes else None)]
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


# ---------------------------------------------------------------- approving, sending, giving up


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


@require_http_methods(GET_OR_POST)
@of_request
def approve(request: Request, view: Overview, letter: int) -> HttpResponse:
    found = letter_or_404(view, letter)
    if why := may_not_approve(view.scope, queries.facing(found), view.clients):
        return not_yours(request, view, _("You cannot approve this letter"), why)
    if found.standing != Standing.DRAFT:
        return redirect(cards.url_of(view, found))
    proof = proving.proved(request)
    if isinstance(proof, HttpResponse):
        return proof
    refusal = None
    if proof.pressed:
        try:
            verbs.approve(
                found, asked(request, version_in(request), proof.method), request.POST.get("digest", "")
            )
        except Refused as told:
            refusal = told
        else:
            proving.done(request)
            messages.success(request, _("These words are approved. Nothing else goes under this approval."))
            return redirect(cards.url_of(view, found))
    hidden = (*proof.hidden, ("version", str(found.version)), ("digest", queries.text_digest(found)))
    card = ConfirmCard(
        title=_("Approve: %(what)s") % {"what": cards.NAMES[Kind(found.kind)]},
        effects=(_("You approve exactly the words below. If they or the facts change, your approval ends."),),
        act=ActCard(_("Approve these words"), request.path, "main", hidden=hidden, busy=_("One moment…")),
        back_url=cards.url_of(view, found),
        summary=summary_of(refusal),
    )
    return confirm(request, card, refusal, queries.read(found))


@require_http_methods(GET_OR_POST)
@of_request
@for_writers
def send(request: Request, view: Overview, found: Letter) -> HttpResponse:
    if found.standing not in OPEN:
        return redirect(cards.url_of(view, found))
    proof = proving.proved(request)
    if isinstance(proof, HttpResponse):
        return proof
    typed = (
        request.POST.get("addresses", "") if proof.pressed else queries.addressed_to(found, today(request))
    )
    refusal = None
    if proof.pressed:
        by_mail, paper = "mail" in request.POST, "paper" in request.POST
        try:
            verbs.release(
                found,
                asked(request, version_in(request), proof.method),
                typed if by_mail or not paper else "",
                paper,
            )
        except Refused as told:
            refusal = told
        else:
            proving.done(request)
            messages.success(request, _("It is on its way. What became of it stands here."))
            return redirect(cards.url_of(view, found))
    return confirm(
        request, send_card(request, view, found, proof, typed, refusal), refusal, queries.read(found)
    )


def send_card(
    request: Request,
    view: Overview,
    found: Letter,
    proof: proving.Proved,
    typed: str,
    refusal: Refused | None,
) -> ConfirmCard:
    wrong = refusal.sentence if refusal and refusal.facts.get("field") == "addresses" else ""
    first = request.method != "POST"
    fields = (
        FieldCard("mail", _("Send it by mail"), "checkbox", checked=first or "mail" in request.POST, required=False),
        FieldCard(
            "addresses", _("To"), value=typed, error=wrong, required=False, hint=_("Addresses, with commas between."),
            attrs=(("autocomplete", "off"),),
        ),
        FieldCard(
            "paper", _("Make the document (PDF), to be handed over"), "checkbox", checked="paper" in request.POST,
            required=False, hint=_("It lies on the letter's page. How it was handed over is noted there."),
        ),
    )  # fmt: skip
    return ConfirmCard(
        title=_("Send: %(what)s") % {"what": cards.NAMES[Kind(found.kind)]},
        effects=(
            _("The facts are read once more before it goes. If one changed, nothing is sent."),
            _("Its exact bytes are kept as evidence and go into the packet."),
        ),
        act=ActCard(
            _("Send it"),
            request.path,
            "main",
            hidden=(*proof.hidden, ("version", str(found.version))),
            busy=_("Sending…"),
        ),
        back_url=cards.url_of(view, found),
        facts=(FactCard(_("Client"), found.client.name),),
        fields=fields,
        summary=summary_of(refusal),
    )


@require_http_methods(GET_OR_POST)
@of_request
@for_writers
def withdraw(request: Request, view: Overview, found: Letter) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            verbs.withdraw(found, asked(request, version_in(request)), request.POST.get("reason", ""))
        except Refused as told:
            if told.facts.get("field") != "why":
                raise
            refusal = told
        else:
            messages.success(request, _("It is given up. The checklist does not wait for it any more."))
            return redirect(f"{view.url}messages/")
    elif found.standing not in OPEN:
        return redirect(cards.url_of(view, found))
    wrong = refusal.sentence if refusal else ""
    card = ConfirmCard(
        title=_("Give up: %(what)s") % {"what": cards.NAMES[Kind(found.kind)]},
        effects=(_("Nobody sends it. Your reason stands in the record and in the packet."),),
        act=ActCard(_("Give it up"), request.path, "bad", hidden=(("version", str(found.version)),)),
        back_url=cards.url_of(view, found),
        fields=(reason_field(request.POST.get("reason", ""), wrong, _("Why")),),
        summary=one_error(wrong, "id_reason") if wrong else ErrorSummaryCard(),
    )
    return confirm(request, card, refusal)


# ---------------------------------------------------------------- copies


def copy_or_404(found: Letter, pk: int) -> Delivery:
    for each in found.deliveries.all():
        if each.pk == pk:
            each.letter = found
            return each
    raise Http404


@require_http_methods(GET_OR_POST)
@of_request
@for_writers
def copy_again(request: Request, view: Overview, found: Letter, copy: int) -> HttpResponse:
    one = copy_or_404(found, copy)
    if request.method == "POST":
        typed = request.POST.get("fence", "")
        fence = int(typed) if typed.isdecimal() and len(typed) <= 9 else -1
        verbs.send_again(one, asked(request, found.version), fence)
        messages.success(request, _("It goes out again."))
        return redirect(cards.url_of(view, found))
    if not cards.stopped(one):
        return redirect(cards.url_of(view, found))
    effects = [_("The same bytes go to the same address again.")]
    if cards.doubtful(one):
        effects.append(
            _("The first mail may have been sent, so it may arrive twice. Most mailboxes show it once.")
        )
    card = ConfirmCard(
        title=_("Send this letter again"),
        effects=tuple(effects),
        act=ActCard(
            _("Send again"), request.path, "main", hidden=(("fence", str(one.fence)),), busy=_("Sending…")
        ),
        back_url=cards.url_of(view, found),
        facts=(
            FactCard(_("To"), one.address or _("To be handed over")),
            FactCard(_("State"), cards.copy_tag(one), note=one.trouble),
        ),
    )
    return confirm(request, card)


@require_http_methods(GET_OR_POST)
@of_request
@for_writers
def copy_arrived(request: Request, view: Overview, found: Letter, copy: int) -> HttpResponse:
    one = copy_or_404(found, copy)
    refusal = None
    if request.method == "POST":
        try:
            if request.POST.get("word") not in list(Word):
                raise Refused("no-word", _("Say whether it arrived or came back."), field="word")
            file = uploads.checked(request.FILES.get("file"))
            proof = verbs.store_proof(file.stream.read(), one)
            verbs.note_arrival(
                one, asked(request, found.version), Word(request.POST["word"]), request.POST.get("note", ""),
                proof, file.name, file.media_type,
            )  # fmt: skip
        except Refused as told:
            refusal = told
        else:
            messages.success(request, _("It is noted, with the file that shows it."))
            return redirect(cards.url_of(view, found))
    elif one.word:
        return redirect(cards.url_of(view, found))
    context = {
        "head": head(view, ""),
        "fields": arrival_fields(request, refusal),
        "summary": summary_of(refusal),
        "file_error": refusal.sentence if refusal and refusal.facts.get("field") == "file" else "",
        "accept": uploads.ACCEPT,
        "to": one.address if one.means == Means.MAIL else _("To be handed over"),
        "back_url": cards.url_of(view, found),
    }
    return page(request, "letters/arrived.html", context, status_of(refusal) if refusal else 200)


def arrival_fields(request: Request, refusal: Refused | None) -> tuple[FieldCard, ...]:
    at = str(refusal.facts.get("field", "")) if refusal else ""
    says = refusal.sentence if refusal else ""
    words = [(Word.DELIVERED.value, _("It arrived")), (Word.BOUNCED.value, _("It came back"))]
    return (
        FieldCard(
            "word", _("What became of it"), "radios", options=options(words, request.POST.get("word", "")),
            error=says if at == "word" else "",
        ),
        FieldCard(
            "note", _("Note"), value=request.POST.get("note", ""), required=False, error=says if at == "note" else "",
            attrs=(("maxlength", "400"),),
        ),
    )  # fmt: skip
