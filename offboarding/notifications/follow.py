"""Reading the ledger and writing notices. No verb ever sends a message: what happened is read from the record."""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from offboarding.ledger.actions import APP, Event, record
from offboarding.ledger.models import Entry
from offboarding.notifications import actions, handlers, queries
from offboarding.notifications.models import Cursor
from offboarding.notifications.rules import MAIL

log = structlog.get_logger(__name__)

# So that a long backlog does not hold the engine's other work.
AT_ONCE = 50
TRIES = 3


def follow() -> None:
    """Deal with what is new. Any number of engines may follow at the same time: each entry is dealt with once."""
    for _ in range(AT_ONCE):
        if not next_one():
            return


def next_one() -> bool:
    """One entry: its messages are written and the cursor moves, together or not at all. False if nothing is new.

    Asked without a lock first, so that looking costs no transaction.
    """
    cursor, _ = Cursor.objects.get_or_create(follower=MAIL)
    entry = queries.next_entry(cursor.seq, handlers.watched())
    if entry is None:
        return False
    try:
        with transaction.atomic():
            step(cursor)
    except (OperationalError, InterfaceError):  # the database is away; the engine waits for it
        raise
    except Exception as error:
        log.error("entry brings no notice", seq=entry.seq, error=type(error).__name__, exc_info=True)
        stumble(cursor, entry)
        return False
    return True


def step(cursor: Cursor) -> None:
    locked = Cursor.objects.select_for_update().get(pk=cursor.pk)
    entry = queries.next_entry(locked.seq, handlers.watched())
    if entry is None:
        return
    for draft in handlers.drafts_for(entry):
        actions.write(entry, draft)
    Cursor.objects.filter(pk=locked.pk).update(seq=entry.seq, tries=0)


def stumble(cursor: Cursor, entry: Entry) -> None:
    """An entry that cannot be read holds the others for a few tries; then it is stepped over, and the ledger says so."""
    with transaction.atomic():
        here = Cursor.objects.select_for_update().filter(pk=cursor.pk, seq=cursor.seq)
        if not here.update(tries=F("tries") + 1) or here.get().tries < TRIES:
            return
        here.update(seq=entry.seq, tries=0)
        record(
            Event.MESSAGE_NOT_WRITTEN,
            actor=APP,
            about=entry.about,
            facts={"entry": entry.seq, "event": entry.event},
        )
