"""Checkpoints are stamped by an authority outside; one that fails in whatever way breaks nothing and is named."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from offboarding.ledger.models import Checkpoint, Stamp
from offboarding.ledger.outside import line_of
from offboarding.lib import timestamps
from offboarding.lib.timestamps import NotStamped
from offboarding.stamps import actions, perform, queries
from offboarding.stamps.models import Stamping
from offboarding.work import desks
from offboarding.work.actions import LostLease
from tests.ledger.forging import without_triggers
from tests.tsa import Authority, openssl, other_imprint, served

Sign = Callable[[], Checkpoint]
DESK = "stamps.Stamping"


@contextmanager
def asking(settings: Any, authority: Authority, **given: Any) -> Iterator[list[bytes]]:
    """The installation has chosen this authority; it answers as `answers` says."""
    answers = given.pop("answers", authority.answer)
    with served(answers, **given) as (url, asked):
        settings.TIME_STAMP_URL, settings.TIME_STAMP_CA = url, str(authority.ca)
        yield asked


def turn() -> Stamping:
    """The row is made due, and looked at once."""
    actions.wake()
    Stamping.objects.exclude(not_before=None).update(not_before=datetime.now(UTC) - timedelta(seconds=5))
    row = Stamping.objects.get()
    desks.DESKS[DESK].look(row.pk)
    row.refresh_from_db()
    return row


def test_a_checkpoint_is_stamped_once_over_its_exact_bytes(
    authority: Authority, settings: Any, sign: Sign, tmp_path: Path
) -> None:
    made = sign()
    with asking(settings, authority) as asked:
        for _ in range(3):
            turn()
    stamp = Stamp.objects.get()
    assert stamp.checkpoint == made and len(asked) == 1
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    (tmp_path / "line").write_bytes(line_of(made))
    (tmp_path / "tsr").write_bytes(bytes(stamp.answer))
    told = openssl(
        "ts", "-verify", "-data", f"{tmp_path}/line", "-in", f"{tmp_path}/tsr", "-CAfile", str(authority.ca)
    )
    assert "Verification: OK" in told
    assert Stamping.objects.get().not_before is None, "it rests until something is signed"


def test_each_later_checkpoint_is_stamped_and_none_from_before_the_authority_was_named(
    authority: Authority, settings: Any, sign: Sign
) -> None:
    sign()
    wanted = [sign()]
    with asking(settings, authority):
        turn()
        wanted += [sign(), sign()]
        for _ in range(4):
            turn()
    assert [each.checkpoint for each in Stamp.objects.order_by("checkpoint__size")] == wanted


def test_without_an_authority_nobody_is_asked(sign: Sign) -> None:
    sign()
    actions.wake()
    assert not Stamping.objects.exists() and queries.why_not() == ""


def other(tmp_path: Path, name: str, **given: Any) -> Authority:
    return Authority(tmp_path / name, **given)


WRONG: dict[str, tuple[Callable[[Authority, Checkpoint, Path], dict[str, Any]], str]] = {
    "it answers with a page": (lambda a, m, t: {"answers": lambda q: b"<html>"}, "what it answers is no time stamp"),
    "it answers with nothing": (lambda a, m, t: {"answers": lambda q: b""}, "what it answers is no time stamp"),
    "it answers half": (lambda a, m, t: {"answers": lambda q: a.answer(q)[:-9]}, "what it answers is no time stamp"),
    "it answers without end": (lambda a, m, t: {"answers": lambda q: b"0" * 70_000}, "longer than 64000 bytes"),
    "it drips": (lambda a, m, t: {"drip": 0.02}, "no whole answer in time"),
    "it fails": (lambda a, m, t: {"status": 500}, "it answers 500"),
    "it leads elsewhere": (lambda a, m, t: {"status": 302}, "it answers 302"),
    "it refuses": (
        lambda a, m, t: {"answers": other(t, "refuses", digests="sha512").answer},
        "it does not grant one (rejection: Message digest algorithm is not supported.)",
    ),
    "its imprint is another": (
        lambda a, m, t: {"answers": lambda q: a.answer(other_imprint(q, line_of(m)))},
        "its stamp is over something else (another imprint)",
    ),
    "its nonce is another": (
        lambda a, m, t: {"answers": lambda q: a.other_nonce(timestamps_digest(m))},
        "its stamp answers another question than ours (another nonce)",
    ),
    "nobody trusts it": (lambda a, m, t: {"answers": other(t, "strange").answer}, timestamps.UNTRUSTED),
    "its certificate is over": (
        lambda a, m, t: {"answers": other(t, "over", days=(-60, -30)).answer},
        timestamps.UNTRUSTED,
    ),
    "its stamp was altered": (lambda a, m, t: {"answers": lambda q: altered(a.answer(q))}, "its stamp"),
}  # fmt: skip


def timestamps_digest(made: Checkpoint) -> str:
    from hashlib import sha256

    return sha256(line_of(made)).hexdigest()


def altered(answer: bytes) -> bytes:
    """The last byte is of the signature."""
    return answer[:-1] + bytes([answer[-1] ^ 1])


@pytest.mark.parametrize("what", WRONG)
def test_an_authority_that_does_it_wrong_is_named_and_asked_again(
    what: str, authority: Authority, settings: Any, sign: Sign, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(perform, "DEADLINE", 0.6 if what == "it drips" else 10.0)
    made = sign()
    given, says = WRONG[what]
    with asking(settings, authority, **given(authority, made, tmp_path)):
        row = turn()
    assert says in row.why and says in queries.why_not()
    assert not Stamp.objects.exists()
    assert row.state == "waiting" and row.waiting_for.startswith("Not stamped yet, because ")
    with asking(settings, authority):
        row = turn()
    assert Stamp.objects.get().checkpoint == made and (row.why, row.tries, queries.why_not()) == ("", 0, "")


def test_an_authority_that_is_down_is_asked_after_growing_pauses(
    settings: Any, authority: Authority, sign: Sign
) -> None:
    sign()
    settings.TIME_STAMP_URL, settings.TIME_STAMP_CA = "http://127.0.0.1:9/tsr", str(authority.ca)
    pauses = []
    for _ in range(5):
        row = turn()
        assert row.not_before
        pauses.append((row.not_before - datetime.now(UTC)).total_seconds())
    assert pauses == sorted(pauses) and pauses[-1] > 10
    assert "127.0.0.1:9 cannot be reached: nothing answers at its address" in queries.why_not()


def test_an_authority_at_an_address_of_a_house_is_not_called(
    settings: Any, authority: Authority, sign: Sign
) -> None:
    sign()
    settings.TIME_STAMP_CA = str(authority.ca)
    for url, says in (
        ("http://tsa.example.com/tsr", "not https"),
        ("https://169.254.169.254/tsr", "no public address"),
    ):
        settings.TIME_STAMP_URL = url
        assert says in turn().why


def test_certificates_that_cannot_be_read_are_named(
    settings: Any, authority: Authority, sign: Sign, tmp_path: Path
) -> None:
    sign()
    (tmp_path / "empty.pem").touch()
    for name, says in (
        ("not-there.pem", "cannot be read: No such file"),
        ("empty.pem", "holds none in PEM form"),
    ):
        with asking(settings, authority) as asked:
            settings.TIME_STAMP_CA = str(tmp_path / name)
            assert says in turn().why and not asked


def test_a_time_that_cannot_be_is_no_stamp(
    settings: Any, authority: Authority, sign: Sign, monkeypatch: Any
) -> None:
    sign()
    with asking(settings, authority):
        monkeypatch.setattr(perform.clock, "now", lambda: datetime.now(UTC) - timedelta(hours=1))
        assert "still to come by our clock" in turn().why
        monkeypatch.undo()
        with without_triggers():
            Checkpoint.objects.update(at=datetime.now(UTC) + timedelta(hours=1))
        assert "before the checkpoint was signed" in turn().why


def test_whatever_bytes_come_no_other_time_is_told(authority: Authority) -> None:
    """Changed, cut and lengthened at random: either it is no stamp, or what was changed is not part of what is signed."""
    asked, dice = timestamps.question(b"data"), random.Random(3161)
    whole, given = authority.answer(asked.body), timestamps.authorities(authority.ca.read_bytes())
    told = timestamps.stamped(whole, b"data", given, asked.nonce)
    refused = 0
    for _ in range(1500):
        at, more = dice.randrange(len(whole)), dice.randbytes(dice.randrange(4))
        changed = whole[:at] + more + whole[at + dice.choice((0, len(more), len(whole))) :]
        try:
            assert timestamps.stamped(changed, b"data", given, asked.nonce) == told
        except NotStamped:
            refused += 1
    assert refused > 1000


def test_certificates_in_any_order_count(authority: Authority, sign: Sign) -> None:
    """DER wants them sorted; OpenSSL sends the signer's first, and so do many authorities."""
    line = line_of(sign())
    asked = timestamps.question(line)
    ordered = timestamps.in_order(authority.answer(asked.body))
    low, high = sorted(authority.ders())
    turned = ordered.replace(low + high, high + low)
    assert turned != ordered and timestamps.in_order(turned) == ordered
    given = timestamps.authorities(authority.ca.read_bytes())
    for each in (ordered, turned):
        assert timestamps.stamped(each, line, given, asked.nonce)


