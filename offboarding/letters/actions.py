"""Writing letters, approving and sending them, and giving one up. Each verb is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.directory.models import Client
from offboarding.directory.queries import scope_of
from offboarding.evidence.actions import Stored, stored, write
from offboarding.evidence.models import Evidence
from offboarding.ledger.actions import APP, Actor, Event, record
from offboarding.letters import queries
from offboarding.letters.fulfilling import fulfil
from offboarding.letters.models import Delivery, Letter
from offboarding.letters.rules import (
    LONGEST_PARAGRAPH,
    OPEN,
    TITLES,
    Kind,
    Means,
    Standing,
    Word,
    addresses_in,
    may_not_approve,
    may_not_write,
    why_not_sent,
)
from offboarding.letters.wording import secret
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused, within
from offboarding.notifications import outbox
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work import clock
from offboarding.work.rules import State


@dataclass(frozen=True, slots=True)
class Asked:
    """Who does it, on which day, how they proved who they are (empty: they were not asked), and the version they saw."""

    user: User
    today: date
    version: int
    method: str = ""


# ---------------------------------------------------------------- who


def writer(user: User, removal: RemovalRequest, today: date) -> None:
    if why := may_not_write(scope_of(user, today), removal.requester_id, clients_of(removal)):
        raise Refused("not-a-writer", why)


# ---------------------------------------------------------------- writing


def write_letter(
    removal: RemovalRequest, client: Client, kind: Kind, user: User | None, today: date, paragraph: str = ""
) -> Letter:
    """A draft with the facts and the client's words as they are now. `user` None: Offboard itself. Raises Refused."""
    if user is not None:
        writer(user, removal, today)
    if removal.stage not in (Stage.RUNNING, Stage.CLOSED) or removal.restores_id:
        raise Refused(
            "nothing-to-tell", "Letters tell how a removal ended; this request has nothing to tell yet."
        )
    if removal.machine and kind is Kind.COLLABORATOR:
        raise Refused(
            "no-person", "This is a service account: there is no person to write to. Tell its owner."
        )
    facts = canonical.dumps(queries.facts_of(removal, client))
    try:
        with transaction.atomic():
            letter = Letter.objects.create(
                removal=removal,
                client=client,
                kind=kind.value,
                facts_body=facts,
                facts_digest=canonical.digest(canonical.loads(facts)),
                words=queries.wording_for(client, kind).as_json(),
                paragraph=paragraph,
                written_at=clock.now(),
                texted_by=user,
            )
            tell(letter, Event.LETTER_WRITTEN, actor_for(user), facts_sha256=letter.facts_digest)
    except IntegrityError as error:
        raise Refused("written-already", f"There is an open one already: {TITLES[kind]}.") from error
    return letter


def edit(letter: Letter, asked: Asked, paragraph: str) -> None:
    """The paragraph is all that people write. An approval of other words does not count for these."""
    writer(asked.user, letter.removal, asked.today)
    text = within(paragraph, LONGEST_PARAGRAPH, "paragraph")
    if secret(text):
        raise Refused("secret", "This looks like a secret. A letter never holds one.", field="paragraph")
    with transaction.atomic():
        locked = held(letter, asked.version)
        if locked.paragraph == text:
            raise Refused("nothing-changed", "This is what it says already.", field="paragraph")
        ends = {"ends_approval": True} if locked.standing == Standing.APPROVED else {}
        moved(
            locked, Standing.DRAFT, paragraph=text, texted_by=asked.user, approved_by=None, approved_at=None,
            approved_method="", text_digest="",
        )  # fmt: skip
        tell(locked, Event.LETTER_CHANGED, actor_of(asked.user), **ends)


def write_again(letter: Letter, asked: Asked) -> Letter:
    """With the facts of now: a draft takes them; what was approved lapses, and a draft takes its place."""
    writer(asked.user, letter.removal, asked.today)
    if not (why := queries.changed_since(letter)):
        raise Refused("nothing-changed", "Nothing in it has changed.")
    with transaction.atomic():
        return renewed(held(letter, asked.version), why, asked.user)


def renew(letter: Letter, why: str) -> Letter:
    """The same without a person."""
    with transaction.atomic():
        return renewed(held(letter, letter.version), why, None)


