"""Ed25519 signatures (RFC 8032): small keys, and the same bytes give the same signature."""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class NotAKey(ValueError):
    """The text is not an Ed25519 key of the wanted sort. The message never shows it."""


class Signer:
    """Holds one private key, signs, and names the key by `key_id`."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = _key_id(key.public_key())

    @classmethod
    def generate(cls) -> "Signer":
        """A signer with a new random key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> "Signer":
        """A signer from the 32 bytes of RFC 8032, section 5.1.5."""
        if len(seed) != 32:
            raise NotAKey("An Ed25519 seed has 32 bytes.")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes) -> "Signer":
        """A signer from an unencrypted PKCS #8 PEM, as `openssl genpkey -algorithm ed25519` writes it."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise NotAKey("This is not an unencrypted private key in PEM form.") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise NotAKey("This private key is not an Ed25519 key.")
        return cls(key)

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of the signature over the data."""
        return self._key.sign(data)

    def public_pem(self) -> bytes:
        """The public key in PEM (SubjectPublicKeyInfo), as openssl reads it."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def private_pem(self) -> bytes:
        """The private key in PEM (PKCS #8, unencrypted): for the one who keeps it, never for a record."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def __repr__(self) -> str:
        return f"<Signer {self.key_id}>"


def verify(public_pem: bytes, signature: bytes, data: bytes) -> bool:
    """True if the key signed exactly these bytes. Raises NotAKey if the PEM holds no Ed25519 public key."""
    try:
        _public_key(public_pem).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def public_key_id(public_pem: bytes) -> str:
    """The first 16 hex digits of SHA-256 over the 32 raw bytes of the public key."""
    return _key_id(_public_key(public_pem))


def _public_key(pem: bytes) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotAKey("This is not a public key in PEM form.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise NotAKey("This public key is not an Ed25519 key.")
    return key


def _key_id(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]
