"""Whom we call, seen from the socket: an audit hook hears each attempt to connect, and a trap listens where none may arrive."""

from __future__ import annotations

import datetime
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from gateway_support import HERE_TOO, TOKEN, Loopback, Script

from offboarding.gateways import deadline
from offboarding.gateways.outside import SEGMENT_HOSTS, SEGMENT_ONLY, Outside
from offboarding.gateways.segment import GatewayError, NotReached, SegmentGateway

PUBLIC, PUBLIC_6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
attempts: list[Any] | None = None  # addresses of sockets while a test listens


def hear(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook stays for the life of the process; outside of these tests it does nothing."""
    if event == "socket.connect" and attempts is not None:
        attempts.append(arguments[1])
        if arguments[1][0] not in ("127.0.0.1", "::1"):
            raise ConnectionRefusedError("this test lets nothing leave the machine")


sys.addaudithook(hear)


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    global attempts
    attempts = []
    yield attempts
    attempts = None


@pytest.fixture
def trap() -> Iterator[Loopback]:
    """It listens, and whoever comes has come too far."""
    server = Loopback(
        lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    )
    yield server
    server.close()


Answers = Callable[[str], list[str]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], list[str]]:
    """`names(answer)`: a name server of the test's own. Returns the list of what it was asked."""

    def install(answer: Answers) -> list[str]:
        asked: list[str] = []

        def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
            if host[:1].isdigit():  # an address, which no name server is asked for
                return system(host, port, type=socket.SOCK_STREAM)
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer(host)]

        system = socket.getaddrinfo

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return install


def called(base: str, outside: Outside = SEGMENT_ONLY) -> str:
    """What a call to this address says. It never takes as long as two seconds."""
    begun = time.monotonic()
    gateway = SegmentGateway(base, TOKEN, fingerprint=str, outside=outside, deadline=1.5)
    with gateway, pytest.raises(NotReached) as refusal:
        gateway.workspace()
    assert time.monotonic() - begun < 2
    return refusal.value.sentence


# Written in the place of Segment's address. `PORT` is where the trap listens.
WRITTEN = r"""
http://api.segmentapis.com
http://127.0.0.1:PORT
https://127.0.0.1:PORT
http://localhost:PORT
http://LOCALHOST:PORT
http://localhost.:PORT
http://localhost.localdomain:PORT
http://2130706433:PORT
http://0x7f000001:PORT
http://0x7f.0x0.0x0.0x1:PORT
http://0177.0.0.1:PORT
http://00000177.0.0.1:PORT
http://017700000001:PORT
http://127.1:PORT
http://127.0.1:PORT
http://0:PORT
http://0.0.0.0:PORT
http://[::]:PORT
http://[::1]:PORT
http://[0:0:0:0:0:0:0:1]:PORT
http://[::ffff:127.0.0.1]:PORT
http://[::ffff:7f00:1]:PORT
http://[::127.0.0.1]:PORT
http://[64:ff9b::7f00:1]:PORT
http://[64:ff9b:1::7f00:1]:PORT
http://[2002:7f00:1::]:PORT
http://[fe80::1%25lo]:PORT
http://[fe80::1%lo]:PORT
http://[::1%25lo]:PORT
http://127.0.0.1.nip.io:PORT
http://127.127.127.127:PORT
http://①②⑦.⓪.⓪.①:PORT
http://127。0。0。1:PORT
http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT
http://169.254.169.254/
https://169.254.169.254/latest/meta-data/
http://2852039166/
http://0xa9fea9fe/
http://0251.0376.0251.0376/
http://[::ffff:169.254.169.254]/
http://[fd00:ec2::254]/
http://metadata.google.internal/
http://metadata/
http://100.100.100.200/
http://192.0.0.192/
http://168.63.129.16/
https://10.0.0.1
https://172.16.0.1
https://192.168.1.1
https://224.0.0.1
https://255.255.255.255
https://api.segmentapis.com@127.0.0.1:PORT
https://api.segmentapis.com:443@127.0.0.1:PORT
https://api.segmentapis.com%40127.0.0.1:PORT
https://user:password@api.segmentapis.com
https://@api.segmentapis.com
https://api.segmentapis.com:PORT
https://api.segmentapis.com:80
https://api.segmentapis.com:0443
https://api.segmentapis.com:0
https://api.segmentapis.com:65979
https://api.segmentapis.com:
https://api.segmentapis.com:+443
https://api.segmentapis.com:４４３
https://api.segmentapis.com.
https://api.segmentapis.com..
https://api..segmentapis.com
https://.api.segmentapis.com
https://api.segmentapis.com.evil.example
https://evil-api.segmentapis.com
https://apixsegmentapis.com
https://api.segmentapis.com.127.0.0.1.nip.io:PORT
https://API.SEGMENTAPIS.COM
https://api.ѕegmentapis.com
https://api.segmentapis。com
https://api.segmentapis.com\u2024evil.example
https://api.segmentapis.com\u3002
https://xn--api-.segmentapis.com
https://api.segmentapıs.com
https://api.segment\u00adapis.com
https://api.segment\u200bapis.com
https://api.segmentapis.com\\@127.0.0.1:PORT
https://api.segmentapis.com\\.evil.example
https://127.0.0.1:PORT\\@api.segmentapis.com
https://127.0.0.1:PORT#@api.segmentapis.com
https://127.0.0.1:PORT?@api.segmentapis.com
https://127.0.0.1:PORT/?api.segmentapis.com
https://api.segmentapis.com/../..
https://api.segmentapis.com/x
https://api.segmentapis.com?x
https://api.segmentapis.com#x
https:///api.segmentapis.com
https:/api.segmentapis.com
https:api.segmentapis.com
//api.segmentapis.com
api.segmentapis.com
\thttps://api.segmentapis.com
https://api.segmentapis.com\r\nHost: 127.0.0.1
https://api.segmentapis.com\n
https://api.segmentapis.com\x00.evil.example
https://api.segmentapis.com 127.0.0.1
https://api%2esegmentapis.com
https://%31%32%37.0.0.1:PORT
https://[api.segmentapis.com]
https://[v1.127.0.0.1]:PORT
HTTPS://api.segmentapis.com
ftp://api.segmentapis.com
file:///etc/passwd
gopher://127.0.0.1:PORT/_GET
unix:///var/run/docker.sock
javascript:alert(1)
data:text/plain,x
""".strip("\n").split("\n")


