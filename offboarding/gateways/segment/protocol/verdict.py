"""What an answer means: the `data` of a success, or the error that says what to do next.

Decided on the status; Segment's `type` strings differ from page to page (Public API, Errors). Only which
kind of
*no* it was is read from the words of the message, leniently.
"""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

from offboarding.gateways.exchange import decode
from offboarding.gateways.segment.errors import (
    Declined,
    DeclinedKind,
    Doubtful,
    GatewayError,
    NotAllowed,
    NotThere,
    SlowDown,
)
from offboarding.gateways.segment.protocol.reading import Unreadable
from offboarding.gateways.segment.protocol.request import Request
from offboarding.lib.masking import mask_text

Json = Any
T = TypeVar("T")

USUAL_WAIT = 5.0  # seconds, when a 429 does not say
LONGEST_WAIT = 86_400.0  # one day: the longest window that Segment documents
LONGEST_MESSAGE = 500

# Refusals that stand whatever the token may do: looked for in 401 and 403 too.
_FIRM: tuple[tuple[DeclinedKind, re.Pattern[str]], ...] = (
    (
        "last-owner",
        re.compile(  # not "only owners can ...", which is about the token
            r"\b(?:last|final|sole|remaining|the only)\s+(?:\w+\s+)?(?:owner|admin)\b|"
            r"(?:at least|minimum of) (?:one|1|an)\b.{0,30}owner|without (?:an?|any) (?:\w+ )?owner",
            re.IGNORECASE,
        ),
    ),
    (
        "own-account",
        re.compile(
            r"yourself|\bown (?:account|user|membership)|themsel(?:f|ves)|oneself|"
            r"(?:creator|owner) of (?:the|this) token|token'?s? (?:creator|owner)",
            re.IGNORECASE,
        ),
    ),
    (
        "scim-managed",
        re.compile(
            r"\bscim\b|(?:managed|provisioned|synced|controlled|removed|deactivated)\b.{0,40}"
            r"\b(?:identity provider|idp|sso|directory|okta|entra|azure|onelogin)\b",
            re.IGNORECASE,
        ),
    ),
)
_OTHER: tuple[tuple[DeclinedKind, re.Pattern[str]], ...] = (
    (
        "already-invited",
        re.compile(r"already (?:been )?(?:invited|a member|a user|exists? in)|was already", re.IGNORECASE),
    ),
    (
        "no-such-feature",
        re.compile(
            r"\bplan\b.{0,60}(?:not|n't)\b|(?:not|n't)\b.{0,60}\b(?:plan|tier|subscription)\b|"
            r"upgrade|contact sales|"
            r"feature.{0,40}(?:not|disabled|unavailable)|(?:not|n't) (?:enabled|available) (?:for|in|on)",
            re.IGNORECASE,
        ),
    ),
    (
        "in-use",
        re.compile(
            r"\bin use\b|still (?:used|consumed|connected)|\bconsum(?:ed|er)|being used", re.IGNORECASE
        ),
    ),
)
_SENTENCES: Mapping[DeclinedKind, str] = {
    "last-owner": "This is the last Workspace Owner, and Segment keeps at least one.",
    "own-account": "Segment does not let an account remove itself.",
    "scim-managed": "The identity provider manages this member, and Segment does not let others remove it.",
    "already-invited": "This address is invited already, or a member already.",
    "no-such-feature": "The plan of this workspace does not include this.",
    "in-use": "It is still in use.",
    "invalid": "Segment did not accept the values.",
    "other": "Segment declined the call.",
}


