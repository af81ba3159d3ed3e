"""A new login for a warehouse or a stored credential: what uses it, and the form in which it is entered once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from offboarding.checklist.models import ChecklistItem
from offboarding.execution.logins import actions as logins
from offboarding.execution.logins.queries import another_at_work, open_logins
from offboarding.execution.logins.rules import PASSWORD, USERNAMES, Asked, leaf
from offboarding.execution.models import Run
from offboarding.execution.rules import Act, Result
from offboarding.lib.refusals import Refused
from offboarding.web.cards import ActCard, ErrorLine, ErrorSummaryCard, FactCard, FieldCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.removal.overview import Overview
from offboarding.web.steps.extras import EXTRAS, Extra
from offboarding.web.steps.views import back, on_run

KEY = "login"  # in the session: for which request somebody asked to enter a login, and when
WAREHOUSE, CREDENTIAL = "rotate-warehouse-login", "rotate-credential"
LABELS = {
    "username": lazy("Username"),
    "user": lazy("Username"),
    "password": lazy("New password"),
    "privateKey": lazy("New private key"),
    "privateKeyPassphrase": lazy("Passphrase of the private key"),
}


@dataclass(frozen=True, slots=True)
class LoginCard:
    facts: tuple[FactCard, ...]
    kept: str
    tested: str
    other: str  # why nobody may enter one just now
    act: ActCard | None


def extra(view: Overview, item: ChecklistItem, run: Run) -> Extra | None:
    """Who uses it and how it signs in now, as the newest look saw it."""
    seen = newest(run)
    if not seen:
        return None
    kept, other = next(iter(open_logins(run)), None), another_at_work(run)
    words = _("A new login is kept here, sealed, since %(when)s. It is forgotten when this step has ended.")
    act = None
    if logins.takes_login(run) and not view.why_not and not other:
        label = _("Enter another login") if kept else _("Enter the new login")
        act = ActCard(label, f"{view.url}steps/{item.number}/login/", "quiet" if kept else "main")
    told = words % {"when": view.clock.says(kept.kept_at)} if kept else ""
    why = logins.changes_now(other) if other and logins.takes_login(run) else ""
    return Extra("steps/_login.html", LoginCard(facts_of(item, seen), told, tested(item), why, act))


EXTRAS[WAREHOUSE] = EXTRAS[CREDENTIAL] = extra


def newest(run: Run) -> Mapping[str, Any]:
    """The facts of the newest look that saw the thing; empty before the first."""
    looks = run.attempts.filter(act=Act.LOOK, result=Result.SEEN).order_by("-number")
    found = looks.values_list("facts", flat=True).first() or {}
    return found if "asked" in found else {}


def facts_of(item: ChecklistItem, seen: Mapping[str, Any]) -> tuple[FactCard, ...]:
    used_by = tuple(seen["used_by"]) or _("Nothing")
    label = _("Fed by") if item.code == WAREHOUSE else _("Used by")
    shown = {name: value for name, value in seen["settings"].items() if value not in ("", None)}
    return (FactCard(label, used_by), *(FactCard(named(name), str(value)) for name, value in shown.items()))


def named(name: str) -> str:
    """A setting as Segment calls it; the ones that every login has, in words."""
    return str(LABELS.get(leaf(name), name))


def tested(item: ChecklistItem) -> str:
    if item.code == WAREHOUSE:
        return _("Segment tries the new login before it is saved. If it does not work, nothing is changed.")
    return _(
        "Segment cannot try a stored credential before it is saved. Afterwards we look at every warehouse that uses it."
    )


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@on_run
def enter(request: Request, view: Overview, run: Run) -> HttpResponse:
    """Only after a proof of identity that was made for this request. What is typed goes nowhere but into the seal."""
    logins.may_enter(run, request.user)
    asked, method = asked_of(run), proof(request, view)
    if not method:
        return to_proof(request, request.path)
    if request.method != "POST":
        return form_page(request, view, run, asked, {})
    try:
        take(request, run, asked, method)
    except Refused as refusal:
        if "wrong" not in refusal.facts:
            raise
        return form_page(request, view, run, asked, refusal.facts["wrong"], status_of(refusal))
    messages.success(request, _("The new login is kept, sealed, and is tried now."))
    return back(request, view, run)


@sensitive_variables("login")
def take(request: Request, run: Run, asked: tuple[Asked, ...], method: str) -> None:
    login = {each.name: request.POST.get(each.name, "").replace("\r\n", "\n") for each in asked}
    login |= {each.name: login[each.name].strip() for each in asked if not each.secret}
    logins.enter(run, request.user, asked, login, method)


def proof(request: Request, view: Overview) -> str:
    """How they proved it since they first asked for such a form in this request; empty if they have not, or too long ago.

    One proof is enough for the logins of one request: there can be many, and they are entered one after the other.
    """
    asked = request.session.get(KEY) or {}
    if asked.get("request") != view.removal.number:
        request.session[KEY] = {"request": view.removal.number, "at": time.time()}
        return ""
    return proved_since(request, float(asked["at"]))


def asked_of(run: Run) -> tuple[Asked, ...]:
    seen = newest(run).get("asked") or [[USERNAMES[0], False, True], [PASSWORD[0], True, True]]
    return tuple(Asked(name, secret, required) for name, secret, required in seen)


def form_page(
    request: Request,
    view: Overview,
    run: Run,
    asked: tuple[Asked, ...],
    wrong: Mapping[str, str],
    status: int = 200,
) -> HttpResponse:
    """Secrets are never shown again, not even with a mistake beside them."""
    seen = newest(run)
    old = {} if request.method == "POST" else seen.get("settings", {})
    url = f"{view.url}steps/{run.item.number}/"
    context = {
        "title": run.item.title,
        "reference": view.removal.reference,
        "fields": [field(each, request.POST.get(each.name, old.get(each.name, "")), wrong) for each in asked],
        "summary": ErrorSummaryCard(tuple(ErrorLine(says, f"id_{name}") for name, says in wrong.items())),
        "tested": tested(run.item),
        "back_url": url,
        "back": _("Step %(number)d") % {"number": run.item.number},
    }
    return page(request, "steps/login.html", context, status)


def field(asked: Asked, value: str, wrong: Mapping[str, str]) -> FieldCard:
    kind = "textarea" if asked.long else ("password" if asked.secret else "text")
    hint = _("It may stay the same, if only the secret is new.") if not asked.secret else ""
    return FieldCard(
        asked.name, named(asked.name), kind, "" if asked.secret else str(value), hint=hint,
        error=wrong.get(asked.name, ""), required=asked.required, width="full" if asked.long else "mid", rows=6,
        mono=asked.secret, attrs=(("autocomplete", "off"), ("spellcheck", "false")),
    )  # fmt: skip
