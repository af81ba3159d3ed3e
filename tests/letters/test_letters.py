"""Letters from the facts to the mailbox: works, wrong person, wrong client, changed facts, twice, cut off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from django.core.mail.backends import locmem
from django.db import connection

from offboarding.evidence import store
from offboarding.execution.models import Run
from offboarding.journey import letters as route
from offboarding.ledger.models import Entry
from offboarding.ledger.rules import iso
from offboarding.letters import actions, queries
from offboarding.letters.facts import MATTERS, step_row, whole
from offboarding.letters.models import Delivery, Letter, TermsVersion
from offboarding.letters.rules import Conditions, Kind, Word
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.packets.letters import letters
from offboarding.packets.queries import files_of
from offboarding.packets.shelf import Shelf
from tests.letters.conftest import SEEN_AT, read_again, turn_to_tell
from tests.notifications.smtp import HANG_UP, mail_server

Make = Callable[..., Any]
CANARY = "sgp_" + "Canary9" * 9


def entries(event: str) -> list[Entry]:
    return list(Entry.objects.filter(event=event))


def bytes_of(evidence: Any) -> bytes:
    with store.open_bytes(evidence.sha256) as file:
        return file.read()


@pytest.fixture
def by_smtp(settings: Any) -> Make:
    def use(port: int) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 2

    return use


@pytest.fixture
def wants(acme: Any, ada: Any) -> Make:
    """What Acme wants of letters."""

    def make(**values: Any) -> None:
        said = Conditions(**values).as_json()
        number = TermsVersion.objects.count() + 1
        TermsVersion.objects.create(client=acme, version=number, values=said, set_by=ada)

    return make


# ---------------------------------------------------------------- the facts


def test_a_place_is_removed_only_with_the_time_of_the_read_that_showed_it(verified: Any, acme: Any) -> None:
    facts = queries.facts_of(verified, acme)
    assert facts["removed"] == [
        {"what": "Acme Production", "where": "production", "at": "2026-03-31T10:04:10.000000Z"}
    ]
    assert facts["unverified"] == [] and facts["not_done"] and not whole(facts)


def test_a_later_read_that_shows_the_same_changes_nothing(verified: Any, acme: Any) -> None:
    before = queries.facts_of(verified, acme)
    read_again(verified, "Acme Production", at=SEEN_AT + timedelta(days=30))
    assert queries.facts_of(verified, acme) == before


def test_a_place_that_was_not_read_again_is_not_called_removed(running: Make, acme: Any) -> None:
    removal = running("Acme Production")
    Run.objects.filter(item__plan__removal=removal, item__phase="remove").update(
        state="done", ended="changed"
    )
    facts = queries.facts_of(removal, acme)
    assert facts["removed"] == [] and facts["unverified"][0]["what"] == "Acme Production"


def test_of_another_clients_places_nothing_is_said(running: Make, clients: dict[str, Any]) -> None:
    removal = running("Acme Production", "Globex Secret")
    read_again(removal, "Globex Secret")
    assert "Globex" not in str(queries.facts_of(removal, clients["Acme"]))
    assert "Globex Secret" in str(queries.facts_of(removal, clients["Globex"])["removed"])


def test_steps_for_several_clients_are_one_line_and_a_step_says_where_it_is(
    running: Make, clients: dict[str, Any]
) -> None:
    removal = running("Acme Production", "Globex Secret")
    runs = Run.objects.filter(item__plan__removal=removal, item__phase__in=MATTERS)
    shared = list(runs.filter(item__workspace=None).order_by("pk"))
    assert len(shared) > 1
    told = queries.facts_of(removal, clients["Acme"])
    assert [row["what"] for row in told["not_done"] if "several clients" in row["what"]] == [
        f"{len(shared)} steps that concern several clients"
    ]
    Run.objects.filter(pk=shared[0].pk).update(
        state="done", ended="by hand", ended_at=removal.filed_at, ended_by=removal.requester
    )
    told = queries.facts_of(removal, clients["Acme"])
    (row,) = (row for row in told["by_hand"] if "several clients" in row["what"])
    assert (row["what"], row["at"]) == ("A step that concerns several clients", iso(removal.filed_at))
    one = Run.objects.select_related("item__workspace").filter(item__workspace__name="Acme Production")[0]
    one.item.title = "Drop the old login"
    assert step_row(one)["where"] == "Acme Production"
    one.item.title = "Remove Dan from Acme Production"
    assert step_row(one)["where"] == ""


# ---------------------------------------------------------------- approving and sending


def test_a_letter_goes_as_it_was_read_and_its_bytes_are_kept(
    sends: Make, go: Make, mailoutbox: list[Any]
) -> None:
    copy = go(sends())
    assert copy.state == "done" and copy.sent_at and copy.letter.standing == "released"
    raw = bytes_of(copy.file)
    mail = message_from_bytes(raw)
    assert mail["To"] == "it@acme.example" and mail["Message-ID"].startswith(f"<letter.{copy.pk}.")
    assert mail["Reply-To"] == "alice@northwind.example"
    text, document = mail.get_payload()
    assert "Acme Production, production, 31 Mar 2026 12:04 CEST" in text.get_payload(decode=True).decode()
    assert document.get_payload(decode=True) == bytes_of(copy.document)
    assert mailoutbox[0].message().as_bytes(linesep="\r\n") == raw
    (entry,) = entries("letter.sent")
    assert copy.file.sha256.encode() in bytes(entry.body) and b"acme.example" not in bytes(entry.body)


@pytest.mark.parametrize("reader", ["erin", "bob", "carol"])
def test_who_may_not_write_sends_nothing(
    letter: Make, by: Make, request: pytest.FixtureRequest, reader: str
) -> None:
    made = letter()
    with pytest.raises(Refused, match="Only the person who filed"):
        actions.release(made, by(request.getfixturevalue(reader), made), "it@acme.example")
    assert not Delivery.objects.exists()


def test_where_the_client_wants_it_another_person_approves_first(
    letter: Make, by: Make, alice: Any, bob: Any, wants: Make
) -> None:
    wants(approved=(Kind.CLIENT,))
    made = letter()
    with pytest.raises(Refused, match="another person"):
        actions.release(made, by(alice, made), "it@acme.example")
    digest = queries.text_digest(made)
    with pytest.raises(Refused, match="You wrote these words"):
        actions.approve(made, by(alice, made), digest)
    actions.approve(made, by(bob, made), digest)
    made.refresh_from_db()
    assert (made.standing, made.approved_by, made.text_digest) == ("approved", bob, digest)
    actions.release(made, by(alice, made), "it@acme.example")


def test_words_that_change_after_the_approval_are_not_approved(
    letter: Make, by: Make, alice: Any, bob: Any
) -> None:
    made = letter()
    actions.approve(made, by(bob, made), queries.text_digest(made))
    made.refresh_from_db()
    actions.edit(made, by(alice, made), "One more thing.")
    made.refresh_from_db()
    assert (made.standing, made.approved_by, made.text_digest) == ("draft", None, "")


def test_facts_that_change_before_sending_let_it_lapse_and_say_why(
    letter: Make, by: Make, alice: Any, verified: Any
) -> None:
    made = letter()
    read_again(verified, "Acme Production", "present", SEEN_AT + timedelta(hours=1))
    with pytest.raises(Refused, match="Acme Production was removed and is not verified"):
        actions.release(made, by(alice, made), "it@acme.example")
    made.refresh_from_db()
    assert made.standing == "lapsed" and "was removed and is not verified" in made.because
    assert entries("letter.lapsed") and not Delivery.objects.exists()


def test_facts_that_change_between_the_press_and_the_mail_stop_it(
    sends: Make, go: Make, verified: Any, mailoutbox: list[Any]
) -> None:
    copy = sends()
    read_again(verified, "Acme Production", "present", SEEN_AT + timedelta(hours=1))
    copy = go(copy)
    assert copy.state == "cancelled" and "facts changed" in copy.trouble and mailoutbox == []
    assert list(Letter.objects.order_by("pk").values_list("standing", flat=True)) == ["lapsed", "draft"]


def test_a_draft_takes_the_facts_of_now(letter: Make, by: Make, alice: Any, verified: Any) -> None:
    made = letter()
    with pytest.raises(Refused, match="Nothing in it has changed"):
        actions.write_again(made, by(alice, made))
    actions.edit(made, by(alice, made), "Kind regards")
    made.refresh_from_db()
    read_again(verified, "Acme Production", "present", SEEN_AT + timedelta(hours=1))
    again = actions.write_again(made, by(alice, made))
    assert again.pk == made.pk and again.facts["removed"] == [] and again.paragraph == "Kind regards"


def test_in_place_of_approved_words_that_lapsed_a_draft_stands(
    letter: Make, by: Make, alice: Any, bob: Any, verified: Any
) -> None:
    made = letter()
    actions.approve(made, by(bob, made), queries.text_digest(made))
    read_again(verified, "Acme Production", "present", SEEN_AT + timedelta(hours=1))
    made.refresh_from_db()
    with pytest.raises(Refused, match="it lapsed"):
        actions.release(made, by(alice, made), "it@acme.example")
    lapsed, draft = Letter.objects.order_by("pk")
    assert (lapsed.standing, draft.standing, draft.approved_by) == ("lapsed", "draft", None)
    assert draft.texted_by == alice and draft.facts["removed"] == []


def test_an_old_form_sends_nothing(letter: Make, by: Make, alice: Any) -> None:
    made = letter()
    asked = by(alice, made)
    actions.edit(made, asked, "x")
    with pytest.raises(Refused, match="moved on meanwhile"):
        actions.release(made, asked, "it@acme.example")


def test_there_is_one_open_letter_of_a_kind(letter: Make) -> None:
    letter()
    with pytest.raises(Refused, match="an open one already"):
        letter()


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("it@acme.example\r\nBcc: x@evil.example", "no e-mail address"),
        ("it@acme.example, nobody", "no e-mail address: nobody"),
        ("dan@northwind.example", "an address of the person who leaves"),
        ("", "Enter an address"),
        (",".join(f"a{n}@acme.example" for n in range(6)), "at most 5"),
    ],
)
def test_an_address_that_cannot_be_is_named(letter: Make, by: Make, alice: Any, to: str, says: str) -> None:
    made = letter()
    with pytest.raises(Refused, match=says):
        actions.release(made, by(alice, made), to)
    assert Letter.objects.get().standing == "draft"


def test_the_persons_notice_goes_to_the_person_alone(letter: Make, by: Make, alice: Any) -> None:
    made = letter("collaborator")
    with pytest.raises(Refused, match="only to addresses of the person"):
        actions.release(made, by(alice, made), "it@acme.example")
    actions.release(made, by(alice, made), "DAN@northwind.example")


def test_in_an_emergency_the_person_is_told_nothing_before_security_says_so(
    letter: Make, by: Make, alice: Any, bob: Any, sam: Any, verified: Any
) -> None:
    letter("collaborator")
    type(verified).objects.filter(pk=verified.pk).update(emergency=True, approved_at=None)
    made = Letter.objects.select_related("removal", "client").get()
    Letter.objects.update(facts_digest=canonical.digest(queries.facts_of(made.removal, made.client)))
    made.refresh_from_db()
    with pytest.raises(Refused, match="before security approves"):
        actions.release(made, by(alice, made), "dan@northwind.example")
    digest = queries.text_digest(made)
    with pytest.raises(Refused, match="only security decides"):
        actions.approve(made, by(bob, made), digest)
    actions.approve(made, by(sam, made), digest)


def test_a_secret_in_the_paragraph_is_refused_and_kept_nowhere(letter: Make, by: Make, alice: Any) -> None:
    made = letter()
    with pytest.raises(Refused) as refusal:
        actions.edit(made, by(alice, made), f"the token was {CANARY}")
    assert refusal.value.code == "secret" and CANARY not in refusal.value.sentence
    assert CANARY not in str(list(Letter.objects.values())) + str(
        [bytes(e.body) for e in Entry.objects.all()]
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_sends_at_once_one_counts(letter: Make, by: Make, alice: Any) -> None:
    made, gate = letter(), threading.Barrier(2)
    asked = by(alice, made)

    def one(_: int) -> int:
        try:
            gate.wait(10)
            return len(actions.release(Letter.objects.get(pk=made.pk), asked, "it@acme.example"))
        except Refused:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(one, range(2))) == 1
    assert Delivery.objects.count() == 1


# ---------------------------------------------------------------- the mail server


SERVER = {
    "taken": ({"BODY": "250 2.0.0 Ok: queued as 4F1"}, "done", ""),
    "refused": ({"RCPT": "550 no such user"}, "failed", "550 no such user"),
    "put off": ({"BODY": "451 disk full"}, "waiting", "451 disk full"),
    "no answer after the text": ({"BODY": HANG_UP}, "unknown", "may have been sent"),
}


@pytest.mark.parametrize(("answers", "state", "says"), SERVER.values(), ids=SERVER)
def test_what_the_mail_server_answers_decides(
    sends: Make, go: Make, by_smtp: Make, answers: dict[str, str], state: str, says: str
) -> None:
    with mail_server(**answers) as box:
        by_smtp(box.port)
        copy = go(sends("confirmation", "mia@northwind.example"))
    assert copy.state == state and says in copy.trouble
    assert copy.answer == ("250 2.0.0 Ok: queued as 4F1" if state == "done" else "")
    assert all(taken.encode() == bytes_of(copy.file) for taken in box.taken)


def test_a_letter_that_was_put_off_goes_later_in_the_same_bytes(sends: Make, go: Make, by_smtp: Make) -> None:
    by_smtp(9)
    copy = go(sends())
    first = copy.file_id
    assert copy.state == "waiting" and first
    with mail_server() as box:
        by_smtp(box.port)
        copy = go(copy)
    assert copy.state == "done" and copy.file_id == first
    assert box.taken[0].encode() == bytes_of(copy.file)


def test_death_between_the_mail_and_the_row_leaves_doubt_and_one_mail(
    sends: Make, go: Make, dead: Make, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch,
    by: Make, alice: Any,
) -> None:  # fmt: skip
    real = locmem.EmailBackend.send_messages

    def send_and_die(self: Any, messages: Any) -> int:
        real(self, messages)
        raise SystemExit

    copy = sends()
    monkeypatch.setattr(locmem.EmailBackend, "send_messages", send_and_die)
    with pytest.raises(SystemExit):
        go(copy)
    monkeypatch.undo()
    dead(copy)
    for _ in range(2):  # nobody sends it again but a person
        assert go(copy).state == "unknown" and len(mailoutbox) == 1
    copy.refresh_from_db()
    actions.send_again(copy, by(alice), copy.fence)
    assert go(copy).state == "done" and len(mailoutbox) == 2
    assert mailoutbox[0].message().as_bytes() == mailoutbox[1].message().as_bytes()


def test_death_before_the_mail_was_handed_over_costs_nothing(
    sends: Make, go: Make, dead: Make, mailoutbox: list[Any]
) -> None:  # fmt: skip
    copy = sends()
    dead(copy)
    for _ in range(2):
        assert go(copy).state == "done" and len(mailoutbox) == 1


def test_a_letter_that_stops_three_times_says_so(sends: Make, go: Make, dead: Make) -> None:
    copy = sends()
    dead(copy, crashes=2)
    copy = go(copy)
    assert copy.state == "needs_person" and "3 times" in copy.trouble
    assert len(entries("letter.failed")) == 1


# ---------------------------------------------------------------- the document, and how it arrived


def test_the_document_alone_is_made_once_and_kept(letter: Make, by: Make, alice: Any, go: Make) -> None:
    made = letter()
    (copy,) = actions.release(made, by(alice, made), "", paper=True)
    copy = go(copy)
    assert copy.state == "done" and bytes_of(copy.file).startswith(b"%PDF-1.7")
    assert len(entries("letter.document_made")) == 1


def test_how_it_arrived_is_said_by_a_person_with_proof(sends: Make, go: Make, by: Make, alice: Any) -> None:
    copy = sends()
    proof = actions.store_proof(b"Thank you", copy)
    said = (Word.DELIVERED, "They answered.", proof, "answer.txt", "text/plain")
    with pytest.raises(Refused, match="has not gone yet"):
        actions.note_arrival(copy, by(alice), *said)
    copy = go(copy)
    actions.note_arrival(copy, by(alice), *said)
    copy.refresh_from_db()
    assert (copy.word, copy.word_by, copy.word_proof.sha256) == ("delivered", alice, proof.sha256)
    with pytest.raises(Refused, match="noted already"):
        actions.note_arrival(copy, by(alice), *said)


# ---------------------------------------------------------------- the checklist


def all_ended(removal: Any) -> None:
    rest = Run.objects.filter(item__plan__removal=removal, item__phase__in=["rotate", "verify"])
    rest.exclude(state="done").update(state="done", ended="changed")


def test_drafts_are_there_when_telling_has_its_turn_and_nothing_goes_while_steps_are_open(
    verified: Any,
) -> None:
    route.go_on(verified)
    assert not Letter.objects.exists()
    turn_to_tell(verified)
    for _ in range(2):
        route.go_on(verified)
    drafts = sorted(Letter.objects.values_list("kind", "standing"))
    assert drafts == [("client", "draft"), ("confirmation", "draft")]
    assert not Delivery.objects.exists()


def test_the_confirmation_goes_by_itself_once_everything_is_verified_and_the_letter_to_the_client_does_not(
    verified: Any, go: Make, mailoutbox: list[Any]
) -> None:
    turn_to_tell(verified)
    route.go_on(verified)
    all_ended(verified)
    for _ in range(2):
        route.go_on(verified)
    (copy,) = Delivery.objects.all()
    assert (copy.letter.kind, copy.address) == ("confirmation", "alice@northwind.example")
    go(copy)
    assert b"Auto-Submitted: auto-generated" in mailoutbox[0].message().as_bytes()


@pytest.fixture
def confirmed(verified: Any, go: Make) -> Any:
    """The step *tell*, when the confirmation has gone and the letter to the client has not."""
    step = turn_to_tell(verified)
    all_ended(verified)
    route.go_on(verified)
    go(Delivery.objects.get())
    step.refresh_from_db()
    assert step.state == "needs_person"
    return step


def test_telling_ends_by_the_fact_that_everybody_was_told(
    confirmed: Any, go: Make, by: Make, alice: Any
) -> None:
    to_client = Letter.objects.get(kind="client")
    (copy,) = actions.release(to_client, by(alice, to_client), "it@acme.example")
    go(copy)
    confirmed.refresh_from_db()
    assert (confirmed.state, confirmed.ended, confirmed.ended_by) == ("done", "changed", None)
    assert "Letter to the client: sent" in confirmed.sentence


def test_a_letter_that_is_given_up_says_why_and_holds_nothing_up(
    confirmed: Any, by: Make, alice: Any
) -> None:
    to_client = Letter.objects.get(kind="client")
    with pytest.raises(Refused, match="Say why"):
        actions.withdraw(to_client, by(alice, to_client), " ")
    actions.withdraw(to_client, by(alice, to_client), "The client wants no letters.")
    confirmed.refresh_from_db()
    assert confirmed.state == "done" and "given up, The client wants no letters." in confirmed.sentence


def test_an_automatic_letter_to_the_client_needs_a_setting_of_the_client(verified: Any, wants: Make) -> None:
    wants(automatic=(Kind.CONFIRMATION, Kind.CLIENT), addresses={"client": "it@acme.example"})
    turn_to_tell(verified)
    all_ended(verified)
    route.go_on(verified)
    gone = sorted(Delivery.objects.values_list("address", flat=True))
    assert gone == ["alice@northwind.example", "it@acme.example"]


# ---------------------------------------------------------------- the packet


def test_what_was_told_goes_into_the_packet_with_its_bytes(
    sends: Make, go: Make, by: Make, alice: Any, verified: Any
) -> None:
    copy = go(sends())
    proof = actions.store_proof(b"Thank you", copy)
    actions.note_arrival(copy, by(alice), Word.DELIVERED, "", proof, "answer.txt", "text/plain")
    shelf = Shelf(lambda: None)
    (told,) = letters(verified, datetime.now(UTC) + timedelta(minutes=1), shelf)
    assert (told.channel, told.to, told.state) == (
        "Letter by mail",
        "it@acme.example",
        "delivered, says Alice",
    )
    names = {each.name for each in shelf.pieces.values() if each.number in told.evidence}
    assert names <= set(files_of(verified).values_list("name", flat=True))
    assert names == {f"letter-{copy.pk}.eml", f"{verified.reference}-client.pdf", "answer.txt"}


def test_what_never_went_waits_for_its_writers_after_closing(
    letter: Make, alice: Any, bob: Any, carol: Any, olga: Any, today: Any
) -> None:
    from offboarding.directory.queries import scope_of
    from offboarding.letters.queries import left_unsent
    from offboarding.removals.models import RemovalRequest

    draft = letter()
    assert left_unsent(scope_of(alice, today)) == [], "the step *tell* asks for it while the request runs"
    RemovalRequest.objects.update(stage="closed", closed_at=datetime.now(UTC))
    assert left_unsent(scope_of(alice, today)) == left_unsent(scope_of(olga, today)) == [draft]
    assert left_unsent(scope_of(bob, today)) == left_unsent(scope_of(carol, today)) == []


@pytest.mark.parametrize("end", ["sent", "given up"])
def test_what_went_or_was_given_up_waits_for_nobody(
    letter: Make, alice: Any, by: Make, today: Any, end: str
) -> None:
    from offboarding.directory.queries import scope_of
    from offboarding.letters.queries import left_unsent
    from offboarding.removals.models import RemovalRequest

    draft = letter()
    RemovalRequest.objects.update(stage="closed", closed_at=datetime.now(UTC))
    if end == "sent":
        actions.release(draft, by(alice, draft), "it@acme.example")
    else:
        actions.withdraw(draft, by(alice, draft), "told by phone")
    assert left_unsent(scope_of(alice, today)) == []


def test_a_packet_tells_of_a_letter_that_never_went(
    letter: Make, verified: Any, alice: Any, by: Make
) -> None:
    draft, sealed = letter(), datetime.now(UTC) + timedelta(seconds=2)

    def told(until: datetime) -> list[tuple[str, str, str]]:
        shelf = Shelf(lambda: None)
        return [(each.channel, each.subject, each.state) for each in letters(verified, until, shelf)]

    assert told(sealed) == [("Letter", "Letter to the client", "not sent: still a draft")]
    actions.release(draft, by(alice, draft), "it@acme.example")
    type(draft).objects.filter(pk=draft.pk).update(released_at=sealed + timedelta(hours=1))
    assert told(sealed) == [("Letter", "Letter to the client", "not sent: still a draft")], "by then"
    assert told(sealed + timedelta(hours=2)) == [], "it was released, and has not gone yet"
