"""One HTTP call as it may be kept: everything in it is masked already."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from offboarding.lib.masking import (
    Fingerprint,
    Known,
    mask_body,
    mask_headers,
    mask_text,
    mask_url,
    secrets_in,
    storable,
)

Json = Any

# Of an answer that is no JSON this many characters are kept: enough to recognise an error page.
KEPT = 20_000

_ODD_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # NUL and surrogates, paired or not


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went out and what came back, without one secret in it. `dataclasses.asdict` gives JSON values.

    `request_body` and `response_body` are JSON values, text where the body was no JSON, or None.
    `status` is None when no status line came. `error` says in short why the answer was no use.
    `started_at` is ISO 8601 in UTC, `elapsed_ms` counts from there to the end of the body.
    """

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: Json
    status: int | None
    response_headers: dict[str, str]
    response_body: Json
    started_at: str
    elapsed_ms: int
    error: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Plain:
    """The same call unmasked, for the moment between the wire and the record. Never kept, never printed."""

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: Json
    status: int | None = None
    response_headers: Mapping[str, str] | None = None
    response_body: bytes = b""
    started_at: str = ""
    elapsed_ms: int = 0
    error: str | None = None


def masked(call: Plain, *, secrets: Iterable[str], fingerprint: Fingerprint) -> Exchange:
    """The call for the record. `secrets` are the values known beforehand: the token, a key in the path."""
    known = Known((*secrets, *secrets_in(call.request_body)))
    return Exchange(
        method=call.method,
        url=mask_url(call.url, secrets=known, fingerprint=fingerprint),
        request_headers=mask_headers(call.request_headers, secrets=known),
        request_body=mask_body(call.request_body, secrets=known, fingerprint=fingerprint),
        status=call.status,
        response_headers=mask_headers(call.response_headers or {}, secrets=known),
        response_body=_masked_answer(call.response_body, known, fingerprint),
        started_at=call.started_at,
        elapsed_ms=call.elapsed_ms,
        error=None if call.error is None else mask_text(call.error, secrets=known),
    )


def decode(body: bytes) -> Json:
    """The JSON value of a body, with texts and numbers that any store takes.

    Raises ValueError when the body is no JSON, also for one that nests or counts beyond reason.
    """
    try:
        value = json.loads(body, parse_constant=_no_number, parse_float=_number)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return _storable(value) if _ODD_ESCAPE.search(body) else value


def _no_number(word: str) -> Json:
    raise ValueError(f"{word} is no JSON number")


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond reason")
    return number


def _storable(value: Json) -> Json:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {storable(name): _storable(each) for name, each in value.items()}
    return value


def _masked_answer(body: bytes, known: Known, fingerprint: Fingerprint) -> Json:
    if not body:
        return None
    try:
        value = decode(body)
    except ValueError:
        return mask_text(body.decode("utf-8", "replace"), secrets=known, longest=KEPT)
    return mask_body(value, secrets=known, fingerprint=fingerprint)
