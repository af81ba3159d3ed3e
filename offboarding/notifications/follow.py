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
# So that nobody waits long for the transaction that writes notices. Most entries bring none.
WRITTEN_AT_ONCE = 5
TRIES = 3


def follow() -> None:
    """Deal with what is new, at most so much at once.

    Any number of engines may follow at the same time: each entry is dealt with once.
    """
    left = AT_ONCE
    while left > 0 and (done := some(left)):
        left -= done


def some(at_most: int) -> int:
    """The next few entries: their messages are written and the cursor moves, together or not at all. How many they were.

    Asked without a lock first, so that looking costs no transaction. If one entry fails, the others go one by one.
    """
    cursor, _ = Cursor.objects.get_or_create(follower=MAIL)
    if not (news := queries.next_entries(cursor.seq, handlers.watched(), at_most)):
        return 0
    try:
        with transaction.atomic():
            return step(cursor, at_most)
    except (OperationalError, InterfaceError):  # the database is away; the engine waits for it
        raise
    except Exception as error:
        if len(news) > 1:
            return some(1)
        log.error("entry brings no notice", seq=news[0].seq, error=type(error).__name__, exc_info=True)
        stumble(cursor, news[0])
        return 0


def step(cursor: Cursor, at_most: int) -> int:
    locked = Cursor.objects.select_for_update().get(pk=cursor.pk)
    done = written = 0
    for entry in queries.next_entries(locked.seq, handlers.watched(), at_most):
        drafts = handlers.drafts_for(entry)
        for draft in drafts:
            actions.write(entry, draft)
        locked.seq, done, written = entry.seq, done + 1, written + len(drafts)
        if written >= WRITTEN_AT_ONCE:
            break
    if done:
        Cursor.objects.filter(pk=locked.pk).update(seq=locked.seq, tries=0)
    return done


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
