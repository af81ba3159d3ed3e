"""Acts that need a fresh proof: first who it is, then the page with the press. What was proved before the page was asked
for does not count, and each press counts once."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseRedirect

from offboarding.web.http import Request
from offboarding.web.proof import proved_since, to_proof

KEY = "proving"
LASTS = 900  # seconds between asking for the page and the press


@dataclass(frozen=True, slots=True)
class Proved:
    """`method` in a word; `hidden` goes into the form; `pressed`: this is the press that belongs to the page."""

    method: str
    hidden: tuple[tuple[str, str], ...]
    pressed: bool


def proved(request: Request) -> Proved | HttpResponseRedirect:
    """The proof for the act at this address, or the way to the page that asks for one."""
    asked: dict[str, Any] = request.session.get(KEY) or {}
    if asked.get("path") != request.path or time.time() - float(asked["at"]) > LASTS:
        asked = {"path": request.path, "at": time.time(), "nonce": secrets.token_urlsafe(16)}
        request.session[KEY] = asked
    method = proved_since(request, float(asked["at"]))
    if not method:
        return to_proof(request, request.path)
    typed = request.POST.get("nonce", "")
    pressed = request.method == "POST" and hmac.compare_digest(typed.encode(), asked["nonce"].encode())
    return Proved(method, (("nonce", asked["nonce"]),), pressed)


def done(request: Request) -> None:
    request.session.pop(KEY, None)
