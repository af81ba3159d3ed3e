"""The proxy as `docs/nginx.conf` sets it: read as a file, and tried with nginx itself where it is installed."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from offboarding.env import fresh_keys
from tests import servers
from tests.house.source import ROOT
from tests.migrated import copied_to

SHIPPED = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
HOST = "offboard.example.com"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
needs_nginx = pytest.mark.skipif(
    not NGINX, reason="nginx is not installed, so its configuration is only read"
)

# ---------------------------------------------------------------- as a file


def directives(name: str) -> list[str]:
    return re.findall(rf"^\s*{name} ([^;#]+);", SHIPPED, re.MULTILINE)


def test_only_tls_1_2_and_1_3_are_spoken_also_to_who_asks_for_no_name() -> None:
    assert directives("ssl_protocols") == ["TLSv1.2 TLSv1.3"] * SHIPPED.count("listen 443")


def test_every_cipher_has_forward_secrecy_and_notices_changes_and_the_strongest_comes_first() -> None:
    (listed,) = directives("ssl_ciphers")
    ciphers = listed.split(":")
    assert all(
        re.fullmatch(r"ECDHE-(ECDSA|RSA)-.*(GCM-SHA(256|384)|CHACHA20-POLY1305)", each) for each in ciphers
    )
    strength = [256 if "256-GCM" in each or "CHACHA20" in each else 128 for each in ciphers]
    assert strength == sorted(strength, reverse=True) and directives("ssl_prefer_server_ciphers") == ["on"]


def test_the_proxy_adds_no_header_of_its_own_and_passes_on_what_the_application_needs() -> None:
    assert not directives("add_header")
    assert set(directives("proxy_set_header")) == {
        'Connection ""',
        "Host $host",
        "X-Forwarded-Proto https",
        "X-Forwarded-For $proxy_add_x_forwarded_for",
    }


def test_production_leads_to_the_file() -> None:
    assert "(nginx.conf)" in (ROOT / "docs" / "production.md").read_text(encoding="utf-8")


# ---------------------------------------------------------------- in earnest


class Behind:
    """What stands behind the proxy: keeps each byte that reaches it, and answers everything alike."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.got: list[bytes] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                visitor, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(visitor,), daemon=True).start()

    def answer(self, visitor: socket.socket) -> None:
        with visitor:
            visitor.settimeout(5)
            try:
                while data := visitor.recv(65536):
                    self.got.append(data)
                    if b"\r\n\r\n" in data:
                        visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except OSError:
                return

    def all(self) -> bytes:
        return b"".join(self.got)


def certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    unlocked = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "privkey.pem").write_bytes(key.private_bytes(*unlocked))


class Proxy:
    """nginx with the shipped file, on free ports, in front of `behind`."""

    def __init__(self, folder: Path, behind: int, text: str = SHIPPED) -> None:
        self.http, self.https, self.folder = servers.free_port(), servers.free_port(), folder
        certificate(folder)
        text = text.replace("listen 80 ", f"listen 127.0.0.1:{self.http} ")
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.https} ")
        text = text.replace(f"/etc/letsencrypt/live/{HOST}", str(folder))
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
        (folder / "offboard.conf").write_text(text)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind}; "
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;\n"
            f"{'user root;' if os.geteuid() == 0 else ''}\nevents {{}}\n"
            f"http {{ access_log off; {temporary} include {folder}/offboard.conf; }}\n"
        )
        words = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(words, **quiet)  # type: ignore[call-overload]
        servers.wait_for(self.listens)

    def listens(self) -> bool:
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.https)) == 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def connect(self, context: ssl.SSLContext | None = None, name: str = HOST) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.https), 5)
        try:
            return (context or trusting()).wrap_socket(plain, server_hostname=name)
        except (OSError, ssl.SSLError):
            plain.close()
            raise

    def asks(self, data: bytes) -> bytes:
        """All that comes back for exactly these bytes."""
        with self.connect() as open_socket:
            open_socket.sendall(data)
            return read(open_socket)


