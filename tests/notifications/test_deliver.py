"""From messages to mails: works, twice, at the same time, cut off, refused, overtaken, joined."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_string
from typing import Any

import pytest
from django.core.mail.backends import locmem
from django.db import connection

from offboarding.execution.models import Run
from offboarding.journey import notices
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.notifications import actions
from offboarding.notifications.models import Message
from offboarding.notifications.rules import Answer, Outcome, Pace, due, next_try, of_code
from offboarding.work import desks
from offboarding.work.models import Order
from tests.notifications.smtp import HANG_UP, mail_server

Make = Callable[..., Any]
News = Callable[[], list[Any]]
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def entries(event: str) -> list[Entry]:
    return list(Entry.objects.filter(event=event).prefetch_related("personal"))


# ---------------------------------------------------------------- the mail


def test_a_mail_has_the_facts_and_one_link(decision_notice: Any, turn: Make, mailoutbox: list[Any]) -> None:
    turn(decision_notice)
    (mail,) = mailoutbox
    assert mail.to == ["bob@northwind.example"]
    assert mail.subject.startswith("[R-1001] Decide by ") and "dan@… from 1 Acme workspace" in mail.subject
    assert "Contract ended, CS-1" in mail.body
    assert mail.body.count("http") == 1 and "http://localhost:8000/requests/R-1001/approve/\n" in mail.body
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


def test_times_are_the_readers_own(filed: Make, bob: Any, news: News) -> None:
    bob.time_zone = "America/Sao_Paulo"
    bob.save()
    filed()
    (message,) = news()
    assert "UTC-03" in message.subject and "UTC-03" in message.text


def test_what_was_sent_is_in_the_row_and_in_the_ledger(decision_notice: Any, turn: Make) -> None:
    sent = turn(decision_notice)
    assert sent.state == "done" and sent.sent_at and sent.address == "bob@northwind.example"
    (entry,) = entries("message.sent")
    personal = {each.name: each.value for each in entry.personal.all()}
    assert entry.about == "R-1001"
    assert (personal["to"], personal["subject"], personal["text"]) == (
        sent.address,
        sent.mail_subject,
        sent.mail_text,
    )
    assert b"northwind" not in bytes(entry.body)  # names stand apart from the chain
    assert canonical.loads(bytes(entry.body))["facts"]["message"] == sent.pk


def test_a_sent_message_is_never_due_again(decision_notice: Any, turn: Make, mailoutbox: list[Any]) -> None:
    turn(decision_notice)
    turn(decision_notice)
    assert len(mailoutbox) == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_send_one_mail(filed: Make, bob: Any, news: News, mailoutbox: list[Any]) -> None:
    filed()
    (message,) = news()
    gate = threading.Barrier(6)

    def one(_: int) -> bool:
        try:
            gate.wait(10)
            return desks.DESKS["notifications.Message"].look(message.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(6))) == 1
    assert len(mailoutbox) == 1


# ---------------------------------------------------------------- the mail server


@pytest.fixture
def by_smtp(settings: Any) -> Callable[[int], None]:
    def use(port: int) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 2

    return use


SERVER = {
    "taken": ({}, "done", ""),
    "busy at the greeting: nothing was sent": ({"HELLO": "421 later"}, "waiting", "could not be reached"),
    "gone at the greeting: nothing was sent": ({"HELLO": HANG_UP}, "waiting", "could not be reached"),
    "recipient put off": ({"RCPT": "450 mailbox busy"}, "waiting", "450 mailbox busy"),
    "recipient unknown": ({"RCPT": "550 no such user"}, "failed", "550 no such user"),
    "sender refused for ever": ({"MAIL": "553 not you"}, "failed", "553 not you"),
    "text put off after it was read": ({"BODY": "451 disk full"}, "waiting", "451 disk full"),
    "text refused after it was read": ({"BODY": "554 looks like spam"}, "failed", "554 looks like spam"),
    "no answer after the text: it may be there": ({"BODY": HANG_UP}, "unknown", "may have been sent"),
    "a bad goodbye changes nothing": ({"QUIT": "500 what"}, "done", ""),
}


@pytest.mark.parametrize(("answers", "state", "says"), SERVER.values(), ids=SERVER)
def test_what_the_mail_server_answers_decides(
    decision_notice: Any, turn: Make, by_smtp: Make, answers: dict[str, str], state: str, says: str
) -> None:
    with mail_server(**answers) as box:
        by_smtp(box.port)
        message = turn(decision_notice)
    assert (message.state, bool(message.handed_over_at)) == (state, state in ("done", "unknown"))
    assert says in message.trouble
    assert len(box.taken) == (state in ("done", "unknown"))


def test_a_server_that_is_not_there_is_asked_again_later(
    decision_notice: Any, turn: Make, by_smtp: Make
) -> None:
    by_smtp(9)
    message = turn(decision_notice)
    assert message.state == "waiting" and message.not_before > datetime.now(UTC) and message.tries == 1
    with mail_server() as box:
        by_smtp(box.port)
        assert turn(message).state == "done"
    received = message_from_string(box.taken[0])
    assert received["To"] == "bob@northwind.example"
    assert received.get_payload(decode=True).decode().count("http") == 1


def test_a_secret_in_the_servers_answer_is_masked(decision_notice: Any, turn: Make, by_smtp: Make) -> None:
    canary = "sgp_" + "Canary9" * 9
    with mail_server(RCPT=f"550 token {canary} refused") as box:
        by_smtp(box.port)
        assert canary not in turn(decision_notice).trouble


@pytest.mark.parametrize(
    ("code", "answer"), [(421, Answer.LATER), (450, Answer.LATER), (550, Answer.REFUSED), (-1, Answer.LATER)]
)
def test_a_code_is_a_clear_answer(code: int, answer: Answer) -> None:
    assert of_code(code, "…") == Outcome(answer, "…")


def test_trying_ends_after_about_eight_hours(decision_notice: Any, turn: Make, by_smtp: Make) -> None:
    waits = [next_try(tries, 0.5) for tries in range(1, 100)]
    assert timedelta(hours=7) < sum((wait for wait in waits if wait), timedelta()) < timedelta(hours=9)
    Message.objects.filter(pk=decision_notice.pk).update(tries=100)
    by_smtp(9)
    assert turn(decision_notice).state == "failed"


# ---------------------------------------------------------------- cut off


def test_a_message_whose_sending_was_cut_off_is_not_sent_again(
    decision_notice: Any, turn: Make, dead: Make, mailoutbox: list[Any]
) -> None:
    dead(decision_notice, handed_over_at=NOW)
    message = turn(decision_notice)
    assert (message.state, message.not_before) == ("unknown", None)
    assert "may have been sent" in message.trouble and mailoutbox == []
    assert not Message.objects.filter(Order.due(datetime.now(UTC)), pk=message.pk).exists()
    assert len(entries("message.in_doubt")) == 1


def test_death_between_the_mail_and_the_row_leaves_doubt_and_one_mail(
    decision_notice: Any, turn: Make, dead: Make, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = locmem.EmailBackend.send_messages

    def send_and_die(self: Any, messages: Any) -> int:
        real(self, messages)
        raise SystemExit

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", send_and_die)
    with pytest.raises(SystemExit):
        turn(decision_notice)
    monkeypatch.undo()
    dead(decision_notice)
    assert turn(decision_notice).state == "unknown"
    assert len(mailoutbox) == 1


def test_death_before_the_mail_was_handed_over_costs_nothing(
    decision_notice: Any, turn: Make, dead: Make, mailoutbox: list[Any]
) -> None:
    dead(decision_notice)
    assert turn(decision_notice).state == "done"
    assert len(mailoutbox) == 1


def test_a_message_that_stops_three_times_is_parked_and_said_to_have_failed(
    decision_notice: Any, turn: Make, dead: Make
) -> None:
    dead(decision_notice, crashes=2)
    message = turn(decision_notice)
    assert message.state == "needs_person" and "3 times" in message.trouble
    assert len(entries("message.failed")) == 1


def test_a_person_sends_what_may_have_been_sent_again_under_the_same_number(
    decision_notice: Any, turn: Make, dead: Make, alice: Any, mailoutbox: list[Any]
) -> None:
    dead(decision_notice, handed_over_at=NOW)
    message = turn(decision_notice)
    actions.send_again(message, alice, message.fence)
    assert turn(message).state == "done"
    (entry,) = entries("message.send_again_asked")
    assert (entry.actor_id, len(mailoutbox)) == (str(alice.pk), 1)
    assert mailoutbox[0].extra_headers["Message-ID"].startswith(f"<{message.pk}.")


@pytest.mark.parametrize(
    ("state", "behind", "code"),
    [
        ("failed", 1, "moved-meanwhile"),
        ("done", 0, "not-stopped"),
        ("waiting", 0, "not-stopped"),
        ("cancelled", 0, "not-stopped"),
    ],
)
def test_sending_again_is_refused(
    decision_notice: Any, alice: Any, state: str, behind: int, code: str
) -> None:
    Message.objects.filter(pk=decision_notice.pk).update(
        state=state, sent_at=NOW, handed_over_at=NOW, fence=behind
    )
    decision_notice.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        actions.send_again(decision_notice, alice, 0)
    assert refusal.value.code == code
    assert entries("message.send_again_asked") == []


def test_of_two_presses_one_sends(decision_notice: Any, turn: Make, dead: Make, alice: Any) -> None:
    dead(decision_notice, handed_over_at=NOW)
    message = turn(decision_notice)
    seen = Message.objects.get(pk=message.pk)
    actions.send_again(message, alice, message.fence)
    with pytest.raises(Refused):
        actions.send_again(seen, alice, seen.fence)


def test_only_requester_operator_and_security_send_again(
    filed: Make, news: News, alice: Any, bob: Any, olga: Any, sam: Any, erin: Any, carol: Any
) -> None:
    removal = filed()
    may = {
        user.name
        for user in (alice, bob, olga, sam, erin, carol)
        if not notices.may_not_send_again(user, removal)
    }
    assert may == {"Alice", "Olga", "Sam"}
    (message,) = news()
    with pytest.raises(Refused, match="Only the person who filed"):
        notices.send_again(removal, message, erin, message.fence)


# ---------------------------------------------------------------- overtaken


def test_what_was_decided_meanwhile_is_not_asked_any_more(
    filed: Make, decide: Make, bob: Any, person: Make, news: News, turn: Make, mailoutbox: list[Any]
) -> None:
    from offboarding.users.rules import Role

    person("bea", Role.APPROVER)
    removal = filed()
    decide(removal, bob)
    message = next(each for each in news() if each.recipient.name == "Bea")
    assert turn(message).state == "cancelled"
    assert message.left_out == "R-1001 is approved already." and mailoutbox == []


@pytest.mark.parametrize("ended", ["role", "account"])
def test_who_may_not_see_it_any_more_gets_nothing(
    decision_notice: Any, bob: Any, turn: Make, mailoutbox: list[Any], ended: str
) -> None:
    if ended == "role":
        bob.memberships.all().delete()
    else:
        type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    assert turn(decision_notice).state == "cancelled"
    assert mailoutbox == []


# ---------------------------------------------------------------- joined


@pytest.mark.parametrize(
    ("pace", "newest", "after"),
    [
        (Pace.AT_ONCE, None, timedelta()),
        (Pace.AT_ONCE, NOW, timedelta()),
        (Pace.JOINED, None, timedelta(seconds=30)),
        (Pace.JOINED, NOW - timedelta(minutes=4), timedelta(minutes=6)),
        (Pace.JOINED, NOW - timedelta(hours=1), timedelta(seconds=30)),
    ],
)
def test_notices_gather_and_then_there_is_quiet(pace: Pace, newest: Any, after: timedelta) -> None:
    assert due(pace, NOW, newest) == NOW + after


@pytest.fixture
def steps(running: Make, olga: Any, news: News) -> list[Any]:
    """The notices to Olga that several steps need a person: the first is the mail, the others joined it."""
    running()
    return [message for message in news() if message.kind == "step"]


def test_notices_of_the_same_moment_are_one_mail(steps: list[Any], turn: Make, mailoutbox: list[Any]) -> None:
    first, *others = steps
    assert others and {message.joined_to_id for message in others} == {first.pk}
    turn(first)
    (mail,) = mailoutbox
    assert f"and {len(others)} more" in mail.subject
    assert all(message.subject in mail.body for message in steps)
    assert mail.body.count("http") == 1 and "checklist/?show=mine" in mail.body
    assert set(Message.objects.filter(kind="step").values_list("state", flat=True)) == {"done"}


def test_what_comes_after_the_mail_waits_ten_minutes(
    steps: list[Any], turn: Make, olga: Any, news: News
) -> None:
    from offboarding.execution import actions as execution
    from offboarding.execution.rules import Cause

    turn(steps[0])
    run = Run.objects.filter(item__plan__removal__number=1001, manual=False, state="ready").first()
    Run.objects.filter(pk=run.pk).update(state="running")
    run.refresh_from_db()
    execution.needs_person(run, Cause.DECLINED, "Segment said no.", "Ask.")
    message = news()[-1]
    wait = message.not_before - datetime.now(UTC)
    assert message.joined_to is None and timedelta(minutes=9) < wait <= timedelta(minutes=10)
    assert "Segment said no." in message.text


def test_a_step_that_was_done_meanwhile_is_left_out(
    steps: list[Any], turn: Make, mailoutbox: list[Any]
) -> None:
    first, second, *_ = steps
    over = Run.objects.filter(item__title=first.subject.split(": ", 1)[1])
    assert over.update(state="done", ended="by hand", ended_by=first.recipient) == 1
    turn(first)
    (mail,) = mailoutbox
    assert first.subject not in mail.body and second.subject in mail.body
    assert first.left_out.endswith("does not need a person any more.")


def test_where_all_steps_were_done_nothing_goes(steps: list[Any], turn: Make, mailoutbox: list[Any]) -> None:
    Run.objects.update(state="done", ended="changed")
    turn(steps[0])
    assert mailoutbox == []
    assert set(Message.objects.filter(kind="step").values_list("state", flat=True)) == {"cancelled"}