# ---------------------------------------------------------------- dying, and two at once


@pytest.mark.parametrize("where", ["stamp_asked", "before it is written"])
def test_dying_anywhere_is_harmless(
    where: str, authority: Authority, settings: Any, sign: Sign, monkeypatch: Any
) -> None:
    made = sign()

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with asking(settings, authority):
        with monkeypatch.context() as patch:
            place = (perform, "stamp_asked") if where == "stamp_asked" else (perform.actions, "stamped")
            patch.setattr(*place, dies)
            with pytest.raises(KeyboardInterrupt):
                turn()
        assert Stamping.objects.get().state == "running" and not Stamp.objects.exists()
        Stamping.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=5))
        turn()
    assert Stamp.objects.get().checkpoint == made


def test_a_worker_that_lost_its_row_keeps_nothing(authority: Authority, settings: Any, sign: Sign) -> None:
    sign()
    with asking(settings, authority) as asked:
        actions.wake()
        stale = Stamping.objects.get()
        Stamping.objects.update(state="running", fence=stale.fence + 1)
        with pytest.raises(LostLease):
            perform.perform(stale)
        assert asked and not Stamp.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_who_look_at_once_make_one_row_and_one_stamp(
    authority: Authority, settings: Any, sign: Sign
) -> None:
    made = sign()
    with asking(settings, authority) as asked:

        def work() -> None:
            from django.db import connection

            actions.wake()
            desks.DESKS[DESK].work_on(queries.ONLY)
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(6)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        turn()
    assert Stamping.objects.count() == 1 and len(asked) == 1
    assert Stamp.objects.get().checkpoint == made


