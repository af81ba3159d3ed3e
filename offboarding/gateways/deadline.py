"""A transport whose every wait ends by one point in time.

The time-outs of httpx count anew for each byte that arrives, so a server that sends one byte each 0.2 s
holds a caller for ever. Here the caller opens a `until(seconds)` block, and name look-up, connecting, TLS,
sending and each single read inside it get only what is left of it.
"""

import contextlib
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import cache
from ssl import SSLContext, TLSVersion
from typing import Any

import httpcore
import httpx

from offboarding.gateways.outside import Outside

_end: ContextVar[float | None] = ContextVar("end of the call, on the monotonic clock", default=None)

SLICE = 16_384  # bytes handed to the socket at once: between two slices the deadline is looked at
FAMILY = (  # httpcore's errors, and the same of httpx
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
)


@contextlib.contextmanager
def until(seconds: float) -> Iterator[None]:
    """Everything that this thread sends and reads inside ends at the latest `seconds` from now."""
    mark = _end.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _end.reset(mark)


def left() -> float | None:
    """Seconds until the end of the running call, not below zero; None outside of `until`."""
    end = _end.get()
    return None if end is None else max(0.0, end - time.monotonic())


class DeadlineTransport(httpx.BaseTransport):
    """httpx's wire over httpcore, with the deadline of `until`, to judged addresses. No proxies, no retries, HTTP/1.1."""

    def __init__(self, outside: Outside) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=_Backend(outside), keepalive_expiry=5.0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not isinstance(request.stream, httpx.SyncByteStream):
            raise TypeError("this transport sends plain bodies only")
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = self._pool.handle_request(sent)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Opens sockets. Looks the name up itself: the system's look-up knows no time-out, and what it says is judged first."""

    def __init__(self, outside: Outside) -> None:
        self._plain, self._outside = httpcore.SyncBackend(), outside

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._judged(host, _addresses(host, port, _rest(timeout, httpcore.ConnectTimeout)))
        last: Exception = httpcore.ConnectError(f"{host} has no address")
        for tried, address in enumerate(addresses):
            wait = _rest(timeout, httpcore.ConnectTimeout)
            share = (
                None if wait is None else wait / (len(addresses) - tried)
            )  # a dead first address eats not all
            try:
                return _Stream(self._plain.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    def _judged(self, host: str, addresses: list[str]) -> list[str]:
        try:
            return self._outside.judged(host, addresses)
        except ValueError as error:
            raise httpcore.ConnectError(str(error)) from None


class _Stream(httpcore.NetworkStream):
    """A connection each of whose waits ends with the call."""

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, _rest(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), SLICE):
            self._plain.write(buffer[start : start + SLICE], _rest(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        wait = _rest(timeout, httpcore.ConnectTimeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, wait))

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)

    def close(self) -> None:
        self._plain.close()


def _rest(timeout: float | None, over: type[Exception]) -> float | None:
    """The shorter of the wait asked for and the rest of the call; `over` when nothing is left."""
    rest = left()
    if rest is None:
        return timeout
    if rest <= 0:
        raise over("the time for this call is over")
    return rest if timeout is None else min(rest, timeout)


def _addresses(host: str, port: int, wait: float | None) -> list[str]:
    with contextlib.suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()
    # A daemon: when the name server stays silent the thread ends with the system's own patience.
    threading.Thread(target=_look_up, args=(host, port, answers), daemon=True).start()
    try:
        found = answers.get(timeout=wait)
    except queue.Empty:
        raise httpcore.ConnectTimeout(f"the name {host} could not be looked up in time") from None
    if isinstance(found, OSError):
        raise httpcore.ConnectError(f"the name {host} is not known")
    return found


def _look_up(host: str, port: int, answers: "queue.SimpleQueue[list[str] | OSError]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
    except (OSError, UnicodeError) as error:
        answers.put(error if isinstance(error, OSError) else OSError(str(error)))


# With a key that is made for one connection only, so that a certificate's key which is stolen later reads nothing of today.
CIPHERS = "ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"


@cache
def _tls() -> SSLContext:
    """One context for all gateways: reading the certificates anew for each workspace takes long.

    The oldest protocol and the ciphers are said here, as Python itself says them where it is built to: some systems build it
    so that only a file of theirs does.
    """
    context = httpx.create_ssl_context()
    context.minimum_version = TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    return context


@contextlib.contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(theirs for theirs, _ in FAMILY) as error:
        raise next(ours for theirs, ours in FAMILY if isinstance(error, theirs))(str(error)) from error
