"""A passkey in software: makes a P-256 key pair, and signs what it is asked, as WebAuthn Level 3 (6.5, 7.1, 7.2) says."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One credential for one site. `origin` is what the browser would write down; a phisher's would be another."""

    def __init__(self, origin: str = "https://testserver", site: str = "testserver") -> None:
        self.origin, self.site, self.id, self.user = origin, site, os.urandom(32), b""
        self.key, self.count = ec.generate_private_key(ec.SECP256R1()), 0

    def client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin}
        ).encode()

    def data(self, flags: int, more: bytes = b"") -> bytes:
        self.count += 1
        return sha256(self.site.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big") + more

    def makes(self, options: dict[str, Any]) -> str:
        """`navigator.credentials.create`, as JSON."""
        asked = options["publicKey"]
        self.user = decoded(asked["user"]["id"])
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        made = {"fmt": "none", "attStmt": {}, "authData": self.data(PRESENT | VERIFIED | ATTESTED, attested)}
        return json.dumps(
            {
                **self.named(),
                "response": {
                    "clientDataJSON": encoded(self.client_data("create", asked["challenge"])),
                    "attestationObject": encoded(cbor.encode(made)),
                    "transports": ["internal"],
                },
                "clientExtensionResults": {"credProps": {"rk": True}},
            }
        )

    def signs(self, options: dict[str, Any]) -> str:
        """`navigator.credentials.get`, as JSON."""
        client = self.client_data("get", options["publicKey"]["challenge"])
        data = self.data(PRESENT | VERIFIED)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return json.dumps(
            {
                **self.named(),
                "response": {
                    "clientDataJSON": encoded(client),
                    "authenticatorData": encoded(data),
                    "signature": encoded(signature),
                    "userHandle": encoded(self.user),
                },
                "clientExtensionResults": {},
            }
        )

    def named(self) -> dict[str, Any]:
        return {
            "id": encoded(self.id),
            "rawId": encoded(self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
        }
