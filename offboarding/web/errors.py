"""Plain words for everything that goes wrong at the door."""

from __future__ import annotations

import secrets
import sys
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from offboarding.lib.refusals import Refused
from offboarding.web.cards import ActCard, ErrorPageCard

log = structlog.get_logger(__name__)

SOON = 5  # seconds after which a browser may try again

# A refusal says "not now, because"; these say "what you typed cannot be used".
TYPED = {
    "bad-address",
    "too-many-addresses",
    "no-reason",
    "in-the-past",
    "places-incomplete",
    "no-note",
    "no-answer",
    "no-verdict",
}


def status_of(refusal: Refused) -> int:
    return 422 if refusal.code in TYPED or "field" in refusal.facts else 409


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The answer to a refusal that no page has turned into something kinder."""
    return answer(request, _("This was not done"), refusal.sentence, status_of(refusal))


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return answer(request, _("This cannot be read"), _("Go back, check what you sent, and try again."), 400)


def wrong_method(request: HttpRequest, bare: HttpResponse) -> HttpResponse:
    """Somebody opens the address of a form, out of the history or after a reload."""
    text = _("This address only takes what a form sends. Go back and press the button there.")
    response = answer(request, _("Nothing to read here"), text, 405)
    response["Allow"] = bare["Allow"]
    return response


def nul_character(request: HttpRequest) -> HttpResponse:
    text = _("It holds a NUL character, which cannot be kept. Go back, take it out, and send it again.")
    return answer(request, _("This cannot be read"), text, 400)


def note(request: HttpRequest, status: int) -> None:
    """Who was refused what, for those who watch the log: the name of the page, never what was sent or asked for."""
    match, user = request.resolver_match, getattr(request, "user", None)
    log.warning(
        "refused",
        route=match.view_name if match else "",
        method=request.method,
        status=status,
        user=user.pk if user else None,
    )


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    note(request, 403)
    return answer(request, _("This is not yours to do"), _("Somebody with the right role can do it."), 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    note(request, 403)
    text = _("This form was opened in another sign-in. Go back, load the page again and send it once more.")
    return answer(request, _("This form is too old"), text, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    note(request, 404)
    text = _("Nothing is here, or it is not yours to see. Check the address, or start from your work.")
    return answer(request, _("Not found"), text, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return database_away(request)
    number = secrets.token_hex(4)
    log.error("page failed", number=number, path=request.path)
    text = _("Something is wrong on our side. Nothing was half done. Try again, or quote this number.")
    return bare(_("This did not work"), text, 500, number)


def database_away(request: HttpRequest) -> HttpResponse:
    log.warning("database does not answer", path=request.path)
    text = _("The database does not answer. Nothing was half done. Try again in a moment.")
    response = bare(_("Not now"), text, 503)
    response["Retry-After"] = str(SOON)
    return response


def bare(title: str, text: str, status: int, number: str = "") -> HttpResponse:
    """Asks the database nothing, not even who is here: it may be what failed."""
    card = ErrorPageCard(title, text, number, ActCard(_("Go to your work"), "/"))
    html = render_to_string("errors/page.html", {"error": card})
    return HttpResponse(html, status=status, headers={"Cache-Control": "no-store"})


def answer(request: HttpRequest, title: str, text: str, status: int) -> HttpResponse:
    card = ErrorPageCard(title, text, "", ActCard(_("Go to your work"), "/"))
    return render(request, "errors/page.html", {"error": card}, status=status)
