"""Tables that only grow. Triggers on both databases refuse everything but INSERT."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now

from offboarding.lib import canonical


class Head(models.Model):
    """The one row that appenders queue at, so that numbers have no gap. It can be rebuilt from the entries."""

    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64)


class Entry(models.Model):
    """One link. `body` holds the canonical bytes; the other columns repeat parts of it for searching."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    # One of `events.Event`; `record` takes nothing else.
    event = models.CharField(max_length=60)
    about = models.CharField(max_length=60, blank=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=60)
    body = models.BinaryField()
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["about", "seq"], name="entry_about"),
            models.Index(fields=["event", "seq"], name="entry_event"),
            models.Index(fields=["actor_id", "seq"], name="entry_actor"),
            models.Index(fields=["at", "seq"], name="entry_at"),
        ]

    @property
    def facts(self) -> dict[str, Any]:
        """As they are chained; names and addresses stand apart."""
        told: dict[str, Any] = canonical.loads(bytes(self.body))["facts"]
        return told


class Personal(models.Model):
    """Names and addresses, apart from the chain, so that erasing one after its retention breaks nothing."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="personal")
    name = models.CharField(max_length=60)
    salt = models.BinaryField()
    value = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "name"], name="one_value_per_name")]


class Checkpoint(models.Model):
    """A signed statement: so many entries, this root. It leaves the database as soon as it is made."""

    size = models.PositiveBigIntegerField(unique=True)
    root = models.CharField(max_length=64)
    head = models.CharField(max_length=64)
    body = models.BinaryField()
    signature = models.CharField(max_length=120)
    key_id = models.CharField(max_length=16)
    public_key = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["size"]


class Tile(models.Model):
    """256 neighbouring nodes of the Merkle tree, so that a root or a proof reads a few rows instead of all entries.

    Only full tiles are kept. They repeat what the entries say: `verify_ledger` compares the two.
    """

    tier = models.PositiveSmallIntegerField()  # the nodes stand `8 * tier` levels above the leaves
    index = models.PositiveBigIntegerField()
    nodes = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tier", "index"], name="one_tile_per_place")]


class SigningKey(models.Model):
    """Since when which key signs. The first stands for itself; each later one is signed by the one before it.

    A key that was lost could sign for no other: then `why` says so, and there is no signature.
    """

    key_id = models.CharField(max_length=16, unique=True)
    public_key = models.TextField()
    since = models.DateTimeField()
    body = models.BinaryField()
    signature = models.CharField(max_length=120, blank=True)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]


class Delivery(models.Model):
    """A checkpoint reached a place outside that keeps no file here, such as a mailbox."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="deliveries")
    place = models.CharField(max_length=20)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "place"], name="delivered_once")]


class Stamp(models.Model):
    """A time stamping authority saw this checkpoint, with its signature, at this time (RFC 3161). It was verified before."""

    checkpoint = models.OneToOneField(Checkpoint, on_delete=models.PROTECT, related_name="stamp")
    at = models.DateTimeField()
    # As it came: a TimeStampResp, which `openssl ts -verify` reads.
    answer = models.BinaryField()
    kept_at = models.DateTimeField(db_default=Now())