def read(open_socket: socket.socket) -> bytes:
    open_socket.settimeout(3)
    found = b""
    try:
        while data := open_socket.recv(65536):
            found += data
    except OSError:
        pass
    return found


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def old(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that speaks nothing newer, with every cipher that its library has."""
    context = trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = version, version
    return context


@pytest.fixture(scope="module")
def behind() -> Iterator[Behind]:
    made = Behind()
    yield made
    made.socket.close()


@pytest.fixture(scope="module")
def proxy(behind: Behind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    made = Proxy(tmp_path_factory.mktemp("nginx"), behind.port)
    yield made
    made.stop()


@needs_nginx
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_tls_is_refused(proxy: Proxy, version: ssl.TLSVersion) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        proxy.connect(old(version))


@needs_nginx
def test_the_same_client_would_come_in_where_older_tls_is_spoken(behind: Behind, tmp_path: Path) -> None:
    weak = SHIPPED.replace("TLSv1.2 TLSv1.3", "TLSv1.1").replace(
        "ssl_ciphers ", "ssl_ciphers ALL:@SECLEVEL=0:"
    )
    other = Proxy(tmp_path, behind.port, weak)
    try:
        with other.connect(old(ssl.TLSVersion.TLSv1_1)) as came:
            assert came.version() == "TLSv1.1"
    finally:
        other.stop()


@needs_nginx
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_newer_tls_is_spoken_with_our_strongest_cipher(proxy: Proxy, version: ssl.TLSVersion) -> None:
    context = trusting()
    context.minimum_version = context.maximum_version = version
    if version is ssl.TLSVersion.TLSv1_2:  # the client would like another one better
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    with proxy.connect(context) as came:
        cipher = came.cipher()
        assert cipher and "AES256-GCM-SHA384" in cipher[0].replace("_", "-").replace("AES-256", "AES256")


@needs_nginx
@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384"])
def test_a_weaker_cipher_is_refused(proxy: Proxy, cipher: str) -> None:
    context = old(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        proxy.connect(context)


@needs_nginx
def test_another_name_is_refused_before_anything_is_said(proxy: Proxy) -> None:
    with pytest.raises(ssl.SSLError):
        proxy.connect(name="wiki.example.com")


@needs_nginx
def test_without_tls_one_is_sent_to_https(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.http), 5) as plain:
        plain.sendall(b"GET /requests/?a=1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        found = read(plain)
    assert found.startswith(b"HTTP/1.1 301") and f"Location: https://{HOST}/requests/?a=1".encode() in found


HEAD = f"POST /signin/ HTTP/1.1\r\nHost: {HOST}\r\n".encode()
HIDDEN = f"GET /hidden-x9z HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
LENGTH = b"Content-Length: %d\r\n" % len(b"0\r\n\r\n" + HIDDEN)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = {
    "a length and chunks": HEAD + LENGTH + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks and a length": HEAD + CHUNKED + LENGTH + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks behind a bare line feed": HEAD + LENGTH + b"X: y\n" + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": HEAD + LENGTH + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a folded line": HEAD + LENGTH + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "two lengths in one line": HEAD + b"Content-Length: 5, 0\r\n\r\n" + HIDDEN,
    "a length with a sign": HEAD + b"Content-Length: +5\r\n\r\n" + HIDDEN,
    "a length in hexadecimal": HEAD + b"Content-Length: 0x5\r\n\r\n" + HIDDEN,
    "chunks twice": HEAD + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "another encoding": HEAD + b"Transfer-Encoding: xchunked\r\n" + LENGTH + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks that are no number": HEAD + CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n" + HIDDEN,
    "chunks in HTTP/1.0": HEAD.replace(b"1.1", b"1.0") + LENGTH + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
}


@needs_nginx
@pytest.mark.parametrize("how", SMUGGLED)
def test_an_ambiguous_message_is_refused_and_never_reaches_the_application(
    how: str, proxy: Proxy, behind: Behind
) -> None:
    behind.got.clear()
    found = proxy.asks(SMUGGLED[how])
    assert re.match(rb"HTTP/1\.[01] (400|501) ", found) and found.count(b"HTTP/1.") == 1, found[:300]
    assert behind.all() == b""


@needs_nginx
def test_an_honest_message_in_chunks_goes_on_with_a_length_that_was_counted(
    proxy: Proxy, behind: Behind
) -> None:
    behind.got.clear()
    sent = HEAD + CHUNKED + b"X-Forwarded-For: 192.0.2.66\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert proxy.asks(sent).startswith(b"HTTP/1.1 200 ")
    found = behind.all().lower()
    assert b"content-length: 5\r\n" in found and b"transfer-encoding" not in found
    assert b"x-forwarded-for: 192.0.2.66, 127.0.0.1\r\n" in found and b"x-forwarded-proto: https\r\n" in found


# ---------------------------------------------------------------- with the application behind it


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """gunicorn as the image starts it, with an address of https. Its port."""
    folder = tmp_path_factory.mktemp("data")
    copied_to(folder / "offboard.sqlite3")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("OFFBOARD_", "DJANGO_"))
    }
    given = {
        "OFFBOARD_DATA": str(folder),
        "OFFBOARD_BASE_URL": f"https://{HOST}",
        "OFFBOARD_TRUSTED_PROXIES": "1",
    }
    environ = {**kept, **fresh_keys(), **given}
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"]
    subprocess.run(collect, cwd=ROOT, env=environ, check=True)
    port = servers.free_port()
    words = ["-m", "gunicorn", "offboarding.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"]
    process = subprocess.Popen(
        [sys.executable, *words, "--no-control-socket"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        servers.wait_for(lambda: b"ok" in raw(port, b"GET /healthz HTTP/1.0\r\n\r\n"), 60)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def raw(port: int, data: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            plain.sendall(data)
            return read(plain)
    except OSError:
        return b""


@pytest.fixture(scope="module")
def front(application: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    made = Proxy(tmp_path_factory.mktemp("front"), application)
    yield made
    made.stop()


@needs_nginx
@pytest.mark.parametrize("path", ["/healthz", "/nothing-here/", "/requests/", "/signin/", "/static/none.css"])
def test_hsts_comes_once_whatever_is_asked_for(path: str, front: Proxy) -> None:
    found = front.asks(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    assert re.match(rb"HTTP/1\.1 (200|302|404) ", found), found[:300]
    assert found.lower().count(b"\r\nstrict-transport-security: max-age=31536000; includesubdomains") == 1
    for once in (b"x-content-type-options", b"x-frame-options", b"referrer-policy", b"cache-control"):
        assert found.lower().count(b"\r\n" + once + b":") == 1, once


@pytest.mark.parametrize("how", SMUGGLED)
def test_the_application_alone_makes_no_two_requests_of_one(how: str, application: int) -> None:
    """If another proxy lets such a message pass: it is refused, or answered once, and what is hidden in it is no request."""
    found = raw(application, SMUGGLED[how])
    statuses = re.findall(rb"HTTP/1\.[01] (\d+)", found)
    assert statuses and b"hidden-x9z" not in found
    # 301: of the page itself, before its body is read. What comes after it is no message any more.
    assert statuses[0] in (b"400", b"501", b"301") and set(statuses[1:]) <= {b"400"}, found[:300]


def test_what_hides_in_a_message_would_be_seen(application: int) -> None:
    """Two honest requests behind each other are answered twice, and the second one tells where it leads."""
    found = raw(application, HIDDEN * 2)
    assert found.count(b"HTTP/1.1 301") == 2 and found.count(b"hidden-x9z") == 2
