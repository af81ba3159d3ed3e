"""Requests and answers of a try, out of its evidence: masked when they were kept, and cut to what a page can show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from offboarding.evidence import store
from offboarding.evidence.models import Evidence

BYTES_AT_MOST = 300_000
CALLS_AT_MOST = 6
TEXT_AT_MOST = 1500  # characters of one body
SHOWN_HEADERS = ("authorization", "retry-after", "x-ratelimit-remaining")


@dataclass(frozen=True, slots=True)
class CallCard:
    line: str
    headers: tuple[str, ...]
    sent: str
    answer: str
    received: str


@dataclass(frozen=True, slots=True)
class CallsCard:
    calls: tuple[CallCard, ...]
    more: str
    url: str


def calls_of(evidence: Evidence, reference: str) -> CallsCard:
    """What a try said and heard. Too large, or gone from the store: a sentence and the link to the file."""
    url = f"/evidence/{reference}/files/{evidence.pk}/"
    if evidence.size > BYTES_AT_MOST:
        return CallsCard(
            (),
            _("The record has %(size)s: download it to read it.") % {"size": filesizeformat(evidence.size)},
            url,
        )
    try:
        with store.open_bytes(evidence.sha256) as file:
            rows = json.load(file)
    except (OSError, ValueError):
        return CallsCard((), _("The record cannot be read just now."), url)
    # What stands beside the calls was taken from our own copy of the audit trail, and is no call.
    rows = [row for row in rows if "url" in row]
    left = len(rows) - CALLS_AT_MOST
    more = _("%(n)d more calls are in the file.") % {"n": left} if left > 0 else ""
    return CallsCard(tuple(call(row) for row in rows[:CALLS_AT_MOST]), more, url)


def call(row: dict[str, Any]) -> CallCard:
    address = urlsplit(row["url"])
    path = address.path + (f"?{address.query}" if address.query else "")
    return CallCard(
        line=f"{row['method']} {path}",
        headers=headers(row["request_headers"]),
        sent=body(row["request_body"]),
        answer=answer(row),
        received=body(row["response_body"]),
    )


def answer(row: dict[str, Any]) -> str:
    if row["status"] is None:
        return _("No answer after %(ms)d ms: %(why)s") % {"ms": row["elapsed_ms"], "why": row["error"] or ""}
    told = ", ".join(headers(row["response_headers"]))
    return f"{row['status']}, {row['elapsed_ms']} ms" + (f", {told}" if told else "")


def headers(held: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}: {value}" for name, value in held.items() if name.lower() in SHOWN_HEADERS)


def body(value: Any) -> str:
    if value is None:
        return ""
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return words if len(words) <= TEXT_AT_MOST else words[:TEXT_AT_MOST] + " …"
