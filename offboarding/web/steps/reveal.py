"""A new key, shown once to the person who takes it; and what people decide about keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from offboarding.execution.models import Run
from offboarding.execution.rotation import actions as rotation
from offboarding.execution.rotation.rules import short
from offboarding.lib.refusals import Refused
from offboarding.web import proving
from offboarding.web.cards import ActCard, CodeCard, ConfirmCard, FactCard
from offboarding.web.http import Request, page
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.proving import Wish
from offboarding.web.removal.overview import Overview
from offboarding.web.steps.views import back, on_run

KEY = "reveal"
GET_OR_POST = ["GET", "HEAD", "POST"]


@require_POST
@on_run
def ask(request: Request, view: Overview, run: Run) -> HttpResponse:
    """Remember who wants to see what, then ask who they are: only a proof that is newer counts."""
    proving.keep(request, KEY, run=run.pk)
    return prove(request, view, run)


def prove(request: Request, view: Overview, run: Run) -> HttpResponse:
    return to_proof(request, f"{view.url}steps/{run.item.number}/key/")


@require_http_methods(GET_OR_POST)
@on_run
def show(request: Request, view: Overview, run: Run) -> HttpResponse:
    """First what is about to happen; then, with the press, the key itself: the one answer that ever holds it."""
    asked = proving.kept(request, KEY)
    if asked is None or asked.what["run"] != run.pk:
        return back(request, view, run)
    method = proved_since(request, asked.at)
    if not method:
        return prove(request, view, run)
    if request.method != "POST":
        return last_question(request, view, run, asked)
    if not proving.pressed(request, asked):
        return back(request, view, run)
    proving.forget(request, KEY)
    return shown(request, view, run, rotation.reveal(run, request.user, method))


def last_question(request: Request, view: Overview, run: Run, asked: Wish) -> HttpResponse:
    url = f"{view.url}steps/{run.item.number}/"
    confirm = ConfirmCard(
        title=_("See the new key of %(source)s once") % {"source": source(run)},
        effects=(
            _("It is shown to you now, and to nobody again. Then it is forgotten here."),
            _("The record says that you saw it and when. It never holds the key itself."),
            _("Have the vault open. If the page is lost before you saved it, say so: another key is made."),
        ),
        act=ActCard(_("Show it now"), f"{url}key/", "main", hidden=asked.hidden, busy=_("One moment…")),
        back_url=url,
        facts=(FactCard(_("Workspace"), run.item.workspace.name if run.item.workspace else ""),),
    )
    return page(request, "elements/confirm_page.html", {"confirm": confirm})


def shown(request: Request, view: Overview, run: Run, plain: str) -> HttpResponse:
    context = {
        "key": CodeCard(plain, label=_("New write key")),
        "source": source(run),
        "workspace": run.item.workspace.name if run.item.workspace else "",
        "url": f"{view.url}steps/{run.item.number}/",
    }
    response = page(request, "steps/reveal.html", context)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


# ---- what only a person decides ---------------------------------------------------------------------------------


def decided(
    request: Request, view: Overview, run: Run, card: ConfirmCard, act: Callable[[], None], done: str
) -> HttpResponse:
    """Level 1: what, where, effect; then the press."""
    if request.method != "POST":
        if view.why_not:
            return back(request, view, run)
        return page(request, "elements/confirm_page.html", {"confirm": card})
    act()
    messages.info(request, done)
    return back(request, view, run)


def asking(
    view: Overview, run: Run, way: str, title: str, act: str, *effects: str, **more: Any
) -> ConfirmCard:
    url = f"{view.url}steps/{run.item.number}/"
    return ConfirmCard(
        title=title, effects=effects, act=ActCard(act, f"{url}key/{way}/", "main", **more), back_url=url
    )


@require_http_methods(GET_OR_POST)
@on_run
def take(request: Request, view: Overview, run: Run) -> HttpResponse:
    key = request.POST.get("key", "") or request.GET.get("key", "")
    if not key.isalnum() or len(key) > 64:
        raise Refused("not-listed", _("Choose one of the keys that appeared."))
    card = asking(
        view, run, "take",
        _("Take %(key)s as the new key of %(source)s") % {"key": short(key), "source": source(run)},
        _("Take this key"),
        _("No key is added. This one is handed over, and stays when the old keys go."),
        _("The keys that stood in the plan go at the end; other keys that appeared stay."),
        hidden=(("key", key),),
    )  # fmt: skip
    done = _("That key is the new one. It is read once more.")
    return decided(request, view, run, card, lambda: rotation.take(run, request.user, key), done)


@require_http_methods(GET_OR_POST)
@on_run
def add(request: Request, view: Overview, run: Run) -> HttpResponse:
    card = asking(
        view, run, "add",
        _("Add a key to %(source)s all the same") % {"source": source(run)},
        _("Add a key"),
        _("Another key is added. The keys that appeared count as old ones and are removed at the end."),
        _("If somebody uses one of them on purpose, leave this page and take it as the new one."),
    )  # fmt: skip
    done = _("A key is added now.")
    return decided(request, view, run, card, lambda: rotation.add_all_the_same(run, request.user), done)


@require_http_methods(GET_OR_POST)
@on_run
def lost(request: Request, view: Overview, run: Run) -> HttpResponse:
    card = asking(
        view, run, "lost",
        _("Start over with another key for %(source)s") % {"source": source(run)},
        _("Make another key"),
        _("Another key is added and shown once. The lost one is removed with the old ones."),
        _("Hand-over and confirmation come again. The old keys work until then."),
    )  # fmt: skip
    done = _("Another key is made. Hand it over when it is there.")
    return decided(request, view, run, card, lambda: rotation.start_over(run, request.user), done)


def source(run: Run) -> str:
    return str(run.item.target.get("source", ""))
