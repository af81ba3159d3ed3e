"""Acts that need a fresh proof: choose, prove who you are, read what it means, press. What was proved before the choice
does not count, and each press counts once.

A wish is what somebody chose and has not pressed yet. It waits in the session, one under each name; another choice takes
its place and needs a proof of its own.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from offboarding.lib.refusals import Refused
from offboarding.web.http import Request
from offboarding.web.proof import proved_since, to_proof

KEY = "proving"
LASTS = 900  # seconds between asking for the page and the press


@dataclass(frozen=True, slots=True)
class Wish:
    """`what` is JSON; `at` is in seconds since 1970: only a newer proof counts."""

    what: dict[str, Any]
    nonce: str
    at: float

    @property
    def hidden(self) -> tuple[tuple[str, str], ...]:
        """What the form with the press holds."""
        return (("nonce", self.nonce),)


def keep(request: Request, name: str, /, **what: Any) -> Wish:
    wish = Wish(what, secrets.token_urlsafe(16), time.time())
    request.session[name] = {**what, "nonce": wish.nonce, "at": wish.at}
    return wish


def amend(request: Request, name: str, /, **what: Any) -> None:
    """Another detail of the same wish: its page and its proof still count."""
    request.session[name] = {**request.session[name], **what}


def kept(request: Request, name: str) -> Wish | None:
    what = dict(request.session.get(name) or {})
    return Wish(nonce=what.pop("nonce"), at=float(what.pop("at")), what=what) if what else None


def forget(request: Request, name: str) -> None:
    request.session.pop(name, None)


def pressed(request: Request, wish: Wish) -> bool:
    """True if this is the press that belongs to the page."""
    typed = request.POST.get("nonce", "")
    return request.method == "POST" and hmac.compare_digest(typed.encode(), wish.nonce.encode())


def confirmed(
    request: Request,
    name: str,
    begin: str,
    page: Callable[[Wish, Refused | None], HttpResponse],
    perform: Callable[[Wish, str], HttpResponse],
) -> HttpResponse:
    """The last page of a wish and its press. `page` shows it; `perform` does it, with the method of the proof; without a
    wish it goes to `begin`. What is refused stays a wish, so that the same press can come again."""
    wish = kept(request, name)
    if wish is None:
        return redirect(begin)
    method = proved_since(request, wish.at)
    if not method:
        return to_proof(request, request.path)
    if request.method != "POST":
        return page(wish, None)
    if not pressed(request, wish):
        messages.warning(request, _("That page was an older one, so nothing was changed."))
        return page(wish, None)
    try:
        answer = perform(wish, method)
    except Refused as refusal:
        return page(wish, refusal)
    forget(request, name)
    return answer


# ---------------------------------------------------------------- acts at an address of their own


@dataclass(frozen=True, slots=True)
class Proved:
    """`method` in a word; `hidden` goes into the form; `pressed`: this is the press that belongs to the page."""

    method: str
    hidden: tuple[tuple[str, str], ...]
    pressed: bool


def proved(request: Request) -> Proved | HttpResponseRedirect:
    """The proof for the act at this address, or the way to the page that asks for one."""
    wish = kept(request, KEY)
    if wish is None or wish.what["path"] != request.path or time.time() - wish.at > LASTS:
        wish = keep(request, KEY, path=request.path)
    method = proved_since(request, wish.at)
    if not method:
        return to_proof(request, request.path)
    return Proved(method, wish.hidden, pressed(request, wish))


def done(request: Request) -> None:
    forget(request, KEY)