@pytest.mark.parametrize("written", WRITTEN)
def test_an_address_that_is_not_segments_is_refused_before_any_socket(
    written: str, trap: Loopback, heard: list[Any], names: Callable[[Answers], list[str]]
) -> None:
    base = (
        written.encode("ascii", "backslashreplace").decode("unicode_escape") if "\\" in written else written
    )
    asked = names(lambda _: ["127.0.0.1"])
    said = called(base.replace("PORT", trap.address.rpartition(":")[2]))
    assert said.startswith("Segment could not be reached: its ") and said.endswith(" Nothing was changed.")
    assert (heard, asked, trap.requests) == ([], [], [])


# What a name server may say of a host that is expected, or of one that an operator approved.
INSIDE_4 = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 168.63.129.16
169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
"""
INSIDE_6 = """
:: ::1 ::2 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808
64:ff9b:1::a00:1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::
2002:a00:1:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1
2606:4700::1%lo 4000::1 not-an-address
"""
LEADS_TO = (INSIDE_4 + INSIDE_6).split()


@pytest.mark.parametrize("address", LEADS_TO)
@pytest.mark.parametrize("beside", [[], [PUBLIC]], ids=["alone", "beside a public one"])
def test_a_name_that_leads_inside_is_refused_before_any_socket(
    address: str, beside: list[str], heard: list[Any], names: Callable[[Answers], list[str]]
) -> None:
    names(lambda _: [*beside, address])
    said = called("https://api.segmentapis.com")
    assert said == (
        f"Segment could not be reached: the name api.segmentapis.com leads to {address}, "
        "which is no public address. Nothing was changed."
    )
    assert heard == []


BY_NUMBER = ["2130706433", "0x7f000001", "0177.0.0.1", "017700000001", "127.1", "0", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize("host", BY_NUMBER)
def test_not_even_an_approved_host_leads_to_this_machine(host: str, trap: Loopback, heard: list[Any]) -> None:
    """Looked up by the system itself, which takes all these writings."""
    place = f"{host}:{trap.address.rpartition(':')[2]}"
    said = called(f"https://{place}", Outside(frozenset({place})))
    assert "which is no public address" in said or "cannot be called: Invalid IPv4 address" in said
    assert (heard, trap.requests) == ([], [])


@pytest.mark.parametrize("public", [PUBLIC, PUBLIC_6])
def test_a_changed_answer_of_the_name_server_leads_nowhere(
    public: str, heard: list[Any], names: Callable[[Answers], list[str]]
) -> None:
    answers = iter([[public], ["127.0.0.1"], ["169.254.169.254"]])
    asked = names(lambda _: next(answers))
    assert "lets nothing leave the machine" in called("https://api.segmentapis.com")
    # The socket went to what was judged; nobody looked the name up again.
    assert ([to[:2] for to in heard], len(asked)) == ([(public, 443)], 1)
    for _ in range(2):
        assert "which is no public address" in called("https://api.segmentapis.com")
    assert len(heard) == 1


@pytest.mark.parametrize("host", sorted(SEGMENT_HOSTS))
@pytest.mark.parametrize("end", ["", "/", ":443", ":443/"])
def test_segments_own_addresses_are_called(
    host: str, end: str, heard: list[Any], names: Callable[[Answers], list[str]]
) -> None:
    names(lambda _: [PUBLIC])
    called(f"https://{host}{end}")
    assert heard == [(PUBLIC, 443)]


def test_a_host_is_approved_with_its_port(heard: list[Any], names: Callable[[Answers], list[str]]) -> None:
    names(lambda _: [PUBLIC])
    approved = Outside(frozenset({"segment.example.com:8443"}))
    for wrong in (
        "https://segment.example.com",
        "https://segment.example.com:8444",
        "https://example.com:8443",
    ):
        assert "neither Segment's nor approved here" in called(wrong, approved)
    called("https://segment.example.com:8443", approved)
    assert heard == [(PUBLIC, 8443)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["http://TRAP/", "//TRAP/", "https://api.segmentapis.com/", "/users"])
def test_a_redirect_is_an_answer_and_no_way(
    status: int, to: str, trap: Loopback, heard: list[Any], loopback: Callable[[Script], Loopback]
) -> None:
    place = to.replace("TRAP", trap.address.removeprefix("http://"))
    answer = f"HTTP/1.1 {status} Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
    first = loopback(lambda connection, _: connection.sendall(answer))
    with (
        SegmentGateway(first.address, TOKEN, fingerprint=str, outside=HERE_TOO) as gateway,
        pytest.raises(GatewayError),
    ):
        gateway.workspace()
    assert (len(first.requests), trap.requests, len(heard)) == (1, [], 1)


def test_no_proxy_of_the_environment_is_asked(
    monkeypatch: pytest.MonkeyPatch, trap: Loopback, heard: list[Any], names: Callable[[Answers], list[str]]
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, trap.address)
    names(lambda _: [PUBLIC])
    called("https://api.segmentapis.com")
    assert (heard, trap.requests) == ([(PUBLIC, 443)], [])


def certificate(folder: Path, name: str) -> Path:
    """A key and a certificate for one name, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(("named", "arrives"), [("segment.example.com", True), ("other.example.com", False)])
def test_the_certificate_and_the_request_are_for_the_name_though_the_socket_goes_to_the_address(
    named: str,
    arrives: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    heard: list[Any],
    names: Callable[[Answers], list[str]],
) -> None:
    pem, told, asked = certificate(tmp_path, named), [], []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _socket, name, _context: told.append(name)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def answer() -> None:
        try:
            with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                asked.append(connection.recv(65_536))
                connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}")
        except OSError:
            pass

    server = threading.Thread(target=answer, daemon=True)
    server.start()
    monkeypatch.setattr(deadline, "_tls", lambda: ssl.create_default_context(cafile=str(pem)))
    names(lambda _: ["127.0.0.1"])
    here = Outside(frozenset({f"segment.example.com:{port}"}), simulators=True)
    with (
        SegmentGateway(
            f"https://segment.example.com:{port}", TOKEN, fingerprint=str, outside=here
        ) as gateway,
        pytest.raises(GatewayError),
    ):
        gateway.workspace()
    server.join(5)
    listener.close()
    assert (heard, told) == ([("127.0.0.1", port)], ["segment.example.com"])
    assert [f"Host: segment.example.com:{port}".encode() in each for each in asked] == [True] * arrives