def test_a_stamp_stays_as_it_was_kept(authority: Authority, settings: Any, sign: Sign) -> None:
    sign()
    with asking(settings, authority):
        turn()
    stamp = Stamp.objects.get()
    for change in (
        lambda: Stamp.objects.update(answer=b"other"),
        lambda: Stamp.objects.all()._raw_delete("default"),
        lambda: Stamp.objects.create(checkpoint=stamp.checkpoint, at=stamp.at, answer=b"second"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Stamp.objects.get().answer == stamp.answer


# ---------------------------------------------------------------- verify_ledger


def verified() -> str:
    told = StringIO()
    call_command("verify_ledger", stdout=told)
    return told.getvalue()


def test_verify_ledger_verifies_each_stamp_and_names_a_bad_one(
    authority: Authority, settings: Any, sign: Sign, tmp_path: Path
) -> None:
    with asking(settings, authority):
        for _ in range(3):
            sign()
            turn()
        assert "3 time stamps hold too." in verified()
        second = Stamp.objects.order_by("checkpoint__size")[1]
        good = bytes(second.answer)
        other_one = bytes(Stamp.objects.order_by("checkpoint__size")[0].answer)
        bad: tuple[tuple[dict[str, Any], str], ...] = (
            ({"answer": altered(good)}, "its stamp"),
            ({"answer": other_one}, "over something else"),
            ({"answer": b"none"}, "is no time stamp"),
            ({"at": second.at - timedelta(days=1)}, "its row says"),
        )
        for change, says in bad:
            with without_triggers():
                Stamp.objects.filter(pk=second.pk).update(**change)
            with pytest.raises(
                CommandError, match=rf"the time stamp of the checkpoint at entry 2 does not hold: .*{says}"
            ):
                verified()
            with without_triggers():
                Stamp.objects.filter(pk=second.pk).update(answer=good, at=second.at)
        settings.TIME_STAMP_CA = str(other(tmp_path, "strange").ca)
        with pytest.raises(CommandError, match="at entry 1 does not hold: its stamp is not signed"):
            verified()
        settings.TIME_STAMP_CA = ""
        assert "3 time stamps were not checked: OFFBOARD_TIME_STAMP_CA names no certificates." in verified()


def test_an_authority_that_was_left_still_counts_while_its_certificates_stay_in_the_file(
    authority: Authority, settings: Any, sign: Sign, tmp_path: Path
) -> None:
    sign()
    with asking(settings, authority):
        turn()
    both, later = tmp_path / "both.pem", other(tmp_path, "later")
    both.write_bytes(authority.ca.read_bytes() + later.ca.read_bytes())
    sign()
    with asking(settings, later):
        settings.TIME_STAMP_CA = str(both)
        turn()
        assert "2 time stamps hold too." in verified()