def renewed(letter: Letter, why: str, user: User | None) -> Letter:
    if letter.standing == Standing.APPROVED:
        return succeeded(letter, why, user)
    facts = canonical.dumps(queries.facts_of(letter.removal, letter.client))
    digest = canonical.digest(canonical.loads(facts))
    moved(letter, Standing.DRAFT, facts_body=facts, facts_digest=digest, written_at=clock.now())
    tell(letter, Event.LETTER_CHANGED, actor_for(user), says=why, facts_sha256=digest)
    return letter


def lapse_if_changed(letter: Letter, user: User | None) -> None:
    """In a transaction of its own, so that the lapse stands although what was wanted is refused. Raises Refused."""
    if letter.standing not in OPEN or not (why := queries.changed_since(letter)):
        return
    with transaction.atomic():
        locked = Letter.objects.select_for_update().filter(pk=letter.pk, standing__in=OPEN).first()
        if locked is not None:
            succeeded(locked, why, user)
    raise Refused(
        "lapsed",
        f"The facts changed since this was written, so it lapsed. {why} A draft with the facts of now is there.",
    )


def succeeded(letter: Letter, why: str, user: User | None) -> Letter:
    """It lapses, and a draft with the facts of now and the same paragraph takes its place."""
    lapse(letter, why, actor_for(user))
    kind, today = Kind(letter.kind), clock.now().date()
    made = write_letter(letter.removal, letter.client, kind, None, today, letter.paragraph)
    # Whose words they are stays: nobody approves a paragraph of their own because its facts changed.
    Letter.objects.filter(pk=made.pk).update(texted_by=letter.texted_by)
    made.refresh_from_db()
    return made


def lapse(letter: Letter, why: str, actor: Actor) -> None:
    moved(letter, Standing.LAPSED, because=f"The facts changed: {why}"[:500])
    tell(letter, Event.LETTER_LAPSED, actor, says=why)


def withdraw(letter: Letter, asked: Asked, why: str) -> None:
    """Nobody sends it. The checklist does not wait for it any more."""
    writer(asked.user, letter.removal, asked.today)
    reason = within(why, 400, "why")
    if not reason:
        raise Refused("no-reason", "Say why: it stands in the record.", field="why")
    with transaction.atomic():
        locked = held(letter, asked.version)
        moved(locked, Standing.WITHDRAWN, because=reason)
        tell(locked, Event.LETTER_WITHDRAWN, actor_of(asked.user), says=reason)
        fulfil(locked.removal)


# ---------------------------------------------------------------- approving and sending


def approve(letter: Letter, asked: Asked, digest: str) -> None:
    """`digest` is that of the words that were shown. What goes is exactly that."""
    scope = scope_of(asked.user, asked.today)
    lapse_if_changed(letter, asked.user)
    with transaction.atomic():
        locked = held(letter, asked.version)
        if why := may_not_approve(scope, queries.facing(locked), clients_of(locked.removal)):
            raise Refused("not-an-approver", why)
        if locked.standing != Standing.DRAFT or queries.text_digest(locked) != digest:
            raise Refused("moved-meanwhile", "This letter moved on meanwhile. Read it again.")
        moved(
            locked, Standing.APPROVED, approved_by=asked.user, approved_at=Now(), approved_method=asked.method,
            text_digest=digest,
        )  # fmt: skip
        tell(locked, Event.LETTER_APPROVED, actor_of(asked.user), sha256=digest, method=asked.method)


def release(letter: Letter, asked: Asked, addresses: str, paper: bool = False) -> list[Delivery]:
    """Send it: one mail for each address, each an order of its own, and the document alone where `paper` is wanted."""
    writer(asked.user, letter.removal, asked.today)
    to: Sequence[str] = ()
    if addresses.strip() or not paper:
        to, wrong = addresses_in(addresses, Kind(letter.kind), letter.removal.addresses)
        if wrong:
            raise Refused("no-address", wrong, field="addresses")
    lapse_if_changed(letter, asked.user)
    with transaction.atomic():
        return let_go(held(letter, asked.version), asked.user, to, paper, asked.method)


def release_itself(letter: Letter, addresses: Sequence[str]) -> list[Delivery]:
    """What the client lets go by itself. The caller has asked `goes_by_itself`, with facts of now."""
    with transaction.atomic():
        return let_go(held(letter, letter.version), None, addresses, False, "")


