"""Digests: of bytes, of streams, of values that must not be readable."""

import hashlib
import hmac
from typing import Protocol

CHUNK = 1 << 20
_SHORTEST_SALT = 16


class Readable(Protocol):
    """Whatever hands out its bytes piece by piece, and none at its end."""

    def read(self, size: int, /) -> bytes: ...


def sha256_hex(data: bytes) -> str:
    """SHA-256 of the bytes as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_stream(stream: Readable) -> tuple[str, int]:
    """SHA-256 (64 hex digits) and size in bytes of all that the stream still holds, read 1 MiB at a time."""
    seen, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        seen.update(chunk)
        size += len(chunk)
    return seen.hexdigest(), size


def keyed_fingerprint(key: bytes, value: str) -> str:
    """The first 16 hex digits of HMAC-SHA256: tells two secrets apart, and says nothing to those without the key."""
    if not key:
        raise ValueError("A fingerprint needs a key.")
    # "surrogatepass": an encoding error would carry the secret along.
    return hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]


def salted_digest(salt: bytes, value: str) -> str:
    """SHA-256 (64 hex digits) of the salt followed by the value in UTF-8.

    Each value takes its own random salt of at least 16 bytes. Once the salt is erased, the value cannot be
    found again by trying names.
    """
    if len(salt) < _SHORTEST_SALT:
        raise ValueError(f"A salt has at least {_SHORTEST_SALT} bytes.")
    return hashlib.sha256(salt + value.encode("utf-8")).hexdigest()
