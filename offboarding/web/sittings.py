"""How long a sign-in lasts: so long without activity, and so long in any case. A page that asks for news is no activity."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout, user_logged_in
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.removals.adjusting import standing
from offboarding.removals.catalogue import IDLE_MINUTES, SIGN_IN, SIGN_IN_HOURS
from offboarding.web import kept

BEGAN, SEEN = "sitting_began", "sitting_seen"
IDLE, WHOLE = "sitting_idle", "sitting_whole"  # seconds, as they were set when it began
STAY = "/signin/stay/"
WARNED = 120  # seconds before the end; app.js says so then
COARSE = 60  # seconds: the last activity is written no more often


def begin(request: HttpRequest, **_: Any) -> None:
    request.session[BEGAN] = request.session[SEEN] = time.time()
    now = standing(SIGN_IN).values
    request.session[IDLE], request.session[WHOLE] = now[IDLE_MINUTES] * 60, now[SIGN_IN_HOURS] * 3600


def follow() -> None:
    user_logged_in.connect(begin, dispatch_uid="a sitting begins")


def limits(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Ends what lasted too long before any view sees it, and says so on the page for signing in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session:
            if why := over(request.session, time.time()):
                owner = str(request.session[SESSION_KEY])
                logout(request)
                kept.note_end(request, owner)
                messages.info(request, why)
            elif not asks_for_news(request):
                active(request.session, time.time())
        return get_response(request)

    return middleware


def idle(session: Any) -> int:
    """Seconds without activity. The environment's word holds at once, what is set in the browser from the next sign-in on."""
    return min(settings.IDLE_SECONDS, int(session.get(IDLE, settings.IDLE_SECONDS)))


def longest(session: Any) -> int:
    """Seconds in any case."""
    return min(settings.SESSION_COOKIE_AGE, int(session.get(WHOLE, settings.SESSION_COOKIE_AGE)))


def over(session: Any, now: float) -> str:
    """Why this sign-in ends now, in a sentence; empty if it goes on."""
    if now - float(session.get(BEGAN, now)) > longest(session):
        hours = longest(session) // 3600
        return ngettext(
            "You were signed in for %(n)d hour. Sign in again to go on.",
            "You were signed in for %(n)d hours. Sign in again to go on.",
            hours,
        ) % {"n": hours}
    if now - float(session.get(SEEN, now)) > idle(session):
        return _(
            "Nothing happened here for %(n)d minutes, so you were signed out. Sign in again to go on."
        ) % {"n": idle(session) // 60}
    return ""


@dataclass(frozen=True, slots=True)
class Ends:
    """When a sign-in ends if nothing happens any more (seconds since 1970), and whether activity puts that off."""

    at: float
    extends: bool


def ends(session: Any, now: float) -> Ends:
    quiet = float(session.get(SEEN, now)) + idle(session)
    whole = float(session.get(BEGAN, now)) + longest(session)
    return Ends(min(quiet, whole), quiet + WARNED < whole)


def stay(session: Any, now: float) -> None:
    """The person is here: the time without activity begins anew."""
    session[SEEN] = now
    session.setdefault(BEGAN, now)


def asks_for_news(request: HttpRequest) -> bool:
    if request.path == STAY and request.method != "POST":
        return True
    return bool(request.headers.get("HX-Request")) and "since" in request.GET


def active(session: Any, now: float) -> None:
    if now - float(session.get(SEEN, 0)) > COARSE:
        stay(session, now)
