"""One HTTP call to an expected host: a wall-clock deadline, a size cap, no redirects, no retries, no cookies.

It tells apart what a caller of a changing call must tell apart: `Unsent` (nothing arrived there) and
`Unclear` (it left us, and no whole answer came back).
"""

import logging
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import cast

import httpx

from offboarding.gateways.deadline import DeadlineTransport, left, until
from offboarding.gateways.outside import Outside

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` have lower-case names; `body` is whole, unless it hangs on an `Unclear`."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unsent(Exception):
    """Nothing reached the other side."""


class Unclear(Exception):
    """The call was sent, or may have been. `partial` is what came of the answer, from the status line on."""

    def __init__(self, reason: str, partial: Answer | None = None) -> None:
        super().__init__(reason)
        self.partial = partial


class Wire:
    """A connection pool to one base address. Each `send` is one request and never more than one."""

    def __init__(
        self,
        base_url: str,
        *,
        outside: Outside,
        transport: httpx.BaseTransport | None,
        deadline: float,
        max_bytes: int,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._refusal = outside.refusal(base_url)
        self._deadline, self._max_bytes = deadline, max_bytes
        self._client = httpx.Client(
            transport=transport or DeadlineTransport(outside),
            follow_redirects=False,
            trust_env=False,  # no .netrc: it would replace the token
            timeout=httpx.Timeout(deadline),  # for each wait; `until` holds their sum
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def url(self, target: str) -> str:
        return self._base + target

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request. Raises Unsent or Unclear; a status of any kind is an answer."""
        if self._refusal or not target.startswith("/"):
            raise Unsent(self._refusal or "the call names no path")
        try:
            request = self._client.build_request(
                method, self.url(target), headers=dict(headers), content=body
            )
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise Unsent(f"the address cannot be called: {error}") from None
        with until(self._deadline):
            return self._exchange(request)

    def close(self) -> None:
        self._client.close()

    def _exchange(self, request: httpx.Request) -> Answer:
        try:
            response = self._client.send(request, stream=True)
        except (*NOT_SENT, httpx.LocalProtocolError) as error:
            raise Unsent(_reason(error)) from None
        except httpx.TransportError as error:
            raise Unclear(_reason(error)) from None
        try:
            return self._read(response)
        finally:
            response.close()

    def _read(self, response: httpx.Response) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = bytearray()
        try:
            for chunk in _chunks(response, self._max_bytes):
                body += chunk
                self._check(len(body))
        except (httpx.TransportError, zlib.error, _TooMuch) as error:
            partial = Answer(response.status_code, headers, bytes(body[: self._max_bytes]))
            raise Unclear(_reason(error), partial) from None
        return Answer(response.status_code, headers, bytes(body))

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise _TooMuch(f"the answer is longer than {self._max_bytes} bytes")
        if left() == 0:
            raise httpx.ReadTimeout("the time for this call is over")


class _TooMuch(Exception):
    pass


def _chunks(response: httpx.Response, most: int) -> Iterator[bytes]:
    """The body as it comes. Unpacked here, since httpx would unpack a bomb whole before any cap."""
    stream = cast(httpx.SyncByteStream, response.stream)
    if response.headers.get("content-encoding", "").lower() not in ("gzip", "x-gzip"):
        yield from stream
        return
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in stream:
        yield unpack.decompress(chunk, most + 1)
    if not unpack.eof:
        raise zlib.error("the packed answer is cut short")


def _reason(error: Exception) -> str:
    names: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "no connection in time",
        httpx.ReadTimeout: "no whole answer in time",
        httpx.WriteTimeout: "the request could not be sent whole in time",
        httpx.PoolTimeout: "no free connection in time",
    }
    if type(error) in names:
        return names[type(error)]
    # Texts of a local error repeat the header that was wrong, and that is the token.
    if isinstance(error, httpx.LocalProtocolError):
        return type(error).__name__
    return _plain(str(error)) or type(error).__name__


# What systems say (errno and OpenSSL), in words of ours.
_SAYS = {
    "Connection refused": "nothing answers at its address",
    "Connection reset by peer": "the connection was cut off",
    "Network is unreachable": "no way leads to its address",
    "No route to host": "no way leads to its address",
}


def _plain(text: str) -> str:
    """Without the numbers and the names of files that only programmers read."""
    text = re.sub(r"\[(Errno -?\d+|SSL:? ?\w*)\] | \(_ssl\.c:\d+\)", "", text).rstrip(".")
    return _SAYS.get(text, text)


def _quiet() -> None:
    """httpx logs every address, and the one that removes a write key holds it. Our record is masked."""
    logging.getLogger("httpx").addFilter(lambda record: record.levelno > logging.INFO)
    logging.getLogger("httpcore").setLevel(logging.WARNING)


_quiet()
