"""Fixtures for the tests of the gateways: recorded answers, a gateway on a function, one on a socket."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from offboarding.gateways.segment import Exchange, SegmentGateway

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for gateway_support, in every import mode of pytest

from gateway_support import HERE_TOO, TOKEN, Loopback, Script, fingerprint

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    return lambda name: (HERE / "samples" / f"{name}.json").read_bytes()


@pytest.fixture
def exchanges() -> list[Exchange]:
    """Every call that a gateway of the test recorded."""
    return []


@pytest.fixture
def on(exchanges: list[Exchange]) -> Iterator[Callable[..., SegmentGateway]]:
    """`on(handler)`: a gateway whose other end is a function."""
    with contextlib.ExitStack() as stack:

        def build(handler: Handler, **options: Any) -> SegmentGateway:
            options = {"fingerprint": fingerprint, "on_exchange": exchanges.append} | options
            transport = httpx.MockTransport(handler)
            gateway = SegmentGateway("https://api.segmentapis.com", TOKEN, transport=transport, **options)
            return stack.enter_context(gateway)

        yield build


@pytest.fixture
def at(exchanges: list[Exchange]) -> Iterator[Callable[..., SegmentGateway]]:
    """`at(address)`: a gateway that speaks to a real socket."""
    with contextlib.ExitStack() as stack:

        def build(address: str, **options: Any) -> SegmentGateway:
            given = {"fingerprint": fingerprint, "on_exchange": exchanges.append, "outside": HERE_TOO}
            options = given | options
            return stack.enter_context(SegmentGateway(address, TOKEN, **options))

        yield build


@pytest.fixture
def loopback() -> Iterator[Callable[[Script], Loopback]]:
    with contextlib.ExitStack() as stack:

        def build(script: Script) -> Loopback:
            server = Loopback(script)
            stack.callback(server.close)
            return server

        yield build
