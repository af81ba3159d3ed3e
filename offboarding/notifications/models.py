"""How far the ledger was read, and what goes to whom."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from offboarding.ledger.models import Entry
from offboarding.notifications.rules import LONGEST_BRIEF, LONGEST_SUBJECT, MAIL, Pace
from offboarding.work.models import Order, order_indexes
from offboarding.work.rules import State


class Cursor(models.Model):
    """One follower of the ledger. Every entry that concerns it, up to `seq`, is dealt with."""

    follower = models.CharField(max_length=40, unique=True)
    seq = models.PositiveBigIntegerField(default=0)
    # How often the next entry could not be turned into notices.
    tries = models.PositiveSmallIntegerField(default=0)


class Mail(Order):
    """What every mail has that goes to one address, whoever wrote it. `outbox` writes here."""

    address = models.EmailField(max_length=254, blank=True)
    # Set without a result: the hand-over was cut off, and the mail may have gone.
    handed_over_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=500, blank=True)
    # What the server said when it took it, masked.
    answer = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


class Message(Mail):
    """One notice for one person through one channel, and the mail that carries it.

    A notice with `joined_to` goes in another one's mail and ends as that one does; it is never due by itself.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="messages")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    channel = models.CharField(max_length=10, default=MAIL)
    kind = models.CharField(max_length=30)
    about = models.CharField(max_length=60, blank=True)
    key = models.CharField(max_length=80, blank=True)
    pace = models.CharField(max_length=10, choices=[(pace.value, pace.value) for pace in Pace])
    subject = models.CharField(max_length=LONGEST_SUBJECT)
    text = models.TextField()
    brief = models.CharField(max_length=LONGEST_BRIEF, blank=True)
    url = models.CharField(max_length=200)
    shared_url = models.CharField(max_length=200, blank=True)
    joined_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="joined"
    )
    # Why this notice is not in the mail, though it was written.
    left_out = models.CharField(max_length=300, blank=True)

    # The mail as it was about to be handed over; kept first, so that it stands even if nothing came after.
    mail_subject = models.CharField(max_length=200, blank=True)
    mail_text = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [*order_indexes("message"), models.Index(fields=["about", "-id"], name="message_about")]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "recipient", "channel"], name="one_message_per_entry_and_person"
            ),
            models.UniqueConstraint(
                fields=["recipient", "channel", "about", "key"],
                condition=~models.Q(key=""),
                name="one_message_per_key_and_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=State.DONE.value)
                | models.Q(joined_to__isnull=False)
                | models.Q(sent_at__isnull=False, handed_over_at__isnull=False),
                name="sent_says_when",
            ),
        ]

    def __str__(self) -> str:
        return self.subject
