"""Ordering a redacted copy of a sealed packet, and noting that it stands."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.directory.again import moved_meanwhile
from offboarding.directory.models import Client
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet, Redaction
from offboarding.packets.shares.queries import may_share
from offboarding.packets.writer import WrittenPacket
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work.actions import move, must_not_stand_still, put_down
from offboarding.work.rules import State

MOST_WORDS, LONGEST_WORD, SHORTEST_WORD = 200, 100, 2
MOST_COPIES = 50


def order(packet: Packet, user: User, scope: Scope, words: Sequence[str] = ()) -> Redaction:
    """One more copy of this version; of one that stopped, one more try. `words` are hidden besides. Raises Refused."""
    words = checked(words)
    with transaction.atomic():
        locked = Packet.objects.select_for_update(of=("self",)).select_related("removal").get(pk=packet.pk)
        if not may_share(scope, locked):
            raise Refused("not-yours", "Who may share a packet may have a redacted copy made.")
        if (made := under_way(locked)) and made.client_id:
            raise Refused("asked", "The part of one client is being made. Wait until it stands.")
        if made is None:
            made = another(locked, user, words)
        elif not move_again(made, words):
            raise Refused("asked", "A redacted copy of this version is being made. Wait until it stands.")
        ordered(made, locked, user, words)
    return made


def ordered(made: Redaction, packet: Packet, user: User, words: Sequence[str] = ()) -> None:
    """It is begun at once, and the ledger knows who asked for it."""
    pulse.nudge(made)
    facts = {
        "version": packet.version,
        "copy": made.number,
        "sha256": packet.sha256,
        "words": len(words),
        **of_client(made),
    }
    record(Event.COPY_ORDERED, actor=actor_of(user), about=packet.removal.reference, facts=facts)


def of_client(made: Redaction) -> dict[str, str]:
    return {"client": made.client.name} if made.client else {}


def under_way(packet: Packet) -> Redaction | None:
    """The copy that was asked for and does not stand yet; one that stopped, too."""
    return Redaction.objects.filter(packet=packet).exclude(state=State.DONE).first()


def another(packet: Packet, user: User, words: Sequence[str], client: Client | None = None) -> Redaction:
    newest = Redaction.objects.filter(packet=packet).aggregate(newest=Max("number"))["newest"] or 0
    number = newest + 1
    if number > MOST_COPIES:
        raise Refused("too-many-copies", f"At most {MOST_COPIES} redacted copies are made of one version.")
    return Redaction.objects.create(
        packet=packet, number=number, asked_by=user, words=list(words), client=client
    )


def try_again(made: Redaction, user: User, scope: Scope) -> None:
    """With the words that were to be hidden. Raises Refused if it moved on meanwhile."""
    with transaction.atomic():
        assert Packet.objects.select_for_update(of=("self",)).get(pk=made.packet_id)
        locked = Redaction.objects.get(pk=made.pk)
        if locked.state != State.NEEDS_PERSON or locked.fence != made.fence:
            raise moved_meanwhile()
        if locked.client_id:
            again(locked, user, scope)
        else:
            order(made.packet, user, scope, locked.words)


def again(part: Redaction, user: User, scope: Scope) -> None:
    """A part that stopped, tried once more by who may have the whole."""
    if not may_share(scope, part.packet) or not move_again(part, ()):
        raise Refused("not-yours", "Who may share a packet may have its part made again.")
    ordered(part, part.packet, user)


def checked(words: Sequence[str]) -> list[str]:
    """Each once, without the blanks around it."""
    found = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    if len(found) > MOST_WORDS:
        raise Refused("too-many-words", f"Enter at most {MOST_WORDS} words.", field="words")
    if wrong := [word for word in found if not SHORTEST_WORD <= len(word) <= LONGEST_WORD]:
        says = f"A word has {SHORTEST_WORD} to {LONGEST_WORD} characters: {wrong[0][:40]}"
        raise Refused("word-length", says, field="words")
    return found


def move_again(made: Redaction, words: Sequence[str]) -> bool:
    stopped = made.state == State.NEEDS_PERSON
    return stopped and move(
        made, State.READY, not_before=Now(), waiting_for="", trouble="", words=list(words)
    )


def may_begin() -> None:
    """Raises StandsStill: nothing is signed then that may have to be taken back."""
    with transaction.atomic():
        must_not_stand_still()


def finished(made: Redaction, written: WrittenPacket, files: int, left_out: int) -> None:
    """The file stands; now the row may say so."""
    with transaction.atomic():
        must_not_stand_still()
        put_down(
            made, State.DONE, after=None, file=written.path.name, size=written.size, sha256=written.sha256,
            bag_sha256=written.bag.sha256, files=files, left_out=left_out, trouble="",
            words=[],
        )  # fmt: skip
        facts = {
            "version": made.packet.version,
            "copy": made.number,
            "of": made.packet.sha256,
            "sha256": written.sha256,
            "left_out": left_out,
            **of_client(made),
        }
        record(Event.COPY_MADE, actor=APP, about=made.packet.removal.reference, facts=facts)
