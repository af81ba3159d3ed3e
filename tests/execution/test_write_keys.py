"""Rotating the write keys of a source: one new key, told by difference; the old ones go last; no key is shown twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now

from offboarding.checklist.models import ChecklistItem
from offboarding.connections import keyring
from offboarding.execution import actions
from offboarding.execution.models import Ruling, Run, Secret
from offboarding.execution.rotation import actions as rotation
from offboarding.execution.rotation import queries
from offboarding.execution.rules import Sight
from offboarding.execution.steps import STEPS, Call
from offboarding.execution.steps.add_write_key import AddWriteKey
from offboarding.execution.steps.remove_write_key import RemoveWriteKey
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.removals.steering import pause
from offboarding.simulators.simulator import Simulator
from tests.rewriting import rewriting

Make = Callable[..., Any]
PLACE, SLUG, SOURCE = "Acme Staging", "acme-staging", "Checkout"
ADD, REMOVE = "/sources/*/writekey", "/sources/*/writekey/*"


@pytest.fixture
def step_of() -> Make:
    """The run of one step of the rotation of a source."""

    def find(removal: Any, code: str, source: str = SOURCE) -> Run:
        found = Run.objects.filter(item__plan__removal=removal, item__code=code, item__target__source=source)
        return found.select_related("item__plan__removal", "item__workspace").get()

    return find


@pytest.fixture
def keys(segment: Simulator) -> Make:
    """The plain keys of a source, as the simulator knows them."""

    def find(run: Run) -> list[str]:
        found: list[str] = segment.control.state(SLUG, ("keys",))["keys"][run.item.target["source_id"]]
        return found

    return find


@pytest.fixture
def removal(started: Make) -> Any:
    return started(PLACE)


def let_go(run: Run, state: str = "ready") -> Run:
    """Its turn has come."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    Run.objects.filter(pk=run.pk).update(state=state, not_before=past, waiting_for="")
    run.refresh_from_db()
    return run


@pytest.fixture
def adding(removal: Any, step_of: Make) -> Run:
    return let_go(step_of(removal, "add-write-key"))


def add_by_hand(segment: Simulator, run: Run) -> None:
    """Somebody else adds a key in the app."""
    workspace = segment.control.world.workspace(SLUG)
    with workspace.lock:
        row = workspace.tables["sources"].get(run.item.target["source_id"])
        assert row
        row["writeKeys"] = [*row["writeKeys"], f"madebyhand{len(row['writeKeys'])}aaaaaaaaaaaaaaaaa"]
        workspace.tables["sources"].put(row)


def trouble(segment: Simulator, do: str, path: str = ADD, method: str = "POST", **more: Any) -> None:
    segment.control.add_trouble({"do": do, "match": {"method": method, "path": path}, **more})


def posts(segment: Simulator) -> int:
    return len(
        [
            call
            for call in segment.control.journal.calls({"method": "POST"})
            if call["path"].endswith("/writekey")
        ]
    )


def told(removal: Any, event: str) -> int:
    return Entry.objects.filter(about=removal.reference, event=event).count()


# ---------------------------------------------------------------- the new key


def test_one_key_is_added_and_kept_sealed(
    adding: Run, turn: Make, keys: Make, segment: Simulator, removal: Any
) -> None:
    (old,) = keys(adding)
    assert (turn(adding).state, adding.ended) == ("done", "changed")
    (new,) = set(keys(adding)) - {old}
    secret = Secret.objects.get()
    assert (secret.name, secret.fingerprint) == ("new key", keyring.fingerprint(new))
    assert new not in secret.sealed
    assert keyring.open_secret(secret.sealed) == new
    assert told(removal, "secret.kept") == 1 and posts(segment) == 1


def test_the_plan_names_the_keys_that_were_seen(adding: Run, keys: Make) -> None:
    assert adding.item.target["keys"] == [keyring.fingerprint(key) for key in keys(adding)]


def test_the_row_before_the_call_names_the_keys_that_were_there(adding: Run, turn: Make, keys: Make) -> None:
    before = [keyring.fingerprint(key) for key in keys(adding)]
    turn(adding)
    call = adding.attempts.get(act="call")
    assert call.seen_before and call.seen_before["fingerprints"] == before


