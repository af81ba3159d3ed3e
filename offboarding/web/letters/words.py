"""Under Setup: what a client wants of letters, and its words for them. The difference is shown before anything is saved."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from offboarding.directory.models import Client
from offboarding.letters import queries, templates
from offboarding.letters.rules import Conditions, Kind
from offboarding.letters.wording import INLINE, SAMPLE, Wording, check, lines_of, written
from offboarding.lib.refusals import Refused
from offboarding.lib.typesetting.times import moment
from offboarding.web.cards import DiffCard, DiffRow, FieldCard
from offboarding.web.cards.fields import OptionCard
from offboarding.web.clients.views import administered_or_403
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, version_in
from offboarding.web.letters.cards import NAMES
from offboarding.web.letters.views import summary_of

GET_OR_POST = ["GET", "HEAD", "POST"]
SAMPLE_DAY = moment("2026-03-31T14:00:00Z")
WAITS = lazy("Drafted by themselves; the checklist waits until they went or were given up.")
HOW = lazy(
    "An empty line begins a new paragraph. A list stands on a line of its own; behind a colon it may have a heading, "
    "such as {removed: Access removed}. A list that is empty is left out."
)
WITH_ADDRESS = (Kind.CLIENT, Kind.PROVIDER, Kind.SECURITY, Kind.CONTRACT)


# ---------------------------------------------------------------- what it wants


@require_http_methods(GET_OR_POST)
@signed_in
def terms(request: Request, pk: int) -> HttpResponse:
    client = administered_or_403(request, pk)
    now, newest = queries.conditions_of(client), queries.terms_of(client)
    refusal = None
    said = typed_terms(request) if request.method == "POST" else now
    diff = None
    if request.method == "POST":
        try:
            wanted = templates.checked(said)
            if request.POST.get("act") == "save":
                templates.change_terms(request.user, request.scope, client, said, version_in(request))
                messages.success(request, _("It is set for letters that are written from now on."))
                return redirect("letter_terms", pk)
            diff = terms_difference(now, wanted)
        except Refused as told:
            refusal = told
    context = {
        "client": client,
        "fields": term_fields(said, refusal),
        "words": word_rows(client),
        "diff": diff,
        "summary": summary_of(refusal),
        "version": version_in(request) if request.method == "POST" else (newest.version if newest else 0),
    }
    return page(request, "letters/terms.html", context, status_of(refusal) if refusal else 200)


def typed_terms(request: Request) -> Conditions:
    def ticked(name: str) -> tuple[Kind, ...]:
        return tuple(kind for kind in Kind if kind.value in request.POST.getlist(name))

    automatic = tuple(kind for kind in ticked("automatic") if kind is not Kind.COLLABORATOR)
    addresses = {kind.value: request.POST.get(f"to-{kind.value}", "") for kind in WITH_ADDRESS}
    lines = {name: "\n".join(lines_of(request.POST.get(name, ""))).strip() for name in ("sender", "postal")}
    return Conditions(ticked("expected"), ticked("approved"), automatic, addresses, **lines)


def term_fields(said: Conditions, refusal: Refused | None) -> dict[str, Any]:
    at = str(refusal.facts.get("field", "")) if refusal else ""

    def error(name: str) -> str:
        return refusal.sentence if refusal and at == name else ""

    def boxes(name: str, label: str, hint: Any, picked: tuple[Kind, ...], kinds: Sequence[Kind]) -> FieldCard:
        shown = tuple(OptionCard(kind.value, NAMES[kind], kind in picked) for kind in kinds)
        return FieldCard(name, label, "checkboxes", options=shown, hint=hint, required=False)

    every, by_itself = list(Kind), [kind for kind in Kind if kind is not Kind.COLLABORATOR]
    return {
        "ticks": (
            boxes("expected", _("Expected"), WAITS, said.expected, every),
            boxes("approved", _("Approved by another person before they go"), "", said.approved, every),
            boxes(
                "automatic", _("Sent without a press, once everything is verified"),
                _("Nothing goes to a client by itself unless it is ticked here."), said.automatic, by_itself,
            ),
        ),
        "addresses": tuple(
            FieldCard(
                f"to-{kind.value}", NAMES[kind], value=said.addresses.get(kind.value, ""), required=False,
                error=error(f"to-{kind.value}"), attrs=(("autocomplete", "off"),),
            )
            for kind in WITH_ADDRESS
        ),
        "document": (
            FieldCard(
                "sender", _("Sender"), "textarea", said.sender, rows=3, required=False, error=error("sender"),
                hint=_("Name and address of your firm, as it stands on top of the document."),
            ),
            FieldCard(
                "postal", _("Addressed to"), "textarea", said.postal, rows=4, required=False, error=error("postal"),
                hint=_("Empty: the client's name."),
            ),
        ),
    }  # fmt: skip


def terms_difference(now: Conditions, said: Conditions) -> DiffCard:
    def shown(one: Conditions) -> dict[str, str]:
        kinds = {
            _("Expected"): one.expected,
            _("Approved by another person"): one.approved,
            _("Sent without a press"): one.automatic,
        }
        to = {str(NAMES[kind]): one.addresses.get(kind.value, "") for kind in WITH_ADDRESS}
        lists = {label: ", ".join(str(NAMES[kind]) for kind in picked) for label, picked in kinds.items()}
        return {**lists, **to, _("Sender"): one.sender, _("Addressed to"): one.postal}

    before, after = shown(now), shown(said)
    rows = [
        DiffRow("changed", label, before[label], after[label])
        for label in before
        if before[label] != after[label]
    ]
    if not rows:
        raise Refused("nothing-changed", _("This is set already."))
    return DiffCard(_("Now"), _("From now on"), tuple(rows))


def word_rows(client: Client) -> list[tuple[str, str, str]]:
    """Kind, its name, and the version of its words."""
    rows = []
    for kind in Kind:
        version = queries.wording_for(client, kind).version
        says = _("version %(n)d") % {"n": version} if version else _("as they ship")
        rows.append((kind.value, str(NAMES[kind]), says))
    return rows


# ---------------------------------------------------------------- its words


@require_http_methods(GET_OR_POST)
@signed_in
def words(request: Request, pk: int, kind: str) -> HttpResponse:
    client = administered_or_403(request, pk)
    if kind not in list(Kind):
        raise Http404
    now = queries.wording_for(client, Kind(kind))
    said = typed_words(request) if request.method == "POST" else now
    refusal, diff, shown = None, None, None
    if request.method == "POST":
        try:
            check(said)
            if request.POST.get("act") == "save":
                templates.change_words(
                    request.user, request.scope, client, Kind(kind), said, version_in(request)
                )
                messages.success(request, _("The words hold for letters that are written from now on."))
                return redirect("letter_terms", pk)
            diff, shown = (
                words_difference(now, said),
                written(said, SAMPLE, SAMPLE_DAY, _("A paragraph of yours.")),
            )
        except Refused as told:
            refusal = told
    hide = refusal is not None and refusal.code == "secret"
    context = {
        "client": client,
        "kind": kind,
        "title": NAMES[Kind(kind)],
        "fields": word_fields(now if hide else said, refusal),
        "inline": [(f"{{{name}}}", says) for name, says in INLINE.items()],
        "shipped": queries.shipped(Kind(kind)),
        "diff": diff,
        "shown": shown,
        "language": said.language,
        "summary": summary_of(refusal),
        "version": version_in(request) if request.method == "POST" else now.version,
    }
    return page(request, "letters/words.html", context, status_of(refusal) if refusal else 200)


def typed_words(request: Request) -> Wording:
    body = "\n".join(lines_of(request.POST.get("body", ""))).strip()
    return Wording(request.POST.get("subject", "").strip(), body, request.POST.get("language", "").strip())


def word_fields(said: Wording, refusal: Refused | None) -> tuple[FieldCard, ...]:
    at = str(refusal.facts.get("field", "")) if refusal else ""
    says = refusal.sentence if refusal else ""
    return (
        FieldCard(
            "subject", _("Subject"), value=said.subject, error=says if at == "subject" else "",
            attrs=(("maxlength", "160"),),
        ),
        FieldCard(
            "body", _("Text"), "textarea", said.body, rows=24, error=says if at == "body" else "",
            hint=HOW,
        ),
        FieldCard(
            "language", _("Language"), value=said.language, width="short", error=says if at == "language" else "",
            hint=_("As a tag, such as en, de or pt-BR."), attrs=(("maxlength", "8"), ("autocomplete", "off")),
        ),
    )  # fmt: skip


def words_difference(now: Wording, said: Wording) -> DiffCard:
    rows = [
        DiffRow("changed", label, before, after)
        for label, before, after in (
            (_("Subject"), now.subject, said.subject),
            (_("Language"), now.language, said.language),
        )
        if before != after
    ]
    rows += lines_difference(lines_of(now.body), lines_of(said.body))
    if not rows:
        raise Refused("nothing-changed", _("These are the words already."), field="body")
    return DiffCard(_("Now"), _("From now on"), tuple(rows))


def lines_difference(before: list[str], after: list[str]) -> list[DiffRow]:
    """Only the lines that differ, each stretch of them as one row."""
    rows = []
    for what, start, end, begin, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        was, is_ = "\n".join(before[start:end]).strip(), "\n".join(after[begin:stop]).strip()
        if what == "equal" or was == is_:
            continue
        kind: Literal["changed", "removed", "added"] = (
            "changed" if was and is_ else "removed" if was else "added"
        )
        rows.append(DiffRow(kind, _("Text, line %(n)d") % {"n": begin + 1}, was, is_))
    return rows
