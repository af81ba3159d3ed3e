"""One call to Segment, and the pages of a list: the only part that speaks."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import httpx

from offboarding.gateways.exchange import Exchange, Plain, masked
from offboarding.gateways.outside import SEGMENT_ONLY, Outside
from offboarding.gateways.segment import protocol
from offboarding.gateways.segment.errors import (
    Doubtful,
    GatewayError,
    NotAllowed,
    NotReached,
    TokenRefused,
)
from offboarding.gateways.segment.protocol import Page, Request
from offboarding.gateways.wire import Answer, Unclear, Unsent, Wire
from offboarding.lib.masking import mask_text, secrets_in

T = TypeVar("T")

MOST_PAGES = 5_000  # of 200: a million entries


class Caller:
    """Sends requests with one token. Never sleeps, never retries."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        fingerprint: Callable[[str], str],
        outside: Outside = SEGMENT_ONLY,
        transport: httpx.BaseTransport | None = None,
        deadline: float = 20.0,
        max_bytes: int = 25_000_000,
        on_exchange: Callable[[Exchange], None] | None = None,
        before_send: Callable[[str], None] | None = None,
        after_send: Callable[[GatewayError | None], None] | None = None,
    ) -> None:
        """`fingerprint` turns a write key into what may be kept of it. `outside` says whom we may call: Segment's own hosts,
        if nothing else is said. `deadline` is in seconds, for one call whole.

        `on_exchange` gets every call, masked, also those that failed. `before_send` gets the limit class of
        each request before it goes out, pages included; what it raises comes through and nothing is sent.
        `after_send` gets what came of each request that went out, None if all is well, as soon as it is known.
        """
        self._token, self._fingerprint = token, fingerprint
        self._wire = Wire(
            base_url, outside=outside, transport=transport, deadline=deadline, max_bytes=max_bytes
        )
        self._on_exchange, self._before_send, self._after_send = on_exchange, before_send, after_send
        self._last: Exchange | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()

    def ask(self, request: Request[T]) -> T:
        """The typed answer. A 401 or 403 costs one more call: `GET /` tells a dead token from a weak one."""
        try:
            return self._call(request)
        except NotAllowed as refusal:
            about_token = request.path == protocol.workspace().path
            raise (_dead(refusal) if about_token else self.diagnose(refusal)) from None

    def diagnose(self, refusal: NotAllowed) -> GatewayError:
        """What a 401 or 403 meant: TokenRefused, or the refusal itself.

        When the question cannot be answered now, the error is one that invites a later try: the refused call
        changed nothing in any case.
        """
        try:
            self._call(protocol.workspace())
        except NotAllowed:
            return _dead(refusal)
        except Doubtful as doubt:
            reason = (
                "Segment refused the call, and the check of the token could not be read. Nothing was changed."
            )
            return NotReached(reason, exchange=doubt.exchange)
        except GatewayError as error:
            return error
        return refusal

    def preview(self, request: Request[Any]) -> Exchange:
        """The call as its record will show it, before it is sent: for the intent that is kept first."""
        plain = self._plain(request, None, datetime.now(UTC), 0)
        return masked(plain, secrets=self._secrets(request), fingerprint=self._fingerprint)

    def every(self, listing: Callable[[str | None], Request[Page[T]]]) -> Iterator[T]:
        """All entries of a list, page by page, each page asked for when it is needed.

        Raises Doubtful when the list repeats itself, shrinks while it is read, ends before the number that
        Segment gives, or does not end: a short list must never look like absence.
        """
        cursor, seen, count, before = None, set[str](), 0, 0
        for _ in range(MOST_PAGES):
            page = self.ask(listing(cursor))
            count += len(page.items)
            if fault := _fault(page, seen, count, before):
                raise Doubtful(f"Segment could not be read: {fault}.", exchange=self._last)
            yield from page.items
            if page.next is None:
                return
            seen |= {page.next, page.current or page.next}
            cursor, before = page.next, page.total or 0
        raise Doubtful(f"Segment could not be read: no end after {MOST_PAGES} pages.", exchange=self._last)

    def all(self, listing: Callable[[str | None], Request[Page[T]]]) -> tuple[T, ...]:
        return tuple(self.every(listing))

    def _call(self, request: Request[T]) -> T:
        """One request, one record, whatever happens."""
        if not (
            self._token.isascii() and self._token.isprintable() and self._token.strip() == self._token != ""
        ):
            raise TokenRefused("The token is empty or holds a sign that no token has. Paste it again.")
        if self._before_send:
            self._before_send(request.limit_class)
        request = replace(request, secrets=self._secrets(request))
        begun, clock = datetime.now(UTC), time.monotonic()
        answer, failure = self._send(request)
        plain = self._plain(request, answer, begun, round(1000 * (time.monotonic() - clock)))
        try:
            value = _judged(request, answer, failure)
        except GatewayError as error:
            self._tell(error)
            error.exchange = self._record(request, replace(plain, error=_short(error, failure)))
            raise
        self._tell(None)
        self._record(request, plain)
        return value

    def _tell(self, error: GatewayError | None) -> None:
        if self._after_send:
            self._after_send(error)

    def _send(self, request: Request[Any]) -> tuple[Answer | None, Unsent | Unclear | None]:
        try:
            return self._wire.send(
                request.method, request.target, self._headers(request), request.content
            ), None
        except Unsent as failure:
            return None, failure
        except Unclear as failure:
            return failure.partial, failure

    def _record(self, request: Request[Any], plain: Plain) -> Exchange:
        self._last = masked(plain, secrets=request.secrets, fingerprint=self._fingerprint)
        if self._on_exchange:
            self._on_exchange(self._last)
        return self._last

    def _plain(self, request: Request[Any], answer: Answer | None, begun: datetime, elapsed_ms: int) -> Plain:
        return Plain(
            method=request.method,
            url=self._wire.url(request.target),
            request_headers=self._headers(request),
            request_body=request.body,
            status=answer.status if answer else None,
            response_headers=answer.headers if answer else None,
            response_body=answer.body if answer else b"",
            started_at=begun.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            elapsed_ms=elapsed_ms,
        )

    def _headers(self, request: Request[Any]) -> dict[str, str]:
        """Plain `application/json` gets the most stable version of each endpoint (Public API, Versioning)."""
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "offboarding/1",
        }
        return headers | ({} if request.body is None else {"Content-Type": "application/json"})

    def _secrets(self, request: Request[Any]) -> tuple[str, ...]:
        return (self._token, *request.secrets, *secrets_in(request.body))