def read(request: Request[T], status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> T:
    """The typed value of a success; every other answer raises its GatewayError (without exchange).

    `headers` have lower-case names, `now` is for a reset time that comes without the server's own date.
    """
    if not 200 <= status < 300:
        refuse(request, status, headers, body, now)
    try:
        return request.read(_data(body))
    except Unreadable as error:
        raise doubtful(request, f"the answer could not be read: {error}") from None


def refuse(
    request: Request[Any], status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> NoReturn:
    """Raise what a status outside of 2xx means."""
    if status == 429:
        wait = retry_after(headers, body, now)
        raise SlowDown(
            f"Segment limits the rate of calls. Next try in {math.ceil(wait)} s.", retry_after=wait
        )
    if 300 <= status < 400:
        raise doubtful(request, f"it answered with a redirect ({status}), which is not followed")
    if status >= 500 or status < 200 or status in (408, 425):
        raise doubtful(request, f"it answered with status {status}")
    raise _refusal(status, mask_text(_message(body), secrets=request.secrets))


def doubtful(request: Request[Any], reason: str) -> Doubtful:
    """The sentence differs for a read and for a change; what is to do differs too."""
    if request.changes:
        return Doubtful(
            f"Segment gave no clear answer: {reason}. Whether the change took effect is not known."
        )
    return Doubtful(f"Segment could not be read: {reason}.")


def retry_after(headers: Mapping[str, str], body: bytes, now: datetime) -> float:
    """Seconds to wait: Retry-After, else `msBeforeNext` of the body, else X-RateLimit-Reset, else 5."""
    waits = (_seconds(headers.get("retry-after"), headers, now), _ms_before_next(body))
    for wait in (*waits, _seconds(headers.get("x-ratelimit-reset"), headers, now)):
        if wait is not None and math.isfinite(wait):
            return min(max(wait, 0.0), LONGEST_WAIT)
    return USUAL_WAIT


def _refusal(status: int, message: str) -> GatewayError:
    if firm := _kind(message, _FIRM):
        return _declined(firm, message)
    if status in (401, 403):
        return NotAllowed(_with("The token works, but it is not allowed to do this.", message))
    if status in (404, 410):
        return NotThere(_with("Segment knows no such thing.", message))
    return _declined(_kind(message, _OTHER) or _plain_kind(status), message)


def _plain_kind(status: int) -> DeclinedKind:
    return "invalid" if status in (400, 413, 422) else "other"


def _kind(message: str, words: tuple[tuple[DeclinedKind, re.Pattern[str]], ...]) -> DeclinedKind | None:
    return next((kind for kind, pattern in words if pattern.search(message)), None)


def _declined(kind: DeclinedKind, message: str) -> Declined:
    return Declined(_with(_SENTENCES[kind], message), kind=kind, message=message)


def _with(sentence: str, message: str) -> str:
    return f"{sentence} Segment says: {message}" if message else sentence


def _data(body: bytes) -> Mapping[str, Json]:
    """The `data` of an envelope. `{"errors": ...}` beside it or instead is no success."""
    try:
        envelope = decode(body)
    except ValueError:
        raise Unreadable("it is no JSON") from None
    if not isinstance(envelope, dict) or not isinstance(envelope.get("data"), dict) or envelope.get("errors"):
        raise Unreadable("it has no data")
    return dict(envelope["data"])


def _errors(body: bytes) -> list[Mapping[str, Json]]:
    with suppress(ValueError):
        envelope = decode(body)
        errors = envelope.get("errors") if isinstance(envelope, dict) else None
        return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return []


def _message(body: bytes) -> str:
    texts = [str(error.get("message") or error.get("type") or "") for error in _errors(body)]
    return " ".join(" ".join(text for text in texts if text).split())[:LONGEST_MESSAGE]


def _ms_before_next(body: bytes) -> float | None:
    for error in _errors(body):
        data = error.get("data")
        wait = data.get("msBeforeNext") if isinstance(data, dict) else None
        if isinstance(wait, int | float) and not isinstance(wait, bool):
            return float(wait) / 1000
    return None


def _seconds(text: str | None, headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds, a date (RFC 5322) or a Unix time, counted from the server's own clock where it tells it."""
    if not text:
        return None
    with suppress(ValueError):
        seconds = float(text)
        return seconds - _clock(headers, now).timestamp() if seconds > 1_000_000_000 else seconds
    until = _date(text)
    return None if until is None else (until - _clock(headers, now)).total_seconds()


def _clock(headers: Mapping[str, str], now: datetime) -> datetime:
    return _date(headers.get("date", "")) or now


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        with suppress(ValueError):
            date = datetime.fromisoformat(text)
            return date if date.tzinfo else date.replace(tzinfo=UTC)
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
