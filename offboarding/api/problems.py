"""How the API says no: `application/problem+json` (RFC 9457), in the same plain sentences as the pages."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

TITLES = {
    400: "This cannot be read",
    401: "Who is asking",
    403: "This is not yours to do",
    404: "Not found",
    405: "Not in this way",
    409: "Not now",
    422: "What was sent cannot be used",
    429: "Too many tries",
    503: "Not now",
}


def problem(status: int, code: str, sentence: str, **facts: Any) -> HttpResponse:
    """`code` is stable and for programs, `sentence` says to a person what is wrong and what to do."""
    body = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "code": code,
        "detail": sentence,
        **facts,
    }
    return HttpResponse(json.dumps(body), status=status, content_type="application/problem+json")
