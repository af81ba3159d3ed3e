"""On a real socket: deadlines by the clock on the wall, size caps, broken connections."""

import gzip
import json
import logging
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from gateway_support import TOKEN, Loopback

from offboarding.gateways.outside import Outside
from offboarding.gateways.segment import (
    Declined,
    Doubtful,
    Exchange,
    NotReached,
    NotThere,
    SegmentGateway,
    SlowDown,
    Workspace,
)

At = Callable[..., SegmentGateway]
Script = Callable[[socket.socket, bytes], None]
Serve = Callable[[Script], Loopback]

LIVE = json.dumps({"data": {"workspace": {"id": "w1", "slug": "acme", "name": "Acme"}}}).encode()
DEADLINE = 0.6  # seconds; the drips below would take minutes


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def sending(data: bytes) -> Script:
    return lambda connection, _: connection.sendall(data)


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def seconds(call: Callable[[], object]) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def test_a_whole_call_over_a_real_socket(at: At, loopback: Serve, exchanges: list[Exchange]) -> None:
    server = loopback(sending(answer(LIVE)))
    assert at(server.address).workspace() == Workspace("w1", "acme", "Acme")
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")
    assert f"Authorization: Bearer {TOKEN}".encode() in server.requests[0]
    assert exchanges[0].url == server.address + "/"


DRIPS = {
    "the status line": b"HTTP/1.1 200 OK\r\n",
    "the headers": b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 500,
    "the body": answer(LIVE),
    "a body without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;extension="
    + b"x" * 500,
}


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
@pytest.mark.parametrize("head_start", [False, True], ids=["from the first byte", "after a quick beginning"])
def test_a_server_that_sends_one_byte_each_fifth_of_a_second_ends_by_the_deadline(
    at: At, loopback: Serve, exchanges: list[Exchange], drip: bytes, head_start: bool
) -> None:
    def script(connection: socket.socket, _: bytes) -> None:
        quick = len(drip) // 2 if head_start else 0
        connection.sendall(drip[:quick])
        server.drip(connection, drip[quick:])

    server = loopback(script)
    gateway = at(server.address, deadline=DEADLINE)

    def call() -> None:
        with pytest.raises(Doubtful, match="not known"):
            gateway.remove_member("u1")

    assert DEADLINE - 0.1 < seconds(call) < DEADLINE + 1
    assert exchanges[0].error == "no whole answer in time"


def test_a_server_that_says_nothing_ends_by_the_deadline(at: At, loopback: Serve) -> None:
    silent = threading.Event()

    def say_nothing(_: socket.socket, __: bytes) -> None:
        silent.wait(5)

    server = loopback(say_nothing)

    def call() -> None:
        with pytest.raises(Doubtful):
            at(server.address, deadline=DEADLINE).remove_member("u1")

    assert seconds(call) < DEADLINE + 1
    silent.set()


def test_a_server_that_does_not_read_ends_by_the_deadline(at: At) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        gateway = at(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=DEADLINE)

        def call() -> None:
            with pytest.raises(Doubtful):
                gateway.update_warehouse("w1", {"note": "x" * 12_000_000})

        assert (
            seconds(call) < DEADLINE + 5
        )  # twelve megabytes are put together first, on a machine that may be busy


def test_a_name_server_that_says_nothing_ends_by_the_deadline(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: silent.wait(5) and [])

    def call() -> None:
        with pytest.raises(NotReached, match="Nothing was changed"):
            at("http://segment.example", deadline=DEADLINE).remove_member("u1")

    assert seconds(call) < DEADLINE + 1
    silent.set()


@pytest.mark.parametrize("told", [True, False], ids=["announced", "unannounced"])
def test_ten_megabytes_over_the_cap_are_not_read_to_the_end(
    at: At, loopback: Serve, exchanges: list[Exchange], told: bool
) -> None:
    big = b'{"data": "' + b"x" * 10_000_000 + b'"}'
    head = f"Content-Length: {len(big)}" if told else "Connection: close"
    server = loopback(sending(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + big))
    with pytest.raises(Doubtful, match="longer than 1000000 bytes"):
        at(server.address, max_bytes=1_000_000).remove_member("u1")
    assert len(str(exchanges[0].response_body)) < 50_000


def test_ten_megabytes_below_the_cap_are_an_answer_like_any_other(at: At, loopback: Serve) -> None:
    body = LIVE[:-1] + b', "more": "' + b"x" * 10_000_000 + b'"}'
    assert at(loopback(sending(answer(body))).address).workspace().id == "w1"


def test_a_small_packed_body_that_grows_beyond_the_cap_is_left(at: At, loopback: Serve) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    server = loopback(sending(answer(bomb, "200 OK", "Content-Encoding: gzip")))
    with pytest.raises(Doubtful, match="longer than"):
        at(server.address, max_bytes=1_000_000).workspace()


