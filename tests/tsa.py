"""A time stamping authority of our own: `openssl ts -reply` behind HTTP, with a CA, which can misbehave in every way."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIG = """
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/between.pem
default_policy = 1.2.3.4.1
signer_digest = sha256
digests = {digests}
ess_cert_id_alg = sha256
"""


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """A CA, one between, and a certificate for stamping, in files. `days`: since when, and until when, the last counts."""

    def __init__(self, folder: Path, days: tuple[int, int] = (-1, 30), digests: str = "sha256") -> None:
        folder.mkdir(parents=True)
        self.folder, self.ca = folder, folder / "ca.pem"
        root, middle, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        top, between = name(f"CA of {folder.name}"), name(f"Between of {folder.name}")
        ca, purpose = (
            x509.BasicConstraints(True, None),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),
        )
        for file, subject, own, issuer, signer, (begins, ends), extension in (
            ("ca", top, root, top, root, (-90, 90), ca),
            ("between", between, middle, top, root, (-90, 90), ca),
            ("tsa", name("TSA"), key, between, middle, days, purpose),
        ):
            made = (
                x509.CertificateBuilder()
                .subject_name(subject)
                .issuer_name(issuer)
                .public_key(own.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(datetime.now(UTC) + timedelta(days=begins))
                .not_valid_after(datetime.now(UTC) + timedelta(days=ends))
                .add_extension(extension, critical=True)
                .sign(signer, hashes.SHA256())
            )
            (folder / f"{file}.pem").write_bytes(made.public_bytes(Encoding.PEM))
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "tsa.key").write_bytes(plain)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder, digests=digests))
        self.turn = threading.Lock()

    def ders(self) -> list[bytes]:
        """Both certificates, as they stand in an answer."""
        files = (self.folder / "between.pem", self.folder / "tsa.pem")
        return [
            x509.load_pem_x509_certificate(each.read_bytes()).public_bytes(Encoding.DER) for each in files
        ]

    def answer(self, question: bytes) -> bytes:
        with self.turn:
            (self.folder / "question").write_bytes(question)
            (self.folder / "answer").unlink(missing_ok=True)
            openssl("ts", "-reply", "-config", f"{self.folder}/tsa.cnf", "-queryfile", f"{self.folder}/question",
                    "-out", f"{self.folder}/answer", check=False)  # fmt: skip
            return (self.folder / "answer").read_bytes()

    def other_nonce(self, digest: str) -> bytes:
        """The answer to somebody else who asked about the same."""
        openssl("ts", "-query", "-digest", digest, "-sha256", "-cert", "-out", f"{self.folder}/other")
        return self.answer((self.folder / "other").read_bytes())


def openssl(*given: str, check: bool = True) -> str:
    done = subprocess.run(["openssl", *given], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout + done.stderr


@contextmanager
def served(
    answers: Callable[[bytes], bytes], status: int = 200, drip: float = 0.0
) -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and what it was asked so far. `drip`: seconds between the bytes of an answer."""
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["content-length"])))
            assert self.headers["content-type"] == "application/timestamp-query"
            body = answers(asked[-1])
            self.send_response(status)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                for each in body if drip else ():
                    time.sleep(drip)
                    self.wfile.write(bytes([each]))
                self.wfile.write(b"" if drip else body)
            except OSError:
                pass  # whoever asked went away, as meant

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr", asked
    finally:
        server.shutdown()
        server.server_close()


def other_imprint(question: bytes, data: bytes) -> bytes:
    """The same question about something else."""
    before, after = sha256(data).digest(), sha256(b"something else").digest()
    assert before in question
    return question.replace(before, after)


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, Path]]:
    """One that does it right, in a process of its own: its address, and the certificate of its CA."""
    command = [sys.executable, "-m", "tests.tsa", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    try:
        assert process.stdout
        yield process.stdout.readline().strip(), folder / "ca.pem"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    with served(Authority(Path(sys.argv[1])).answer) as (address, _):
        print(address, flush=True)
        threading.Event().wait()
