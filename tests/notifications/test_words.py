"""What notices claim at the end: verified is only what was read again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from offboarding.checklist.rules import Kind
from offboarding.discovery.rules import Outcome, Sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Seen, Sight
from offboarding.ledger.actions import APP, Event, record
from offboarding.notifications.models import Message
from offboarding.notifications.rules import Draft, subject_of, text_of
from offboarding.users.rules import Role
from offboarding.verification.actions import record_finding

Make = Callable[..., Any]
News = Callable[[], list[Any]]


@pytest.fixture
def check() -> Make:
    """A later look at one place: `check(removal, "Acme Staging", Seen.ABSENT)`; the check's step then is done."""

    def look(removal: Any, workspace: str, seen: Seen) -> Run:
        run = Run.objects.select_related("item__workspace", "item__plan__removal").get(
            item__plan__removal=removal, item__workspace__name=workspace,
            item__kind=Kind.VERIFICATION, item__phase="verify", item__step="verify.place",
        )  # fmt: skip
        tries = run.attempts.count()
        attempt = Attempt.objects.create(run=run, number=tries + 1, act="look", intent="Read")
        says = f"{seen.value} in {workspace}"
        record_finding(run, attempt, Sight(seen, says), Sighting(Outcome.ABSENT))
        Run.objects.filter(pk=run.pk).update(state="done", ended="changed")
        return run

    return look


@pytest.fixture
def closed(db: None, news: News) -> Make:
    """The notice that a removal is closed, as it stands."""

    def close(removal: Any) -> Any:
        from django.db import transaction

        with transaction.atomic():
            record(Event.REMOVAL_CLOSED, actor=APP, about=removal.reference)
        return next(message for message in news() if message.kind == "closed")

    return close


def test_everything_read_again_is_called_fully_revoked(running: Make, check: Make, closed: Make) -> None:
    removal = running("Acme Production", "Acme Staging")
    for name in ("Acme Production", "Acme Staging"):
        check(removal, name, Seen.ABSENT)
    message = closed(removal)
    assert message.subject == "Access is fully revoked: dan@…, 2 workspaces"
    assert "2 of 2: Acme Production, Acme Staging" in message.text
    assert "Not verified" not in message.text


def test_what_was_not_read_again_is_listed_and_nothing_is_called_fully_revoked(
    running: Make, check: Make, closed: Make
) -> None:
    removal = running("Acme Production", "Acme Staging")
    check(removal, "Acme Production", Seen.ABSENT)
    message = closed(removal)
    assert message.subject == "Closed: dan@… is verified gone from 1 of 2 workspaces"
    assert "1 of 2: Acme Production" in message.text
    assert "Not verified" in message.text and "Acme Staging: " in message.text


def test_what_was_signed_off_by_hand_is_not_called_verified(
    running: Make, check: Make, closed: Make, olga: Any
) -> None:
    removal = running("Acme Production")
    run = check(removal, "Acme Production", Seen.PRESENT)
    Run.objects.filter(pk=run.pk).update(ended="by hand", ended_by=olga)
    message = closed(removal)
    assert "fully revoked" not in message.subject
    assert "Acme Production: Checked by hand, not read by us" in message.text


def test_a_skipped_step_that_matters_is_listed_and_spoils_the_claim(
    running: Make, check: Make, closed: Make, olga: Any
) -> None:
    removal = running("Acme Production")
    check(removal, "Acme Production", Seen.ABSENT)
    skipped = Run.objects.filter(item__phase="rotate").select_related("item").first()
    assert skipped is not None
    Run.objects.filter(pk=skipped.pk).update(
        state="cancelled", ended="waived", ended_by=olga, note="No vault"
    )
    message = closed(removal)
    assert message.subject == "Closed: dan@… is verified gone from 1 of 1 workspaces"
    assert f"{skipped.item.title}: No vault" in message.text


def test_access_that_came_back_is_told_once_to_security_and_requester_however_often_it_is_seen(
    running: Make, check: Make, sam: Any, carol: Any, news: News, person: Make
) -> None:
    person("sue", Role.SECURITY, clients_=("Hooli",))
    removal = running("Acme Production")
    check(removal, "Acme Production", Seen.ABSENT)
    for _ in range(3):
        check(removal, "Acme Production", Seen.PRESENT)
    told = [message for message in news() if message.kind == "came back"]
    assert {message.recipient.name for message in told} == {"Sam", "Alice"} and len(told) == 2
    assert told[0].subject == "Access came back: dan@… in Acme Production"
    assert told[0].joined_to is None and told[0].not_before <= datetime.now(UTC)


def test_a_sealed_packet_is_told_to_requester_and_approvers(
    running: Make, erin: Any, sam: Any, news: News
) -> None:
    from django.db import transaction

    removal = running("Acme Production")
    with transaction.atomic():
        facts = {"version": 1, "sha256": "aa" * 32, "bag_sha256": "bb" * 32}
        record(Event.PACKET_SEALED, actor=APP, about=removal.reference, facts=facts)
    told = [message for message in news() if message.kind == "sealed"]
    assert {message.recipient.name for message in told} == {"Alice", "Bob"}
    assert all("bb" * 32 in message.text and message.url == "/evidence/R-1001/" for message in told)


def test_closing_and_sealing_are_one_mail(running: Make, check: Make, closed: Make, news: News) -> None:
    from django.db import transaction

    removal = running("Acme Production")
    message = closed(removal)
    with transaction.atomic():
        facts = {"version": 1, "sha256": "aa" * 32, "bag_sha256": "bb" * 32}
        record(Event.PACKET_SEALED, actor=APP, about=removal.reference, facts=facts)
    news()
    assert Message.objects.get(kind="sealed", recipient=message.recipient).joined_to_id == message.pk


def draft(**changes: Any) -> Draft:
    class Somebody:
        pk, name = 1, "Somebody"

    given = {
        "to": Somebody(),
        "kind": "k",
        "subject": "s",
        "lead": "Lead.",
        "facts": (),
        "url": "/",
        **changes,
    }
    return Draft(**given)


def test_a_subject_is_one_line_of_bounded_length() -> None:
    assert subject_of(draft(subject="a\r\nBcc: x\n b")) == "a Bcc: x b"
    assert len(subject_of(draft(subject="x" * 500))) == 160


def test_facts_stand_in_columns_and_long_ones_stay_in_theirs() -> None:
    text = text_of(draft(facts=[("Who", "Dan"), ("Not verified", "one\ntwo")]))
    assert text == "Lead.\n\nWho           Dan\nNot verified  one\n              two"