def test_what_hangs_on_the_source_is_read_before_the_key_comes(adding: Run, turn: Make) -> None:
    facts = queries.consumers_of(turn(adding))
    assert facts["unread"] == []
    assert facts["destinations"] and facts["events"] > 0 and "warehouses" in facts


def test_the_new_key_waits_until_the_person_is_seen_to_be_out(
    removal: Any, step_of: Make, run_of: Make
) -> None:
    add = step_of(removal, "add-write-key")
    assert run_of(removal, "read-again").item.number in add.item.waits_for
    assert add.state == "waiting"


LOST = ["reset_after", "error_after", "html", "truncated"]


@pytest.mark.parametrize("do", LOST)
def test_after_a_lost_answer_the_key_that_is_there_is_taken_for_ours(
    adding: Run, turns: Make, keys: Make, segment: Simulator, removal: Any, do: str
) -> None:
    before = keys(adding)
    trouble(segment, do, count=1)
    assert turns(adding).state == "done"
    (new,) = set(keys(adding)) - set(before)
    assert keyring.open_secret(Secret.objects.get().sealed) == new
    assert posts(segment) == 1 and told(removal, "key.adopted") == 1


def test_a_killed_worker_leaves_no_second_key(
    adding: Run, turn: Make, turns: Make, keys: Make, segment: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from offboarding.execution.notes import Notes

    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        if segment.control.journal.calls({"method": "POST"}):
            raise Killed

    before = keys(adding)
    with monkeypatch.context() as patch:
        patch.setattr(Notes, "close", die_on_call(Notes.close, Killed))
        with pytest.raises(Killed):
            turn(adding)
    assert turns(adding).state == "done"
    (new,) = set(keys(adding)) - set(before)
    assert keyring.open_secret(Secret.objects.get().sealed) == new
    assert posts(segment) == 1


def die_on_call(close: Any, error: type[BaseException]) -> Any:
    """The row of a call is never closed; those of looks are."""

    def instead(self: Any, attempt: Any, *args: Any, **kwargs: Any) -> None:
        if attempt.act == "call":
            raise error
        close(self, attempt, *args, **kwargs)

    return instead


def test_an_answer_lost_before_the_effect_is_asked_again(
    adding: Run, turns: Make, keys: Make, segment: Simulator
) -> None:
    trouble(segment, "reset_before", count=1)
    assert turns(adding).state == "done"
    assert len(keys(adding)) == 2 and Secret.objects.count() == 1


def test_a_key_that_lands_late_is_not_added_again(
    adding: Run, turn: Make, turns: Make, keys: Make, segment: Simulator
) -> None:
    trouble(segment, "late", seconds=20, then="reset", count=1)
    turn(adding)
    assert adding.state == "unknown" and Secret.objects.count() == 0
    turn(adding)
    segment.control.set_clock(25)
    assert turns(adding).state == "done"
    assert len(keys(adding)) == 2 and posts(segment) == 1


def test_success_that_changes_nothing_is_tried_again_and_then_given_to_a_person(
    adding: Run, turns: Make, keys: Make, segment: Simulator
) -> None:
    trouble(segment, "no_effect")
    assert turns(adding, 90).state == "needs_person"
    assert len(keys(adding)) == 1


def test_a_key_that_never_came_is_given_up_and_another_one_added(
    adding: Run, turns: Make, keys: Make, segment: Simulator, olga: Any, removal: Any, step_of: Make
) -> None:
    """Segment said yes and named a key that was never there; no later key is that one."""
    trouble(segment, "no_effect")
    assert (turns(adding, 90).state, adding.cause) == ("needs_person", "doubt")
    never = Secret.objects.get().fingerprint
    segment.control.world.trouble.clear()
    workspace = segment.control.world.workspace(SLUG)
    row = workspace.tables["sources"].get(adding.item.target["source_id"])
    assert row
    workspace.tables["sources"].put({**row, "_serial": row["_serial"] + 1})
    rotation.add_all_the_same(adding, olga)
    assert turns(adding).state == "done"
    there = {keyring.fingerprint(key) for key in keys(adding)}
    new = queries.new_secret(adding)
    assert new and new.fingerprint in there - {never} and len(there) == 2
    assert queries.outgoing(step_of(removal, "remove-old-keys")).new == new.fingerprint
    assert not Secret.objects.get(fingerprint=never).sealed


def test_a_source_that_is_listed_and_not_found_is_not_acted_on(
    adding: Run, turn: Make, turns: Make, keys: Make, segment: Simulator
) -> None:
    """Nothing was seen of its keys, so a key that is added now could not be told from the old ones."""
    before = {keyring.fingerprint(key) for key in keys(adding)}
    lost = {"errors": [{"type": "not-found", "message": "Not found"}]}
    trouble(segment, "answer", match={"method": "GET", "path": "/sources/*"}, status=404, body=lost, count=1)
    assert turn(adding).state == "waiting" and posts(segment) == 0
    assert turns(adding).state == "done" and posts(segment) == 1
    assert Secret.objects.get().fingerprint not in before


def test_old_keys_of_a_source_that_is_listed_and_not_found_stay(
    confirmed: Run, turn: Make, turns: Make, keys: Make, segment: Simulator
) -> None:
    end_grace(confirmed)
    lost = {"errors": [{"type": "not-found", "message": "Not found"}]}
    trouble(segment, "answer", match={"method": "GET", "path": "/sources/*"}, status=404, body=lost, count=1)
    assert turn(confirmed).state == "waiting" and len(keys(confirmed)) == 2
    assert turns(confirmed).state == "done" and len(keys(confirmed)) == 1


def test_being_asked_to_wait_adds_nothing_and_adopts_nothing(
    adding: Run, turn: Make, keys: Make, segment: Simulator
) -> None:
    trouble(segment, "limit", retry_after=30, count=1)
    assert turn(adding).state == "waiting"
    assert len(keys(adding)) == 1 and Secret.objects.count() == 0


def test_two_new_keys_are_a_persons_to_tell_apart(
    adding: Run, turn: Make, keys: Make, segment: Simulator
) -> None:
    trouble(segment, "reset_after", count=1)
    turn(adding)
    add_by_hand(segment, adding)
    assert (turn(adding).state, adding.cause) == ("needs_person", "doubt")
    assert "More than one key is new" in adding.sentence
    assert Secret.objects.count() == 0 and posts(segment) == 1


# ---------------------------------------------------------------- keys that nobody announced


@pytest.fixture
def appeared(adding: Run, turn: Make, segment: Simulator) -> Run:
    """A key came since the plan, and no row of ours says that we made it: as after an old backup."""
    add_by_hand(segment, adding)
    turn(adding)
    return adding


def test_a_key_that_appeared_since_the_plan_stops_the_step(appeared: Run, segment: Simulator) -> None:
    assert (appeared.state, appeared.cause) == ("needs_person", "doubt")
    assert "no call of ours made them" in appeared.sentence
    assert posts(segment) == 0


def test_after_an_old_backup_no_second_key_is_made(
    adding: Run, turn: Make, keys: Make, segment: Simulator
) -> None:
    turn(adding)
    assert len(keys(adding)) == 2
    Secret.objects.all().delete()
    with rewriting():
        adding.attempts.all().delete()
    Run.objects.filter(pk=adding.pk).update(state="waiting", ended="", ended_at=None)
    turn(let_go(adding))
    assert (adding.state, adding.cause) == ("needs_person", "doubt")
    assert len(keys(adding)) == 2 and posts(segment) == 1


def test_a_person_takes_it_for_the_new_one(
    appeared: Run, turn: Make, keys: Make, segment: Simulator, olga: Any
) -> None:
    (fresh,) = queries.newest_look(appeared)["fresh"]
    rotation.take(appeared, olga, fresh)
    assert turn(appeared).state == "done"
    assert Secret.objects.get().fingerprint == fresh
    assert posts(segment) == 0 and Ruling.objects.get().by == olga


def test_a_person_has_one_added_all_the_same_and_the_other_counts_as_old(
    appeared: Run, turn: Make, keys: Make, segment: Simulator, olga: Any, removal: Any, step_of: Make
) -> None:
    rotation.add_all_the_same(appeared, olga)
    assert turn(appeared).state == "done"
    assert posts(segment) == 1 and len(keys(appeared)) == 3
    old = queries.outgoing(step_of(removal, "remove-old-keys")).old
    assert len(old) == 2 and Secret.objects.get().fingerprint not in old


@pytest.mark.parametrize("who", ["alice", "bob", "erin"])
def test_only_those_who_work_on_it_decide(appeared: Run, who: str, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(who)
    with pytest.raises(Refused):
        rotation.add_all_the_same(appeared, user)
    assert Ruling.objects.count() == 0


def test_while_the_request_is_paused_nobody_lets_keys_go_on(
    appeared: Run, removal: Any, olga: Any, sam: Any
) -> None:
    pause(removal, sam, "a question")
    appeared.refresh_from_db()
    with pytest.raises(Refused, match="paused"):
        rotation.add_all_the_same(Run.objects.get(pk=appeared.pk), olga)
    assert Ruling.objects.count() == 0


def test_a_key_that_did_not_appear_cannot_be_taken(appeared: Run, olga: Any) -> None:
    with pytest.raises(Refused, match="Choose one of the keys that appeared"):
        rotation.take(appeared, olga, "somethingelse")
    assert appeared.state == "needs_person" and Ruling.objects.count() == 0


def test_a_decision_is_made_once(appeared: Run, olga: Any) -> None:
    rotation.add_all_the_same(appeared, olga)
    with pytest.raises(Refused, match="nothing to decide"):
        rotation.add_all_the_same(appeared, olga)
    assert Ruling.objects.count() == 1


def test_keys_that_nobody_can_see_any_more_are_a_persons(adding: Run, turn: Make, segment: Simulator) -> None:
    from offboarding.connections.actions import replace_token
    from offboarding.ledger.actions import APP

    weak = segment.control.make_token(SLUG, "member")["token"]
    replace_token(adding.item.workspace, weak, APP)
    adding.refresh_from_db()
    assert (turn(let_go(adding)).state, adding.cause) == ("needs_person", "doubt")
    assert "No key of this source is listed" in adding.sentence and posts(segment) == 0


def test_a_source_that_is_gone_needs_no_key(adding: Run, turn: Make, segment: Simulator) -> None:
    workspace = segment.control.world.workspace(SLUG)
    workspace.tables["sources"].remove(adding.item.target["source_id"])
    assert turn(adding).state == "done"
    assert "no longer exists" in adding.sentence and posts(segment) == 0


def test_two_requests_do_not_add_to_one_source_at_once(adding: Run, turn: Make, segment: Simulator) -> None:
    other = Run.objects.get(pk=adding.pk)
    plan = other.item.plan
    item = other.item
    item.pk, item.number = None, 900
    item.plan = plan
    item.save()
    Run.objects.create(item=item, state="unknown", not_before=None)
    assert turn(adding).state == "waiting"
    assert "Another request adds a key" in adding.waiting_for and posts(segment) == 0


def test_a_call_of_another_request_that_is_in_doubt_goes_first_while_segment_makes_it_wait(
    adding: Run, turn: Make, segment: Simulator
) -> None:
    other = Run.objects.get(pk=adding.pk)
    plan = other.item.plan
    item = other.item
    item.pk, item.number = None, 900
    item.plan = plan
    item.save()
    other = Run.objects.create(item=item, state="waiting", not_before=None)
    other.attempts.create(number=1, act="call", intent="Add a write key", result="unknown")
    assert turn(adding).state == "waiting"
    assert "Another request adds a key" in adding.waiting_for and posts(segment) == 0


def test_a_doubt_of_another_request_that_waits_for_a_person_is_decided_first(
    adding: Run, turn: Make, segment: Simulator
) -> None:
    """Its keys would be found here as keys that no call of ours made, and a second person asked about the same."""
    other = Run.objects.get(pk=adding.pk)
    item = other.item
    item.pk, item.number = None, 900
    item.save()
    other = Run.objects.create(item=item, state="needs_person", not_before=None)
    other.attempts.create(number=1, act="call", intent="Add a write key", result="unknown")
    assert turn(adding).state == "waiting"
    assert "Another request adds a key" in adding.waiting_for and posts(segment) == 0


@pytest.fixture
def another(adding: Run) -> Run:
    """Another request is about to add a key to the same source; a worker has it in hand."""
    item = ChecklistItem.objects.get(pk=adding.item_id)
    item.pk, item.number = None, 900
    item.save()
    return Run.objects.create(item=item, state="running", not_before=None, fence=1, lease_until=soon())


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture
def calls_meanwhile(another: Run, segment: Simulator, monkeypatch: pytest.MonkeyPatch) -> Make:
    """After our worker saw that nobody else adds a key, and before it reads, the other one writes its intent and calls."""

    def make(adopted: bool) -> None:
        class Meanwhile(AddWriteKey):
            def look(self, gateway: Any, work: Any) -> Sight:
                if another.attempts.exists():
                    return super().look(gateway, work)
                call = another.attempts.create(number=1, act="call", intent="Add a write key", seen_before={})
                add_by_hand(segment, another)
                seen = super().look(gateway, work)
                if adopted:
                    Secret.objects.create(run=another, name="new key", fingerprint=seen.facts["fresh"][0])
                    another.attempts.filter(pk=call.pk).update(result="accepted", closed_at=Now())
                return seen

        monkeypatch.setitem(STEPS, "segment.add_write_key", Meanwhile())

    return make


def test_a_key_that_another_request_made_after_we_asked_is_no_doubt_of_a_person(
    adding: Run, turn: Make, segment: Simulator, calls_meanwhile: Make
) -> None:
    calls_meanwhile(adopted=False)
    assert turn(adding).state == "ready" and not adding.cause
    assert turn(adding).state == "waiting"
    assert "Another request adds a key" in adding.waiting_for and posts(segment) == 0


def test_a_key_that_another_request_took_as_its_own_while_we_read_is_its_own(
    adding: Run, turn: Make, segment: Simulator, calls_meanwhile: Make
) -> None:
    calls_meanwhile(adopted=True)
    assert turn(adding).state == "ready"
    assert turn(adding).state == "done" and posts(segment) == 1


def test_of_two_in_doubt_neither_waits_for_the_other(adding: Run, turn: Make, segment: Simulator) -> None:
    trouble(segment, "reset_before", count=1)
    assert turn(adding).state == "unknown"
    item = adding.item
    number, item.pk, item.number = adding.item_id, None, 999
    item.save()
    other = Run.objects.create(item=item, state="waiting", not_before=None)
    other.attempts.create(number=1, act="call", intent="Add a write key", result="unknown")
    adding.item_id = number
    assert not queries.another_at_work(Run.objects.get(pk=adding.pk))
    assert not queries.another_at_work(other)


class RemovesMeanwhile(RemoveWriteKey):
    """Something happens after the worker has looked and before it writes down what it is about to do."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act

    def prepare(self, *given: Any) -> Call:
        self.act()
        return super().prepare(*given)


# ---------------------------------------------------------------- shown once


@pytest.fixture
def handed(adding: Run, turn: Make, removal: Any, step_of: Make, olga: Any) -> Run:
    """The new key waits for Olga."""
    turn(adding)
    run = let_go(step_of(removal, "hand-over-key"), "needs_person")
    actions.assign(run, olga, olga)
    run.refresh_from_db()
    return run


def test_the_key_is_shown_once_and_then_forgotten(handed: Run, keys: Make, olga: Any, removal: Any) -> None:
    plain = rotation.reveal(handed, olga, "password")
    secret = Secret.objects.get()
    assert plain in keys(handed)
    assert (secret.sealed, secret.revealed_to) == ("", olga)
    assert secret.revealed_at and secret.forgotten_at
    with pytest.raises(Refused, match="shown already"):
        rotation.reveal(handed, olga, "password")
    assert told(removal, "secret.revealed") == 1


def test_nobody_else_sees_it(handed: Run, sam: Any, alice: Any) -> None:
    for user in (sam, alice):
        with pytest.raises(Refused):
            rotation.reveal(handed, user, "password")
    assert Secret.objects.get().sealed


def test_a_step_that_nobody_has_shows_no_key(handed: Run, olga: Any) -> None:
    actions.assign(handed, olga, None)
    with pytest.raises(Refused, match="Hand it to them first"):
        rotation.reveal(handed, olga, "password")


def test_the_hand_over_is_signed_off_only_after_the_key_was_seen(handed: Run, olga: Any) -> None:
    with pytest.raises(Refused, match="Look at the new key first"):
        actions.sign_off(handed, olga, attested=True, note="")
    rotation.reveal(handed, olga, "password")
    actions.sign_off(handed, olga, attested=True, note="")
    handed.refresh_from_db()
    assert handed.state == "done"


def test_a_lost_key_starts_over_and_goes_with_the_old_ones(
    handed: Run, adding: Run, turns: Make, keys: Make, olga: Any, removal: Any, step_of: Make
) -> None:
    rotation.reveal(handed, olga, "password")
    lost = Secret.objects.get().fingerprint
    rotation.start_over(handed, olga)
    adding.refresh_from_db()
    assert turns(adding).state == "done"
    assert len(keys(adding)) == 3
    going = queries.outgoing(step_of(removal, "remove-old-keys"))
    assert lost in going.old and going.new not in going.old and len(going.old) == 2
    assert rotation.reveal(handed, olga, "password") in keys(adding)


def test_a_key_that_nobody_saw_cannot_be_lost(handed: Run, olga: Any) -> None:
    with pytest.raises(Refused, match="Nobody has seen the key yet"):
        rotation.start_over(handed, olga)


# ---------------------------------------------------------------- the old keys


@pytest.fixture
def confirmed(handed: Run, removal: Any, step_of: Make, olga: Any) -> Run:
    """Handed over and confirmed just now; the run that removes the old keys has its turn."""
    rotation.reveal(handed, olga, "password")
    actions.sign_off(handed, olga, attested=True, note="")
    confirm = let_go(step_of(removal, "confirm-key"), "needs_person")
    actions.sign_off(confirm, olga, attested=True, note="")
    return let_go(step_of(removal, "remove-old-keys"))


def end_grace(run: Run) -> None:
    confirm = queries.confirming(run)
    assert confirm
    long_ago = datetime.now(UTC) - timedelta(days=7, seconds=5)
    Run.objects.filter(pk=confirm.pk).update(ended_at=long_ago)


def test_the_grace_time_of_the_plan_comes_first(
    confirmed: Run, turn: Make, keys: Make, segment: Simulator
) -> None:
    segment.control.journal.clear()
    assert turn(confirmed).state == "waiting"
    assert "Grace time" in confirmed.waiting_for
    assert timedelta(days=6, hours=23) < confirmed.not_before - datetime.now(UTC) < timedelta(days=7)
    assert segment.control.journal.calls({}) == [] and len(keys(confirmed)) == 2


def test_after_the_grace_time_the_old_key_goes_and_the_new_one_stays(
    confirmed: Run, turn: Make, keys: Make
) -> None:
    end_grace(confirmed)
    assert (turn(confirmed).state, confirmed.ended) == ("done", "changed")
    assert [keyring.fingerprint(key) for key in keys(confirmed)] == [Secret.objects.get().fingerprint]


def test_several_old_keys_go_one_a_call(
    appeared: Run, turn: Make, turns: Make, keys: Make, olga: Any, removal: Any, step_of: Make, sent: Make
) -> None:
    rotation.add_all_the_same(appeared, olga)
    turn(appeared)
    run = confirm_all(removal, step_of, olga)
    end_grace(run)
    assert turns(run).state == "done"
    assert len(keys(run)) == 1
    assert len([call for call in sent("DELETE") if "/writekey/" in call["path"]]) == 2


def confirm_all(removal: Any, step_of: Make, user: Any) -> Run:
    hand = let_go(step_of(removal, "hand-over-key"), "needs_person")
    actions.assign(hand, user, user)
    hand.refresh_from_db()
    rotation.reveal(hand, user, "password")
    actions.sign_off(hand, user, attested=True, note="")
    confirm = let_go(step_of(removal, "confirm-key"), "needs_person")
    actions.sign_off(confirm, user, attested=True, note="")
    return let_go(step_of(removal, "remove-old-keys"))


def test_a_key_that_came_later_is_not_ours_to_remove(
    confirmed: Run, turn: Make, keys: Make, segment: Simulator
) -> None:
    end_grace(confirmed)
    add_by_hand(segment, confirmed)
    assert turn(confirmed).state == "done"
    assert len(keys(confirmed)) == 2


def test_without_a_confirmation_the_old_keys_stay(
    handed: Run, turn: Make, keys: Make, removal: Any, step_of: Make
) -> None:
    run = let_go(step_of(removal, "remove-old-keys"))
    assert (turn(run).state, run.cause) == ("needs_person", "doubt")
    assert "Nobody confirmed" in run.sentence and len(keys(run)) == 2


def test_a_confirmation_that_is_taken_back_before_the_call_keeps_the_old_keys(
    confirmed: Run, turn: Make, keys: Make, sent: Make, olga: Any, monkeypatch: Any
) -> None:
    confirmed.item.target["grace_days"] = 0
    with rewriting():
        confirmed.item.save()
    confirm = queries.confirming(confirmed)
    assert confirm
    undo = lambda: actions.undo_sign_off(confirm, olga, datetime.now(UTC))  # noqa: E731
    monkeypatch.setitem(STEPS, "segment.remove_write_key", RemovesMeanwhile(undo))
    assert turn(confirmed).state == "ready"
    assert (turn(confirmed).state, confirmed.cause) == ("needs_person", "doubt")
    assert "Nobody confirmed" in confirmed.sentence
    assert sent("DELETE") == [] and len(keys(confirmed)) == 2


def test_a_key_that_is_lost_before_the_call_keeps_the_old_keys(
    confirmed: Run, turn: Make, keys: Make, sent: Make, olga: Any
) -> None:
    """Its turn has come, and nobody works on it yet: it waits until another key is handed over and confirmed."""
    rotation.start_over(confirmed, olga)
    confirmed.refresh_from_db()
    assert (confirmed.state, confirmed.not_before) == ("waiting", None)
    assert sent("DELETE") == [] and len(keys(confirmed)) == 2


def test_a_key_cannot_be_lost_while_the_old_ones_are_removed(
    confirmed: Run, turn: Make, olga: Any, monkeypatch: Any
) -> None:
    end_grace(confirmed)
    told: list[str] = []

    def lose() -> None:
        with pytest.raises(Refused) as refused:
            rotation.start_over(Run.objects.get(pk=confirmed.pk), olga)
        told.append(refused.value.code)

    monkeypatch.setitem(STEPS, "segment.remove_write_key", RemovesMeanwhile(lose))
    assert turn(confirmed).state == "done"
    assert told == ["too-late"]


def test_if_the_new_key_is_gone_the_old_ones_stay(
    confirmed: Run,
    turn: Make,
    turns: Make,
    keys: Make,
    segment: Simulator,
    olga: Any,
    adding: Run,
    removal: Any,
    step_of: Make,
) -> None:
    end_grace(confirmed)
    new = Secret.objects.get().fingerprint
    workspace = segment.control.world.workspace(SLUG)
    row = workspace.tables["sources"].get(confirmed.item.target["source_id"])
    assert row
    row["writeKeys"] = [key for key in row["writeKeys"] if keyring.fingerprint(key) != new]
    workspace.tables["sources"].put(row)
    assert (turn(confirmed).state, confirmed.cause) == ("needs_person", "doubt")
    assert "not there any more" in confirmed.sentence and len(keys(confirmed)) == 1
    rotation.start_over(confirmed, olga)
    confirmed.refresh_from_db()
    assert (confirmed.state, confirmed.not_before) == ("waiting", None)
    adding.refresh_from_db()
    assert turns(adding).state == "done"
    assert step_of(removal, "hand-over-key").state == "needs_person"
    assert step_of(removal, "confirm-key").state == "needs_person"


def test_the_last_key_of_a_source_stays(confirmed: Run, keys: Make, segment: Simulator) -> None:
    from offboarding.gateways.segment import Declined

    (old,) = confirmed.item.target["keys"]
    workspace = segment.control.world.workspace(SLUG)
    row = workspace.tables["sources"].get(confirmed.item.target["source_id"])
    assert row
    row["writeKeys"] = [key for key in row["writeKeys"] if keyring.fingerprint(key) == old]
    workspace.tables["sources"].put(row)
    place = confirmed.item.workspace
    assert place
    with keyring.gateway_for(place) as gateway, pytest.raises(Declined, match="last write key"):
        gateway.key_removal(confirmed.item.target["source_id"], old)
    assert len(keys(confirmed)) == 1


@pytest.mark.parametrize("do", ["reset_after", "error_after"])
def test_a_lost_answer_to_a_removal_is_looked_after(
    confirmed: Run, turns: Make, keys: Make, segment: Simulator, do: str
) -> None:
    end_grace(confirmed)
    trouble(segment, do, REMOVE, "DELETE", count=1)
    assert turns(confirmed).state == "done"
    assert len(keys(confirmed)) == 1


# ---------------------------------------------------------------- after closing


def test_a_rotation_goes_on_after_the_request_is_closed(removal: Any, step_of: Make, run_of: Make) -> None:
    from offboarding.removals.models import RemovalRequest

    add = step_of(removal, "add-write-key")
    before = Run.objects.filter(item__plan=add.item.plan, item__number__in=add.item.waits_for)
    before.update(state="done", ended="changed", ended_at=datetime.now(UTC))
    RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed", closed_at=datetime.now(UTC))
    journey.follow_ups()
    add.refresh_from_db()
    assert add.state == "ready"


def test_when_the_last_rotation_has_ended_the_packet_is_sealed_once_more(removal: Any) -> None:
    from offboarding.packets.actions import order
    from offboarding.packets.models import Packet
    from offboarding.removals.models import RemovalRequest

    RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed", closed_at=datetime.now(UTC))
    with transaction.atomic():
        order(removal)
    journey.follow_ups()
    assert Packet.objects.count() == 1
    Packet.objects.update(state="done", sha256="0" * 64, sealed_at=datetime.now(UTC))
    left = Run.objects.filter(item__plan__removal=removal, item__target__has_key="source_id")
    left.update(
        state="done", ended="changed", ended_at=datetime.now(UTC) + timedelta(seconds=2), not_before=None
    )
    journey.follow_ups()
    assert list(Packet.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    left.update(ended_at=datetime.now(UTC) - timedelta(seconds=2))
    journey.follow_ups()
    assert Packet.objects.count() == 2


# ---------------------------------------------------------------- no key anywhere


def test_no_plain_key_is_in_any_row_or_evidence(
    confirmed: Run, turn: Make, keys: Make, caplog: pytest.LogCaptureFixture
) -> None:
    from django.apps import apps

    from offboarding.evidence import store
    from offboarding.evidence.models import Evidence

    plain = keys(confirmed)
    end_grace(confirmed)
    turn(confirmed)
    rows = [
        json.dumps([str(value) for value in row])
        for model in apps.get_models()
        for row in model._default_manager.values_list()
    ]
    bodies = [bytes(entry.body).decode() for entry in Entry.objects.all()]
    files = []
    for each in Evidence.objects.all():
        with store.open_bytes(each.sha256) as file:
            files.append(file.read().decode())
    assert len(plain) == 2 and files and bodies
    for key in plain:
        assert not any(key in text for text in (*rows, *bodies, *files, caplog.text))
    (old,) = confirmed.item.target["keys"]
    assert any(f"/writekey/key:{old}" in text for text in files)
