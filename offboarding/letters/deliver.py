"""One copy's turn: still true? make its bytes, keep them, say that it goes, hand it over, note the answer.

Holds no transaction. The bytes are kept before the mail goes, and every later try hands over the same ones.
"""

from __future__ import annotations

from io import BytesIO

from offboarding.evidence import store
from offboarding.evidence.actions import stored, stored_before
from offboarding.evidence.store import NotStored
from offboarding.letters import handing, queries
from offboarding.letters.document import pdf
from offboarding.letters.handing import Made
from offboarding.letters.mail import Fixed, compose
from offboarding.letters.models import Delivery, Letter
from offboarding.letters.rules import WITH_DOCUMENT, Kind, Means
from offboarding.lib.typesetting import DocumentRefused
from offboarding.notifications import outbox
from offboarding.notifications.post import post
from offboarding.work.beating import beating


def perform(delivery: Delivery) -> None:
    if delivery.handed_over_at:
        return outbox.noted(delivery, outbox.CUT_OFF, handing.BOOK)
    letter = delivery.letter
    if why := queries.changed_since(letter):
        return handing.overtaken(delivery, why)
    try:
        with beating(delivery):
            made = kept(delivery) if delivery.file else make(delivery, letter)
    except NotStored as error:
        return handing.later(delivery, error.waiting)
    except DocumentRefused as error:
        return handing.impossible(delivery, f"The document cannot be made: {error}")
    if delivery.means == Means.PAPER:
        return handing.document_made(delivery, made)
    handing.hand_over(delivery, made)
    outbox.noted(delivery, post(Fixed(made.raw, [delivery.address])), handing.BOOK)


def make(delivery: Delivery, letter: Letter) -> Made:
    """The exact bytes of this copy, and of the document that goes along; stored, and named by no row yet."""
    shown, name = queries.read(letter), f"{letter.removal.reference}-{letter.kind}.pdf"
    document = b""
    if delivery.means == Means.PAPER or letter.kind in WITH_DOCUMENT:
        conditions = queries.conditions_of(letter.client)
        document = pdf(shown, letter.wording, letter.facts, conditions, letter.written_at)
    if delivery.means == Means.PAPER:
        return Made(document, stored(BytesIO(document), letter.client), None, name)
    at = delivery.created_at
    raw = compose(delivery, shown, (name, document) if Kind(letter.kind) in WITH_DOCUMENT else None, at)
    beside = stored(BytesIO(document), letter.client) if document else None
    return Made(raw, stored(BytesIO(raw), letter.client), beside, name)


def kept(delivery: Delivery) -> Made:
    """What an earlier try kept."""
    assert delivery.file is not None
    with store.open_bytes(delivery.file.sha256) as file:
        raw = file.read()
    return Made(raw, stored_before(delivery.file), None, "")
