"""What somebody typed into a form that was sent after their sign-in had ended. It waits in the session until they are back.

It is theirs alone: who signs in as somebody else there does not see it. Passwords, codes, tokens and files are never kept.
"""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest

from offboarding.web.whence import parts_of

KEY, ENDED = "kept_form", "sitting_ended"
SECRET = re.compile(r"pass|secret|token|code|credential|otp|api_?key", re.IGNORECASE)
MOST = 200_000  # characters
LASTS = 3600  # seconds
NOISE = re.compile(r"[0-9a-fA-F]{16,}|[A-Za-z0-9_-]{20,}|\d+|on")


@dataclass(frozen=True, slots=True)
class Kept:
    """`came_from` is the page with the form. `lacks`: something that was typed is not among the fields."""

    owner: str
    path: str
    came_from: str
    fields: list[list[str]]
    lacks: bool
    at: float

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """What a person wrote, by the name of its field; numbers and digests of the page are not."""
        return tuple((name, text) for name, text in self.fields if text.strip() and not NOISE.fullmatch(text))


def note_end(request: HttpRequest, owner: str) -> None:
    """The sign-in of `owner` has just ended in this browser."""
    request.session[ENDED] = owner


def keep(request: Any) -> bool:
    """True if what the form holds waits now. Only where we know whose it is: their sign-in ended in this browser."""
    owner = request.session.get(ENDED)
    if request.method != "POST" or not owner:
        return False
    fields, lacks = taken(request)
    if not fields or sum(len(text) for _, text in fields) > MOST:
        return False
    kept = Kept(owner, request.get_full_path(), came_from(request), fields, lacks, time.time())
    request.session[KEY] = asdict(kept)
    return True


def taken(request: Any) -> tuple[list[list[str]], bool]:
    """(fields that may be kept, whether something else was there)"""
    named = getattr(request, "sensitive_post_parameters", ())
    fields, lacks = list[list[str]](), bool(request.FILES)
    for name, texts in request.POST.lists():
        if name == "csrfmiddlewaretoken":
            continue
        if SECRET.search(name) or named == "__ALL__" or name in named:
            lacks = lacks or any(texts)
            continue
        fields += [[name, text] for text in texts]
    return fields, lacks


def came_from(request: HttpRequest) -> str:
    """The page with the form, if the browser says it and it is ours."""
    there = parts_of(request.headers.get("HX-Current-URL") or request.headers.get("Referer"))
    return there._replace(scheme="", netloc="").geturl() if there.netloc == request.get_host() else "/"


def kept_for(request: Any) -> Kept | None:
    """What waits for who is signed in; what waits for somebody else, or too long, is forgotten."""
    found = request.session.get(KEY)
    kept = Kept(**found) if found else None
    if kept and (kept.owner != str(request.user.pk) or time.time() - kept.at > LASTS):
        forget(request)
        return None
    return kept


def forget(request: Any) -> None:
    request.session.pop(KEY, None)
