"""The copies of a letter: sending one again, and noting how it arrived."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from offboarding.letters import actions as verbs
from offboarding.letters.models import Delivery, Letter
from offboarding.letters.rules import (
    Means,
    Word,
)
from offboarding.lib.refusals import Refused
from offboarding.web import uploads
from offboarding.web.cards import ActCard, ConfirmCard, FactCard, FieldCard
from offboarding.web.cards.fields import options
from offboarding.web.errors import status_of
from offboarding.web.http import Request, fence_in, page
from offboarding.web.letters import cards
from offboarding.web.letters.views import GET_OR_POST, asked, confirm, for_writers, summary_of
from offboarding.web.removal.cards import head
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.views import of_request


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
        verbs.send_again(one, asked(request, found.version), fence_in(request))
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
