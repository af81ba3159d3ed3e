"""A checkpoint that somebody kept: compared with the ledger as it is now, and the proof to take along."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.ledger.queries import newest_checkpoint
from offboarding.ledger.rules import moment
from offboarding.lib.refusals import Refused
from offboarding.reports.audit import kept
from offboarding.web.audit.cards import counted
from offboarding.web.audit.views import attachment, number, readers_only
from offboarding.web.cards import ActCard, NoticeCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in
from offboarding.web.removal.clock import Clock

LARGEST = 1_000_000  # bytes; some two thousand checkpoints


class KeptForm(forms.Form):
    file = forms.FileField(
        label=lazy("Checkpoint"), error_messages={"required": lazy("Choose a file first."), "empty": lazy("This file is empty.")}
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def compare(request: Request) -> HttpResponse:
    """Compares; keeps nothing."""
    readers_only(request)
    if request.method != "POST":
        return form_page(request, KeptForm())
    form = KeptForm(request.POST, request.FILES)
    if not form.is_valid():
        return form_page(request, form, status=422)
    try:
        said = kept.statement(form.cleaned_data["file"].read(LARGEST))
    except Refused as refusal:
        form.add_error("file", refusal.sentence)
        return form_page(request, form, status=status_of(refusal))
    return form_page(request, KeptForm(), verdict(request, kept.compared(said)))


def form_page(
    request: Request, form: KeptForm, verdict: NoticeCard | None = None, status: int = 200
) -> HttpResponse:
    return page(request, "audit/compare.html", {"form": form, "verdict": verdict}, status)


def verdict(request: Request, found: kept.Compared) -> NoticeCard:
    facts = {"size": counted(found.size), "at": Clock.of(request).says(moment(found.at))}
    told = _("Your checkpoint says %(size)s entries, signed %(at)s.") % facts
    if found.wrong:
        text = _("%(told)s %(why)s Keep your file, and tell security and whoever runs the database.")
        return NoticeCard(
            "bad",
            _("The ledger is not the one of your checkpoint"),
            text % {"told": told, "why": found.wrong},
        )
    newest = newest_checkpoint()
    act = None
    if newest and newest.size > found.size:
        act = ActCard(_("Download proof"), f"/audit/compare/proof.json?size={found.size}", "quiet")
    return NoticeCard("ok", _("The ledger still begins as it did then"), told, act)


@require_safe
@signed_in
def proof(request: Request) -> HttpResponse:
    """From so many entries to the newest checkpoint. It says nothing about anybody."""
    readers_only(request)
    made, size = newest_checkpoint(), number(request, "size") or 0
    if made is None or not 0 < size < made.size:
        raise Refused("not-signed", _("No newer checkpoint than one of so many entries is signed yet."))
    data = kept.consistency(size, made)
    if data is None:
        raise Refused(
            "not-borne-out",
            _(
                "The entries do not fit the ledger that was signed. Have the ledger checked, and tell security."
            ),
        )
    return attachment(data, f"from-{size}-to-{made.size}-proof.json", "application/json")
