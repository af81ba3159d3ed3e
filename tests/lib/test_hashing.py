"""Digests of bytes, streams and secret values."""

import io

import pytest

from offboarding.lib import hashing

SALT = bytes(range(16))


def test_bytes_and_streams_have_the_same_digest() -> None:
    data = b"abc" * 1_000_000
    assert hashing.sha256_stream(io.BytesIO(data)) == (hashing.sha256_hex(data), len(data))


def test_the_digest_is_sha_256() -> None:
    assert hashing.sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_fingerprint_tells_secrets_apart_and_depends_on_the_key() -> None:
    made = hashing.keyed_fingerprint(b"key", "The quick brown fox jumps over the lazy dog")
    assert made == "f7bc83f430538424"  # HMAC_SHA256 example of RFC 4231's kind, first 16 digits
    assert hashing.keyed_fingerprint(b"key", "other") != made
    assert hashing.keyed_fingerprint(b"yek", "The quick brown fox jumps over the lazy dog") != made


def test_a_fingerprint_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        hashing.keyed_fingerprint(b"", "secret")


def test_a_salted_digest_can_be_checked_with_sha256sum() -> None:
    assert hashing.salted_digest(SALT, "Zoë") == hashing.sha256_hex(SALT + "Zoë".encode())


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        hashing.salted_digest(b"short", "Zoë")