def _judged(request: Request[T], answer: Answer | None, failure: Unsent | Unclear | None) -> T:
    """The value, or the error. A status of 4xx counts even when its body broke off: Segment has refused."""
    reason = mask_text(str(failure), secrets=request.secrets)
    if isinstance(failure, Unsent):
        raise NotReached(f"Segment could not be reached: {reason}. Nothing was changed.")
    if answer is None or (failure and not 400 <= answer.status < 500):
        raise protocol.doubtful(request, reason)
    body = b"" if failure else answer.body
    return protocol.read(request, answer.status, answer.headers, body, datetime.now(UTC))


def _dead(refusal: NotAllowed) -> TokenRefused:
    return TokenRefused("Segment does not accept the token.", exchange=refusal.exchange)


def _fault(page: Page[Any], seen: set[str], count: int, before: int) -> str:
    if page.next is not None and (page.next in seen or page.next == page.current):
        return "the list repeats itself"
    if page.total is not None and page.total < before:
        return "the list became shorter while it was read"
    if page.next is None and page.total is not None and page.total > count:
        return f"the list has {page.total} entries, but only {count} came"
    return ""


def _short(error: GatewayError, failure: Unsent | Unclear | None) -> str | None:
    """Why the answer was no use. A clear refusal speaks for itself through its status and body."""
    if failure:
        return str(failure)
    return error.sentence if isinstance(error, Doubtful) else None
