"""Ed25519 with the vectors of RFC 8032."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from offboarding.lib.signing import NotAKey, Signer, public_key_id, verify

SEED = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)


def test_a_signature_is_that_of_the_rfc() -> None:
    assert Signer.from_seed(SEED).sign(bytes.fromhex("af82")) == SIGNATURE


def test_a_signature_holds_for_exactly_these_bytes_and_this_key() -> None:
    signer, other = Signer.from_seed(SEED), Signer.generate()
    assert verify(signer.public_pem(), SIGNATURE, bytes.fromhex("af82"))
    assert not verify(signer.public_pem(), SIGNATURE, bytes.fromhex("af83"))
    assert not verify(signer.public_pem(), SIGNATURE[:-1], bytes.fromhex("af82"))
    assert not verify(other.public_pem(), SIGNATURE, bytes.fromhex("af82"))


def test_a_key_survives_the_way_through_pem() -> None:
    signer = Signer.generate()
    again = Signer.from_pem(signer.private_pem())
    assert again.key_id == signer.key_id == public_key_id(signer.public_pem())
    assert again.sign(b"x") == signer.sign(b"x")


def test_the_key_id_is_the_beginning_of_the_digest_of_the_raw_key() -> None:
    assert Signer.from_seed(SEED).key_id == "dac073e0123bdea5"


def test_no_key_is_shown() -> None:
    assert repr(Signer.from_seed(SEED)) == "<Signer dac073e0123bdea5>"


@pytest.mark.parametrize("pem", [b"", b"secret words", Signer.from_seed(SEED).public_pem()])
def test_what_is_no_private_key_is_refused_without_showing_it(pem: bytes) -> None:
    with pytest.raises(NotAKey) as refused:
        Signer.from_pem(pem)
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_key_of_another_kind_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(NotAKey, match="not an Ed25519 key"):
        Signer.from_pem(private)
    with pytest.raises(NotAKey, match="not an Ed25519 key"):
        verify(public, SIGNATURE, b"x")
    with pytest.raises(NotAKey, match="32 bytes"):
        Signer.from_seed(b"short")
    with pytest.raises(NotAKey, match="public key in PEM"):
        public_key_id(b"no key")
