"""The review afterwards: by somebody else, once, against a deadline, and before anything closes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.emergencies.actions import Word, review, watch_reviews
from offboarding.emergencies.models import Emergency, Review
from offboarding.emergencies.queries import is_reviewed, reviewers_of
from offboarding.emergencies.rules import Standing, Verdict, may_not_review, may_not_second, remind_at
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.users.rules import Role
from tests.conftest import DAN
from tests.work.test_at_once import together

Make = Callable[..., Any]

RULES = [
    (Standing(1, ["sam@x.example"], True), "You released this, so somebody else reviews it."),
    (Standing(2, ["ada@x.example"], True), "You released this, so somebody else reviews it."),
    (Standing(3, ["DAN@x.example"], True), "This is about your own access, so somebody else reviews it."),
    (
        Standing(3, ["bob@x.example"], False),
        "Only approvers, security and administrators of every client in it review an emergency.",
    ),
    (Standing(3, ["bob@x.example"], True), ""),
]  # fmt: skip


@pytest.mark.parametrize(("who", "says"), RULES, ids=[str(n) for n in range(len(RULES))])
def test_who_may_review(who: Standing, says: str) -> None:
    assert may_not_review(who, {1, 2}, ["dan@x.example"]) == says


SECONDS = [
    (Standing(1, ["sam@x.example"], True), "You asked for this"),
    (Standing(2, ["dan@x.example"], True), "This is about your own access"),
    (Standing(2, ["bob@x.example"], False), "Only security and administrators"),
]


@pytest.mark.parametrize(("who", "says"), SECONDS, ids=[row[1][:10] for row in SECONDS])
def test_who_may_confirm(who: Standing, says: str) -> None:
    assert may_not_second(who, 1, ["dan@x.example"]).startswith(says)
    assert may_not_second(Standing(2, ["ada@x.example"], True), 1, ["dan@x.example"]) == ""


def said(user: Any) -> Word:
    return Word(user, "Confirm the emergency", "code", "127.0.0.1")


def test_somebody_else_confirms_it_once(release: Make, bob: Any, person: Make) -> None:
    removal = release("Acme Production")
    assert not is_reviewed(removal)
    made = review(removal, said(bob), Verdict.CONFIRM, " Looked at INC-774 ")
    assert (made.reviewer, made.note, is_reviewed(removal)) == (bob, "Looked at INC-774", True)
    assert Entry.objects.filter(event="emergency.reviewed", about=removal.reference).count() == 1
    with pytest.raises(Refused) as refused:
        review(removal, said(person("zoe", Role.APPROVER)), Verdict.OBJECT, "No")
    assert refused.value.code == "reviewed-already"


def test_who_released_it_does_not_review_it(release: Make, sam: Any) -> None:
    removal = release("Acme Production")
    with pytest.raises(Refused) as refused:
        review(removal, said(sam), Verdict.CONFIRM, "It was me")
    assert refused.value.code == "may-not-review"


@pytest.mark.parametrize("role", [Role.REQUESTER, Role.OPERATOR, Role.AUDITOR])
def test_other_roles_do_not_review(release: Make, person: Make, role: Role) -> None:
    removal = release("Acme Production")
    with pytest.raises(Refused) as refused:
        review(removal, said(person("zoe", role)), Verdict.CONFIRM, "Fine")
    assert refused.value.code == "may-not-review"


def test_an_approver_of_one_of_two_clients_reviews_that_one(release: Make, person: Make) -> None:
    acme = release("Acme Production", "Globex Production")
    globex = RemovalRequest.objects.exclude(pk=acme.pk).get()
    zoe = person("zoe", Role.APPROVER, clients_=("Acme",))
    assert zoe not in reviewers_of(Emergency.objects.get(removal=globex), datetime.now(UTC).date())
    with pytest.raises(Refused):
        review(globex, said(zoe), Verdict.CONFIRM, "Fine")
    assert review(acme, said(zoe), Verdict.CONFIRM, "Fine").reviewer == zoe


def test_a_review_says_what_was_looked_at(release: Make, bob: Any) -> None:
    with pytest.raises(Refused) as refused:
        review(release("Acme Production"), said(bob), Verdict.CONFIRM, "  ")
    assert refused.value.facts["field"] == "note"


def test_the_database_keeps_the_two_apart(release: Make, sam: Any) -> None:
    release("Acme Production")
    emergency = Emergency.objects.get()
    with pytest.raises(IntegrityError, match=r"who_releases_does_not_review|CHECK"), transaction.atomic():
        Review.objects.create(
            emergency=emergency,
            reviewer=sam,
            released_by=sam,
            verdict="confirm",
            note="n",
            text="t",
            method="code",
        )


def test_the_database_takes_no_other_person_for_the_second_than_another(release: Make, sam: Any) -> None:
    release("Acme Production")
    with pytest.raises(IntegrityError), transaction.atomic():
        Emergency.objects.update(second=sam, because="factor")


@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_reviews_at_once_one_counts_and_none_is_the_releasers(
    release: Make, sam: Any, bob: Any, person: Make
) -> None:
    removal = release("Acme Production")
    people = [sam, bob, person("zoe", Role.APPROVER), person("kim", Role.SECURITY)]

    def press(number: int) -> str:
        try:
            return str(review(removal, said(people[number % 4]), Verdict.CONFIRM, "Fine").reviewer_id)
        except Refused as refusal:
            return refusal.code

    told = together(press, 100)
    assert told.count("may-not-review") + told.count("reviewed-already") == 99
    made = Review.objects.get()
    assert made.reviewer_id != sam.pk and str(made.reviewer_id) in told
    assert Entry.objects.filter(event="emergency.reviewed").count() == 1


# ---------------------------------------------------------------- against the clock


def events() -> list[str]:
    return list(
        Entry.objects.filter(event="emergency.review_due").order_by("seq").values_list("event", flat=True)
    )


def test_it_reminds_once_and_alarms_once(release: Make) -> None:
    release("Acme Production")
    made = Emergency.objects.get()
    assert made.review_due_at - made.at == pytest.approx(timedelta(hours=24), abs=timedelta(seconds=5))
    watch_reviews(made.at + timedelta(hours=17))
    assert events() == []
    reminds = remind_at(made.at, made.review_due_at, 75)
    for _ in range(3):
        watch_reviews(reminds)
    assert len(events()) == 1
    for _ in range(3):
        watch_reviews(made.review_due_at)
    assert len(events()) == 2
    made.refresh_from_db()
    assert made.reminded_at and made.overdue_at


def test_nothing_is_said_of_what_is_reviewed(release: Make, bob: Any) -> None:
    removal = release("Acme Production")
    review(removal, said(bob), Verdict.CONFIRM, "Fine")
    watch_reviews(datetime.now(UTC) + timedelta(days=9))
    assert events() == []


def finished(removal: Any) -> None:
    """All steps, as if their work were done; queued ones too."""
    open_ = Run.objects.filter(item__plan__removal=removal, item__at="").exclude(item__step="packet.seal")
    open_.update(state="done", ended="already")


def removal_open(removal: Any) -> bool:
    return (
        Run.objects.filter(item__plan__removal=removal, item__blocks_closing=True)
        .exclude(state="done")
        .exists()
    )


def test_it_closes_only_after_the_review_and_then_a_new_one_may_begin(
    release: Make, workspace: Make, bob: Any
) -> None:
    place = workspace("Acme Production")
    removal = release(connected=[place])
    for _ in range(2):  # what follows behind it is added once its reach is known
        finished(removal)
        journey.advance(removal.pk)
    removal.refresh_from_db()
    assert not removal_open(removal) and removal.stage == "running" and not Packet.objects.exists()
    review(removal, said(bob), Verdict.OBJECT, "Nobody asked the lead")
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "closed" and Packet.objects.filter(removal=removal).exists()
    assert release(connected=[place]).stage == "running"


def test_everybody_is_told_once(release: Make, alice: Any, bob: Any, olga: Any, person: Make) -> None:
    from offboarding.notifications.handlers import drafts_for

    zoe = person("zoe", Role.SECURITY)
    removal = release("Acme Production")
    entry = Entry.objects.get(event="emergency.released")
    told = [(draft.to, draft.kind) for draft in drafts_for(entry)]
    assert sorted(told, key=str) == sorted(
        [(alice, "emergency"), (zoe, "emergency"), (bob, "review")], key=str
    )
    subjects = {draft.kind: draft.subject for draft in drafts_for(entry)}
    assert subjects["emergency"] == "Emergency INC-774: access of dan@… is being removed"
    assert not drafts_for(Entry.objects.get(event="removal.filed")), "nobody is asked to decide"
    review(removal, said(bob), Verdict.OBJECT, "Nobody asked the lead")
    objection = drafts_for(Entry.objects.get(event="emergency.reviewed"))
    assert {draft.to for draft in objection} >= {alice, zoe} and "Objection" in objection[0].subject


def test_the_address_of_the_person_stands_in_no_subject(release: Make, alice: Any) -> None:
    from offboarding.notifications.handlers import drafts_for

    release("Acme Production")
    entry = Entry.objects.get(event="emergency.released")
    assert all(DAN not in draft.subject for draft in drafts_for(entry))


def test_when_a_review_is_reminded_of_is_as_it_is_set(ada: Any, today: Any, release: Make) -> None:
    from offboarding.directory.queries import scope_of
    from offboarding.removals import adjusting
    from offboarding.removals.catalogue import REMINDERS

    release("Acme Production")
    made = Emergency.objects.get()
    half = made.at + (made.review_due_at - made.at) / 2
    watch_reviews(half)
    assert events() == []
    usual = adjusting.standing(REMINDERS).values
    adjusting.change(ada, scope_of(ada, today), REMINDERS, {**usual, "review-reminder": 50}, 0)
    watch_reviews(half)
    assert len(events()) == 1
