"""RFC 3161: what an authority is asked, and whether its answer is a time stamp over exactly these bytes.

Read, and its signature verified, by `rfc3161-client`. Certificates count as they stood at the stamped time, so that a stamp
outlives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import Certificate, ObjectIdentifier, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from offboarding.lib.visible import visible

SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
# What the library says, in words of ours.
SAYS = {
    "Nonce mismatch": "its stamp answers another question than ours (another nonce)",
    "Mismatch between messages": "its stamp is over something else (another imprint)",
}
UNTRUSTED = "its stamp is not signed, for stamping time, under the certificates that are trusted here"


class NotStamped(Exception):
    """There is no time stamp that counts; the text goes on from "because"."""


@dataclass(frozen=True, slots=True)
class Question:
    """`body` is what the authority gets; its answer repeats `nonce`."""

    body: bytes
    nonce: int


def question(data: bytes) -> Question:
    made = TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256).build()
    assert made.nonce is not None
    return Question(made.as_bytes(), made.nonce)


def authorities(pem: bytes) -> list[Certificate]:
    """Raises NotStamped if there is not one certificate in it."""
    try:
        return load_pem_x509_certificates(pem)
    except ValueError:
        raise NotStamped("the file of trusted certificates holds none in PEM form") from None


def stamped(answer: bytes, data: bytes, trusted: Sequence[Certificate], nonce: int | None = None) -> datetime:
    """When an authority that is trusted here saw `data`. A stamp that was kept needs no `nonce` any more. Raises NotStamped."""
    found = read(answer)
    verifier = VerifierBuilder(roots=list(trusted), nonce=nonce).build()
    try:
        if found.tst_info.message_imprint.hash_algorithm != SHA256:
            raise NotStamped("its stamp is not over a SHA-256, as we asked")
        verifier.verify_message(found, data)
        return found.tst_info.gen_time
    except VerificationError as error:
        raise NotStamped(SAYS.get(str(error), UNTRUSTED)) from None
    except NotStamped:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the library trips over, it is no stamp)
        raise NotStamped(f"its stamp cannot be read ({type(error).__name__})") from None


def read(answer: bytes) -> TimeStampResponse:
    try:
        found = decode_timestamp_response(in_order(answer))
        status = PKIStatus(found.status)
    except ValueError:
        raise NotStamped("what it answers is no time stamp") from None
    if status is not PKIStatus.GRANTED:
        told = visible(" ".join(found.status_string))[:80]
        word = status.name.lower().replace("_", " ")
        raise NotStamped(f"it does not grant one ({word}{': ' + told if told else ''})")
    return found


def in_order(answer: bytes) -> bytes:
    """The same with its certificates sorted, as DER wants them and the library insists; many authorities send theirs first.

    They stand outside of what is signed (RFC 5652, 5.1), and sorting changes no length. What cannot be followed stays as it is.
    """
    try:
        _, at, _ = part(answer, 0)  # TimeStampResp
        _, _, at = part(answer, at)  # its status
        for inner in (True, False, True, True):  # ContentInfo, its type, [0], SignedData
            _, begin, end = part(answer, at)
            at = begin if inner else end
        for _ in range(3):  # version, digests, what is signed
            _, _, at = part(answer, at)
        tag, begin, end = part(answer, at)
        certificates, at = list[bytes](), begin
        while at < end:
            _, _, after = part(answer, at)
            certificates.append(answer[at:after])
            at = after
    except IndexError:
        return answer
    if tag != 0xA0 or at != end:
        return answer
    return answer[:begin] + b"".join(sorted(certificates)) + answer[end:]


def part(data: bytes, at: int) -> tuple[int, int, int]:
    """The tag of the part of ASN.1 that begins here, where its content begins, and where it ends. Raises IndexError."""
    tag, length, begin = data[at], data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, begin = int.from_bytes(data[begin : begin + size], "big"), begin + size
    if begin + length > len(data):
        raise IndexError
    return tag, begin, begin + length
