"""Where signed checkpoints go, so that whoever owns the database cannot take them back.

The file in the data folder is written at each signing. Other places get the newest one when the engine comes by; each
is a name and a function, listed in `PLACES`. A checkpoint covers all before it, so one that was skipped is no loss.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage

from offboarding.ledger.models import Checkpoint, Delivery
from offboarding.ledger.queries import newest_checkpoint
from offboarding.lib import canonical

log = structlog.get_logger(__name__)


def line_of(made: Checkpoint) -> bytes:
    """The statement and its signature, as they stand outside. `verify_ledger --checkpoint` reads it."""
    return canonical.dumps({"checkpoint": canonical.loads(bytes(made.body)), "signature": made.signature})


def to_file(made: Checkpoint) -> None:
    """Append it to the file, unless it is the last line already.

    Asked again for each checkpoint that is still the newest, so that one whose delivery was cut off gets there. Written
    twice is harmless: each line stands for itself. A line that was cut off is ended first, so that it spoils no other.
    """
    line = line_of(made)
    with open(settings.CHECKPOINT_FILE, "a+b") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - len(line) - 1))
        last = file.read()
        if last == line + b"\n":
            return
        file.write((b"" if not last or last.endswith(b"\n") else b"\n") + line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def to_mailbox(made: Checkpoint) -> bool:
    """True if the mail server took it; false if there is no such mailbox here. Raises what the server says."""
    if not settings.CHECKPOINT_MAIL:
        return False
    text = (
        f"Signed checkpoint of the ledger at {settings.BASE_URL}: {made.size} entries.\n"
        "Keep this mail. `python manage.py verify_ledger --checkpoint FILE` compares the line below with the ledger.\n\n"
        f"{line_of(made).decode()}\n"
    )
    mail = EmailMessage(
        f"Checkpoint of {made.size} entries", text, settings.DEFAULT_FROM_EMAIL, [settings.CHECKPOINT_MAIL]
    )
    return mail.send() == 1


PLACES: dict[str, Callable[[Checkpoint], bool]] = {"mailbox": to_mailbox}


def deliver_newest() -> None:
    """Bring the newest checkpoint to each place that lacks it. One that does not take it is asked again next time.

    Two engines may both deliver, which is harmless; the row says that it was done at least once.
    """
    made = newest_checkpoint()
    if made is None:
        return
    done = set(made.deliveries.values_list("place", flat=True))
    for name, bring in PLACES.items():
        if name in done:
            continue
        try:
            brought = bring(made)
        except (OSError, SMTPException) as error:
            log.warning("checkpoint not delivered", place=name, error=type(error).__name__)
            continue
        if brought:
            Delivery.objects.get_or_create(checkpoint=made, place=name)