def let_go(letter: Letter, user: User | None, to: Sequence[str], paper: bool, method: str) -> list[Delivery]:
    if why := why_not_sent(queries.facing(letter), queries.conditions_of(letter.client)):
        raise Refused("not-approved", why)
    digest = queries.text_digest(letter)
    if letter.text_digest and letter.text_digest != digest:
        raise Refused("other-words", "These are not the words that were approved. Approve them again.")
    moved(letter, Standing.RELEASED, released_by=user, released_at=Now(), text_digest=digest)
    copies = [(Means.MAIL, each) for each in to] + [(Means.PAPER, "")] * paper
    made = [
        Delivery.objects.create(letter=letter, means=means, address=address, state=State.READY)
        for means, address in copies
    ]
    for each in made:
        pulse.nudge(each)
    record(
        Event.LETTER_RELEASED,
        actor=actor_for(user),
        about=letter.removal.reference,
        facts={**named(letter), "sha256": digest, "copies": len(made), "paper": paper, "method": method},
        personal={"to": ", ".join(to)} if to else {},
    )
    return made


def send_again(delivery: Delivery, asked: Asked, fence: int) -> None:
    """Who asks has seen that it failed, or accepts that it may arrive twice."""
    writer(asked.user, delivery.letter.removal, asked.today)
    if why := queries.changed_since(delivery.letter):
        raise Refused("facts-changed", f"The facts changed since it was written. {why} Write a new one.")
    with transaction.atomic():
        outbox.again(delivery, fence)
        tell_of(delivery, Event.LETTER_SENT_AGAIN, actor_of(asked.user))


# ---------------------------------------------------------------- how it arrived


def store_proof(data: bytes, delivery: Delivery) -> Stored:
    """Outside of any transaction. Raises NotStored."""
    return stored(BytesIO(data), delivery.letter.client)


def note_arrival(
    delivery: Delivery, asked: Asked, word: Word, note: str, proof: Stored, name: str, media_type: str
) -> None:
    """What a person knows of its arrival, with the file that shows it: an answer, a receipt, a returned mail."""
    letter = delivery.letter
    writer(asked.user, letter.removal, asked.today)
    note = within(note, 400, "note")
    with transaction.atomic():
        locked = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if locked.state not in (State.DONE, State.UNKNOWN):
            raise Refused("not-sent", "It has not gone yet, so nobody knows how it arrived.")
        if locked.word:
            raise Refused("known-already", "How it arrived is noted already.")
        file = write(
            proof, name=name, media_type=media_type, source=Evidence.Source.PERSON, taken_by=asked.user.name,
            shows=f"{TITLES[Kind(letter.kind)]}: {word.value}", origin="",
        )  # fmt: skip
        changes = {"word": word, "word_by": asked.user, "word_at": Now(), "word_note": note}
        Delivery.objects.filter(pk=locked.pk).update(**changes, word_proof=file)
        facts = {"word": word.value, "proof": file.sha256, "says": note}
        tell_of(locked, Event.LETTER_ARRIVAL_NOTED, actor_of(asked.user), **facts)


# ---------------------------------------------------------------- shared


def held(letter: Letter, version: int) -> Letter:
    """Locked and as it was seen. Of two presses at once the second finds another version."""
    locked = (
        Letter.objects.select_for_update(of=("self",)).select_related("removal", "client").get(pk=letter.pk)
    )
    if locked.version != version or locked.standing not in OPEN:
        raise Refused("moved-meanwhile", "This letter moved on meanwhile. Read it again.")
    return locked


def moved(letter: Letter, standing: Standing, **changes: Any) -> None:
    Letter.objects.filter(pk=letter.pk).update(standing=standing, version=F("version") + 1, **changes)
    letter.refresh_from_db()


def actor_for(user: User | None) -> Actor:
    return actor_of(user) if user else APP


def named(letter: Letter) -> dict[str, Any]:
    return {"letter": letter.pk, "kind": letter.kind, "client": letter.client.name}


def tell(letter: Letter, event: Event, actor: Actor, **facts: Any) -> None:
    record(event, actor=actor, about=letter.removal.reference, facts={**named(letter), **facts})


def tell_of(delivery: Delivery, event: Event, actor: Actor = APP, **facts: Any) -> None:
    """The SHA-256 of the exact bytes is in the chain; the address stands apart from it, as it names a person."""
    letter = delivery.letter
    kept = {
        "copy": delivery.pk,
        "means": delivery.means,
        "sha256": delivery.file.sha256 if delivery.file else "",
    }
    personal = {"to": delivery.address} if delivery.address else {}
    about = letter.removal.reference
    record(event, actor=actor, about=about, facts={**named(letter), **kept, **facts}, personal=personal)
