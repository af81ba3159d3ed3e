"""Which key may have signed what, and when: a chain from the first key to the one that signs now."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.conf import settings

from offboarding.ledger.models import SigningKey
from offboarding.ledger.rules import iso
from offboarding.lib import canonical
from offboarding.lib.signing import Signer, public_key_id, verify


class KeyChanged(Exception):
    """This process holds another key than the ledger goes on with, and nothing vouches for it. The text is for people."""


@dataclass(frozen=True, slots=True)
class Known:
    """One key, and the time in which it signed; without a beginning the first, without an end the one of today."""

    key_id: str
    public: bytes
    since: datetime | None
    until: datetime | None
    lost: str = ""  # why the key before could not sign for it

    def signed(self, signature: bytes, data: bytes, at: datetime) -> bool:
        in_time = (self.since is None or at >= self.since) and (self.until is None or at < self.until)
        return in_time and verify(self.public, signature, data)


def signer() -> Signer:
    """The key of the settings. What is signed for the record asks `actions.current_key` instead."""
    return Signer.from_seed(bytes.fromhex(settings.SIGNING_KEY))


def older_signers() -> list[Signer]:
    return [Signer.from_seed(bytes.fromhex(seed)) for seed in settings.OLD_SIGNING_KEYS]


def newest_key() -> SigningKey | None:
    return SigningKey.objects.order_by("-pk").first()


def statement(key: Signer, since: datetime, previous: str, why: str) -> bytes:
    """What a key signs of its successor."""
    told = {"v": 1, "key_id": key.key_id, "public_key": key.public_pem().decode(), "since": iso(since)}
    return canonical.dumps({**told, "previous": previous, "why": why})


def known_keys() -> dict[str, Known]:
    """Every key of this ledger, by its fingerprint. One query."""
    rows = list(SigningKey.objects.order_by("pk"))
    ends = [*(row.since for row in rows[1:]), None]
    return {
        row.key_id: Known(row.key_id, row.public_key.encode(), row.since if n else None, end, row.why)
        for n, (row, end) in enumerate(zip(rows, ends, strict=False))
    }


def wrong_key() -> str:
    """What does not fit in the chain of keys, in a sentence; empty if all of it does."""
    rows = list(SigningKey.objects.order_by("pk"))
    for row in rows:
        if said := misstated(row):
            return said
    for before, row in pairwise(rows):
        if canonical.loads(bytes(row.body))["previous"] != before.key_id:
            return f"the key {row.key_id} does not follow the key {before.key_id}"
        if not row.why and not vouched(before, row):
            return f"the key {before.key_id} did not sign for the key {row.key_id} that follows it"
    if rows and rows[-1].key_id != signer().key_id:
        return f"the newest key is {rows[-1].key_id}, and this installation signs with {signer().key_id}"
    return ""


def misstated(row: SigningKey) -> str:
    said = canonical.loads(bytes(row.body))
    public = row.public_key.encode()
    told = (said["key_id"], said["public_key"], said["since"], said["why"])
    if told != (row.key_id, row.public_key, iso(row.since), row.why) or public_key_id(public) != row.key_id:
        return f"the row of the key {row.key_id} was altered"
    return ""


def vouched(before: SigningKey, row: SigningKey) -> bool:
    return bool(row.signature) and verify(
        before.public_key.encode(), b64decode(row.signature), bytes(row.body)
    )


def history() -> list[bytes]:
    """The chain as lines for auditors: each key's statement, and the signature of the key before it."""
    return [
        canonical.dumps({"key": canonical.loads(bytes(row.body)), "signature": row.signature})
        for row in SigningKey.objects.order_by("pk")
    ]
