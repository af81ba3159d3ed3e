"""What is noted once in a sitting: reading the same page again is no news."""

from __future__ import annotations

from offboarding.lib.hashing import sha256_hex
from offboarding.web.http import Request

KEPT = 200  # so that a sitting does not grow without end; what is older is noted anew


def once(request: Request, what: str) -> bool:
    """True the first time in this sitting."""
    noted, mark = list(request.session.get("noted", ())), sha256_hex(what.encode())[:16]
    if mark in noted:
        return False
    request.session["noted"] = [*noted, mark][-KEPT:]
    return True
