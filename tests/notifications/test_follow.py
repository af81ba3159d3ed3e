"""From the ledger to messages: works, wrong person, wrong client, twice, at the same time, half way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from offboarding.journey import actions as journey
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry, Head
from offboarding.notifications import handlers
from offboarding.notifications.follow import TRIES, follow
from offboarding.notifications.models import Cursor, Message
from offboarding.notifications.rules import Draft
from offboarding.users.rules import Role

Make = Callable[..., Any]
News = Callable[[], list[Any]]
CANARY = "sgp_" + "Canary9" * 9


def told(messages: list[Any]) -> list[tuple[str, str]]:
    return [(message.kind, message.recipient.name) for message in messages]


def test_a_filed_request_is_news_to_those_who_decide(filed: Make, bob: Any, sam: Any, news: News) -> None:
    removal = filed()
    (message,) = news()
    assert (message.recipient, message.about, message.kind) == (bob, removal.reference, "decide")
    assert "remove dan@… from 1 Acme workspace" in message.subject
    assert message.url == f"/requests/{removal.reference}/approve/"


def test_followed_again_nothing_is_written_again(filed: Make, bob: Any, news: News) -> None:
    filed()
    assert len(news()) == len(news()) == 1


def test_even_a_cursor_that_was_turned_back_tells_nobody_twice(filed: Make, bob: Any, news: News) -> None:
    filed()
    before = told(news())
    Cursor.objects.update(seq=0)
    assert told(news()) == before


def test_question_answer_and_decision_go_to_whoever_waits_for_them(
    filed: Make, decide: Make, alice: Any, bob: Any, news: News
) -> None:
    from offboarding.approvals import actions as approvals

    removal = filed()
    asked = decide(removal, bob, "ask", "Who takes over?")
    approvals.answer(removal, alice, asked.pk, "Olga does.")
    decide(removal, bob, "reject", "Not today")
    assert told(news()) == [
        ("decide", "Bob"),
        ("question", "Alice"),
        ("answer", "Bob"),
        ("rejected", "Alice"),
    ]
    assert "Who takes over?" in Message.objects.get(kind="question").text
    assert "Olga does." in Message.objects.get(kind="answer").text


def test_who_was_asked_is_told_that_it_is_withdrawn_and_nobody_of_a_draft(
    filed: Make, drafted: Make, decide: Make, alice: Any, bob: Any, person: Make, news: News
) -> None:
    from offboarding.removals import actions as removals

    removal, dev = filed("Acme Production"), person("dev", Role.APPROVER)
    decide(removal, bob)
    removals.withdraw(removal, alice, "Filed twice")
    withdrawn = [each for each in news() if each.kind == "withdrawn"]
    assert {each.recipient for each in withdrawn} == {bob, dev}
    assert "Filed twice" in withdrawn[0].text and "Nothing is removed" in withdrawn[0].text
    removals.withdraw(drafted("Acme Staging"), alice, "")
    assert len([each for each in news() if each.kind == "withdrawn"]) == 2


def test_a_changed_plan_asks_the_approvers_again(
    filed: Make, alice: Any, bob: Any, today: Any, news: News
) -> None:
    from offboarding.removals.actions import Wish
    from offboarding.removals.rules import Choice

    removal = filed("Acme Production", "Acme Staging")
    wishes = [Wish(removal.places.first().workspace, Choice.REMOVE)]
    journey.change(removal, alice, wishes, removal.version, today)
    assert told(news()) == [("decide", "Bob"), ("decide again", "Bob")]


def test_steps_for_people_go_to_operators_and_security(
    running: Make, olga: Any, sam: Any, news: News
) -> None:
    running()
    steps = {name for kind, name in told(news()) if kind == "step"}
    assert steps == {"Olga", "Sam"}


def test_a_step_that_somebody_has_is_told_to_nobody_else(
    running: Make, olga: Any, sam: Any, alice: Any, news: News
) -> None:
    from offboarding.execution import actions as execution
    from offboarding.execution.models import Run

    run = (
        Run.objects.filter(item__plan__removal=running(), state="needs_person").select_related("item").first()
    )
    before = len(news())
    execution.assign(run, olga, sam)
    given = news()[before:]
    assert told(given) == [("step given", "Sam")]
    assert f"Step {run.item.number} is yours" in given[0].subject


@pytest.mark.parametrize(("able", "told_are"), [(True, {"Olga"}), (False, {"Sam"})])
def test_a_step_of_somebody_who_may_do_it_no_longer_is_told_to_those_who_may(
    able: bool, told_are: set[str], running: Make, olga: Any, sam: Any, news: News
) -> None:
    from offboarding.directory.models import Membership
    from offboarding.execution.models import Run

    Run.objects.filter(item__plan__removal=running()).update(assigned_to=olga)
    if not able:
        Membership.objects.filter(user=olga).delete()
    assert {name for kind, name in told(news()) if kind == "step"} == told_are


def test_nobody_of_another_client_is_ever_told(
    filed: Make, decide: Make, running: Make, person: Make, news: News
) -> None:
    for role in Role:
        person(f"{role.value}-of-hooli", role, clients_=("Hooli",))
    everywhere_but_one = person("half", Role.APPROVER, Role.OPERATOR, Role.SECURITY, clients_=("Acme",))
    removal = running("Acme Production", "Globex Main")
    people = {message.recipient for message in news()}
    assert everywhere_but_one not in people
    assert {user.name for user in people} == {"Alice", "Bob"}
    assert removal.stage == "running"


def test_the_person_whose_access_goes_is_told_nothing(
    filed: Make, bob: Any, person: Make, news: News
) -> None:
    dan = person("dan", Role.APPROVER, Role.OPERATOR)
    filed()
    assert dan not in {message.recipient for message in news()}


def test_a_refused_token_is_told_once_to_those_who_keep_the_connection(
    workspace: Make, olga: Any, carol: Any, person: Make, news: News
) -> None:
    from offboarding.connections.actions import token_refused

    admin, other = person("ada", Role.ADMINISTRATOR), person("oz", Role.OPERATOR, clients_=("Hooli",))
    place = workspace("Acme Production")
    token_refused(place, "Segment answered 401.")
    token_refused(place, "Segment answered 401.")
    messages = news()
    assert {message.recipient for message in messages} == {olga, admin}
    assert other not in {message.recipient for message in messages}
    assert len(messages) == 2 and messages[0].url == "/setup/connections/"


def test_notices_of_a_connection_go_to_its_owners_while_there_are_any(
    workspace: Make, olga: Any, ada: Any, today: Any, news: News
) -> None:
    from offboarding.connections.actions import token_refused, token_works
    from offboarding.connections.models import Owner
    from offboarding.directory.models import Membership

    place = workspace("Acme Production")

    def told() -> set[Any]:
        before = {message.pk for message in news()}
        token_refused(place, "Segment answered 401.")
        return {message.recipient for message in news() if message.pk not in before}

    Owner.objects.create(workspace=place, user=olga)
    assert told() == {olga}
    token_works(place)
    Membership.objects.filter(user=olga).delete()
    assert told() == {ada}, "whoever is named and can no longer look after it leaves it to all others"
    token_works(place)
    type(olga).objects.filter(pk=olga.pk).update(is_active=False)
    assert told() == {ada}


def test_a_token_that_grows_old_is_told_once_and_its_successor_anew(
    workspace: Make, olga: Any, news: News, turn: Make
) -> None:
    from offboarding.connections.actions import note_old_tokens, replace_token
    from offboarding.connections.models import Workspace
    from offboarding.ledger.actions import APP

    place, half_a_year = workspace("Acme Production"), timedelta(days=180)

    def grows_old() -> None:
        Workspace.objects.filter(pk=place.pk).update(token_set_at=datetime.now(UTC) - timedelta(days=181))

    note_old_tokens(half_a_year)
    assert news() == []
    grows_old()
    note_old_tokens(half_a_year)
    note_old_tokens(half_a_year)
    (message,) = news()
    assert (message.recipient, message.kind) == (olga, "token old")
    assert "Acme Production" in message.subject and "180 days or more" in message.text
    replace_token(place, "sgp_another_token_of_acme_0001", APP)
    assert turn(message).state == "cancelled", "what was replaced meanwhile is not told"
    grows_old()
    note_old_tokens(half_a_year)
    assert len(news()) == 2


def test_a_connection_without_an_answer_is_told_once_to_those_who_keep_it(
    workspace: Make, olga: Any, carol: Any, news: News
) -> None:
    from offboarding.connections.circuit import no_clear_answer
    from offboarding.connections.rules import TROUBLES_TO_OPEN

    place = workspace("Acme Production")
    for _ in range(TROUBLES_TO_OPEN + 2):
        no_clear_answer(place.pk)
    (message,) = news()
    assert (message.recipient, message.kind, message.url) == (olga, "no answer", "/setup/connections/")
    assert "Acme Production" in message.subject


def test_a_secret_in_a_fact_never_reaches_a_message(
    filed: Make, decide: Make, bob: Any, news: News, turn: Make, mailoutbox: list[Any]
) -> None:
    decide(filed(), bob, "ask", f"Is {CANARY} his token?")
    for message in news():
        turn(message)
    written = [f"{each.subject} {each.text} {each.mail_subject} {each.mail_text}" for each in news()]
    posted = [mail.message().as_string() + mail.body for mail in mailoutbox]
    assert len(posted) == 2 and "Question" in posted[1]
    assert not any(CANARY in text for text in [*written, *posted])
    noted = [
        each.value for entry in Entry.objects.filter(event="message.sent") for each in entry.personal.all()
    ]
    assert noted and not any(CANARY in text for text in noted)


# ---------------------------------------------------------------- trouble


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, bob: Any) -> None:
    """A handler that fails after its first draft."""

    def drafts(entry: Entry) -> Any:
        yield Draft(bob, "half", "Half", "Half a notice", (), "/", entry.about)
        raise ValueError("no more")

    monkeypatch.setitem(handlers.HANDLERS, Event.REMOVAL_FILED, handlers.Handler(drafts))


def test_an_entry_that_fails_leaves_nothing_half_written(filed: Make, broken: None, news: News) -> None:
    filed()
    assert news() == []
    assert Cursor.objects.get().tries == 1


def test_an_entry_that_keeps_failing_is_stepped_over_and_the_ledger_says_so(
    filed: Make, decide: Make, bob: Any, broken: None, news: News
) -> None:
    removal = filed()
    decide(removal, bob)
    for _ in range(TRIES):
        follow()
    assert told(news()) == [("approved", "Alice")]
    assert Entry.objects.filter(event="message.not_written", about=removal.reference).count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_followers_at_once_write_each_message_once(
    running: Make, decide: Make, bob: Any, olga: Any, sam: Any
) -> None:
    running()
    gate = threading.Barrier(6)

    def one(_: int) -> None:
        try:
            gate.wait(10)
            follow()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(6)))
    follow()
    keys = list(Message.objects.values_list("entry", "recipient", "channel"))
    steps = Message.objects.filter(kind="step")
    assert len(keys) == len(set(keys)) and steps.count() == 2 * steps.filter(recipient=olga).count() > 2
    assert steps.filter(joined_to=None).count() == 2  # one mail each, the rest joined it


def test_a_follower_that_comes_later_begins_at_the_end(filed: Make, bob: Any) -> None:
    from importlib import import_module

    from django.apps import apps

    filed()
    Cursor.objects.all().delete()
    import_module("offboarding.notifications.migrations.0002_from_now_on").begin_at_the_end(apps, None)
    assert Cursor.objects.get().seq == Head.objects.get().seq > 0


def test_looking_for_news_costs_two_queries_where_there_is_none(
    filed: Make, bob: Any, news: News, django_assert_num_queries: Make
) -> None:
    filed()
    news()
    with django_assert_num_queries(2):
        follow()


def test_pausing_going_on_and_cancelling_are_told_to_whoever_waits_or_works(
    running: Make, alice: Any, olga: Any, sam: Any, news: News
) -> None:
    from offboarding.removals import steering

    removal = running("Acme Production", "Acme Staging")
    before = len(news())
    steering.pause(removal, olga, "Wait for the client.")
    steering.resume(removal, alice)
    journey.cancel_rest(removal, sam, "It was the wrong Dan.")
    given = news()[before:]
    assert told(given) == [
        ("paused", "Alice"),
        ("paused", "Sam"),
        ("resumed", "Olga"),
        ("resumed", "Sam"),
        ("rest cancelled", "Alice"),
        ("rest cancelled", "Olga"),
    ]
    assert "Wait for the client." in given[0].text
    assert "It was the wrong Dan." in given[-1].text
    assert given[0].subject == "Paused: remove dan@… from 2 Acme workspaces"


def test_a_pause_that_is_over_is_not_told_any_more(
    running: Make, alice: Any, olga: Any, news: News, turn: Any
) -> None:
    from offboarding.removals import steering

    removal = running()
    steering.pause(removal, olga, "Wait.")
    message = next(each for each in news() if each.kind == "paused")
    steering.resume(removal, alice)
    assert turn(message).state == "cancelled"


def test_what_nobody_is_told_of_costs_one_transaction_however_much_it_is(
    running: Make, news: News, django_assert_num_queries: Make
) -> None:
    """Most entries of the ledger are news to nobody."""
    from django.db import transaction

    from offboarding.ledger.actions import APP, record

    removal = running()
    news()
    with transaction.atomic():
        for number in range(40):
            record(
                Event.ITEM_MOVED, actor=APP, about=removal.reference, facts={"item": number, "to": "ready"}
            )
    # The cursor, what is new; within a transaction of two savepoints the same once more, and the cursor's step; nothing left.
    with django_assert_num_queries(9):
        follow()
    assert Cursor.objects.get().seq == Head.objects.get().seq


def test_an_entry_that_cannot_be_read_does_not_take_its_neighbours_along(
    running: Make, alice: Any, bob: Any, news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries are dealt with many at a time, and one by one when one of them fails."""
    removal = running()
    seq = Entry.objects.filter(about=removal.reference, event=Event.PLAN_APPROVED).get().seq
    right = handlers.drafts_for

    def drafts(entry: Entry) -> list[Draft]:
        if entry.seq == seq:
            raise KeyError(seq)
        return right(entry)

    monkeypatch.setattr(handlers, "drafts_for", drafts)
    for _ in range(TRIES + 1):
        follow()
    assert Cursor.objects.get().seq == Entry.objects.filter(event__in=handlers.watched()).latest("seq").seq
    assert {message.kind for message in news()} >= {"decide"}