def test_a_packed_answer_is_read(at: At, loopback: Serve) -> None:
    server = loopback(sending(answer(gzip.compress(LIVE), "200 OK", "Content-Encoding: gzip")))
    assert at(server.address).workspace().id == "w1"


UNCLEAR = {
    "page with status 200": sending(answer(b"<html>Sign in</html>", "200 OK", "Content-Type: text/html")),
    "reset after the request": reset,
    "closed without a word": lambda connection, _: connection.close(),
    "body cut short": sending(answer(LIVE)[:-5]),
    "no HTTP at all": sending(b"220 mail.example ESMTP\r\n\r\n"),
    "server error": sending(answer(b"", "503 Service Unavailable")),
}


@pytest.mark.parametrize("script", UNCLEAR.values(), ids=UNCLEAR)
def test_what_may_have_happened_is_doubtful(
    at: At, loopback: Serve, exchanges: list[Exchange], script: Script
) -> None:
    server = loopback(script)
    with pytest.raises(Doubtful, match="not known"):
        at(server.address).remove_member("u1")
    assert len(server.requests) == len(exchanges) == 1  # never tried twice


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed_and_the_token_does_not_travel(
    at: At, loopback: Serve, exchanges: list[Exchange], status: str
) -> None:
    elsewhere = loopback(sending(answer(b'{"data": {"status": "SUCCESS"}}')))
    server = loopback(sending(answer(b"", status, f"Location: {elsewhere.address}/users?userIds.0=u1")))
    with pytest.raises(Doubtful, match="redirect"):
        at(server.address).remove_member("u1")
    assert elsewhere.requests == []
    assert exchanges[0].response_headers["location"].startswith(elsewhere.address)


def test_a_refusal_counts_even_when_its_body_breaks_off(at: At, loopback: Serve) -> None:
    broken = b"\r\nContent-Length: 500\r\nRetry-After: 9\r\n\r\n{"
    with pytest.raises(NotThere):
        at(loopback(sending(b"HTTP/1.1 404 Not Found" + broken)).address).remove_member("u1")
    with pytest.raises(Declined):
        at(loopback(sending(b"HTTP/1.1 422 No" + broken)).address).remove_member("u1")
    with pytest.raises(SlowDown) as caught:
        at(loopback(sending(b"HTTP/1.1 429 Too Many" + broken)).address).remove_member("u1")
    assert caught.value.retry_after == 9


def test_a_closed_port_is_not_reached(at: At, exchanges: list[Exchange]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotReached, match="Nothing was changed"):
        at(f"http://127.0.0.1:{port}").remove_member("u1")
    assert exchanges[0].status is None


def test_an_unknown_name_is_not_reached(at: At) -> None:
    with pytest.raises(NotReached, match="is not known"):
        at(
            "https://no-such-name.invalid", outside=Outside(frozenset({"no-such-name.invalid"}))
        ).remove_member("u1")


def test_a_certificate_nobody_trusts_is_not_reached(at: At, loopback: Serve, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(tmp_path))
    seen: list[bytes] = []

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            plain, _ = listener.accept()
            try:
                with context.wrap_socket(plain, server_side=True) as secure:
                    seen.append(secure.recv(1000))
            except OSError:
                plain.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(NotReached, match="certificate"):
            at(f"https://127.0.0.1:{listener.getsockname()[1]}").remove_member("u1")
        thread.join(5)
    assert seen == []


def test_the_same_connection_serves_several_calls(at: At, loopback: Serve) -> None:
    calls: list[bytes] = []

    def script(connection: socket.socket, asked: bytes) -> None:
        while asked:
            calls.append(asked)
            connection.sendall(answer(LIVE).replace(b"Connection: close\r\n", b""))
            asked = connection.recv(65_536)

    server = loopback(script)
    gateway = at(server.address)
    gateway.workspace()
    gateway.workspace()
    assert (len(calls), len(server.requests)) == (2, 1)


def test_no_cookie_of_a_server_comes_back_to_it(at: At, loopback: Serve) -> None:
    server = loopback(sending(answer(LIVE, "200 OK", "Set-Cookie: session=abc; Path=/")))
    gateway = at(server.address)
    gateway.workspace()
    gateway.workspace()
    assert b"cookie" not in server.requests[1].lower()


def test_no_log_line_holds_a_key_or_the_token(
    at: At, loopback: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = loopback(sending(answer(b'{"data": {"status": "SUCCESS"}}', "200 OK", f"X-Echo: {TOKEN}")))
    at(server.address).remove_write_key("s1", "K3yThatNobodyMaySee")
    assert "K3yThatNobodyMaySee" not in caplog.text
    assert TOKEN not in caplog.text


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)
    path = folder / "server.pem"
    path.write_bytes(text)
    return path


def test_what_the_system_says_is_told_in_plain_words(at: At) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{held.getsockname()[1]}"
    with pytest.raises(NotReached) as told:
        at(nobody).workspace()
    assert told.value.sentence == (
        "Segment could not be reached: nothing answers at its address. Nothing was changed."
    )
