"""New logins for warehouses and stored credentials: tried, saved, watched, and forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from offboarding.checklist.models import ChecklistItem
from offboarding.connections import keyring
from offboarding.execution import actions as execution
from offboarding.execution.logins import actions as logins
from offboarding.execution.logins.rules import Asked, asked_for, changes, faults, readable, whole
from offboarding.execution.models import Run, Secret
from offboarding.execution.steps import STEPS, Call
from offboarding.execution.steps.update_login import UpdateWarehouse
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.packets.collect import full_runs
from offboarding.packets.keys import credentials
from offboarding.packets.shelf import Shelf
from offboarding.simulators.simulator import Simulator
from offboarding.users.rules import Role
from offboarding.work.rules import State
from tests.rewriting import rewriting

Make = Callable[..., Any]
GOOD, WRONG, LATER = "loads-better-7", "wrong-7", "fails-later-7"
POSTGRES = (Asked("username", secret=False), Asked("password", secret=True))
PLACE = "globex-warehouse"


@pytest.fixture
def removal(started: Make) -> Any:
    """Dan may administer the warehouses of this workspace: a Postgres with its own login, a Snowflake with a stored one."""
    return started("Globex Warehouse")


def freed(found: Run) -> Run:
    Run.objects.filter(pk=found.pk).update(state=State.READY, not_before="2026-01-01T00:00:00Z")
    found.refresh_from_db()
    return found


@pytest.fixture
def run(removal: Any, run_of: Make, turn: Make) -> Run:
    """The step looked, and waits for a login."""
    return turn(freed(run_of(removal, "rotate-warehouse-login")))


@pytest.fixture
def credential(removal: Any, turn: Make) -> Run:
    found = Run.objects.select_related("item__workspace", "item__plan__removal")
    return turn(freed(found.get(item__code="rotate-credential", item__target__login="Snowflake loader")))


def enter(run: Run, user: Any, password: str = GOOD, username: str = "segment_loader_2") -> None:
    logins.enter(run, user, POSTGRES, {"username": username, "password": password}, "password")


def enter_key(run: Run, user: Any, key: str = GOOD, username: str = "NEW_LOADER") -> None:
    login = {
        "username": username,
        "authentication.privateKey": key,
        "authentication.privateKeyPassphrase": "",
    }
    asked = tuple(Asked(name, secret="auth" in name, required="phrase" not in name.lower()) for name in login)
    logins.enter(run, user, asked, login, "password")


@pytest.fixture
def at_segment(segment: Simulator) -> Callable[[str, str], Any]:
    def find(table: str, name: str) -> Any:
        rows = segment.control.state(PLACE, (table,))[table]
        return next(row for row in rows if name in (row.get("name"), row["settings"].get("name")))

    return find


@pytest.fixture
def settings_now(at_segment: Any) -> Callable[[], Any]:
    return lambda: at_segment("warehouses", "Postgres globex-warehouse")["settings"]


def facts_of(event: str) -> dict[str, Any]:
    found: dict[str, Any] = canonical.loads(bytes(Entry.objects.filter(event=event).latest("seq").body))[
        "facts"
    ]
    return found


# ---------------------------------------------------------------- what is planned


def test_each_login_has_its_steps_and_a_warehouse_with_a_stored_one_goes_with_it(removal: Any) -> None:
    found = (
        Run.objects.filter(item__target__has_key="login_id").select_related("item").order_by("item__number")
    )
    rows = [(run.item.code, run.item.target["login"]) for run in found]
    stored = ["Snowflake loader", "Snowflake loader (before the move)"]
    assert rows == [
        ("rotate-warehouse-login", "Postgres globex-warehouse"),
        ("drop-old-login", "Postgres globex-warehouse"),
        *[("rotate-credential", name) for name in stored],
        *[("drop-old-credential", name) for name in stored],
    ]


def test_the_old_login_is_dropped_after_its_own_rotation_only(removal: Any) -> None:
    runs = {run.item.number: run.item for run in Run.objects.select_related("item")}
    for item in runs.values():
        if item.code.startswith("drop-old"):
            assert [runs[number].target["login"] for number in item.waits_for] == [item.target["login"]]
    drop = next(item for item in runs.values() if item.code == "drop-old-login")
    assert any('run DROP ROLE "segment_loader";' in line for line in drop.how)
    assert drop.proof == "file"


# ---------------------------------------------------------------- it waits for a person


def test_it_reads_who_uses_the_login_and_waits_for_a_new_one(run: Run, sent: Make) -> None:
    assert (run.state, run.cause, run.sentence) == ("needs_person", "login-wanted", "Enter the new login.")
    facts = run.attempts.get().facts
    assert facts["settings"]["username"] == "segment_loader"
    assert facts["settings"]["hostname"] == "db.globex.example"
    assert len(facts["used_by"]) == 2
    assert facts["asked"] == [["username", False, True], ["password", True, True]]
    assert not sent("PATCH") and not sent("POST")


def test_a_login_that_works_is_tried_first_and_then_saved_and_seen(
    run: Run, turns: Make, olga: Any, sent: Make, settings_now: Any
) -> None:
    enter(run, olga)
    turns(run)
    assert (run.state, run.ended) == ("done", "changed")
    assert run.sentence == (
        "Signs in as segment_loader_2 with the new login; Segment is connected: Postgres globex-warehouse"
    )
    assert [call["path"] for call in sent("POST")] == ["/warehouses/validation"]
    assert len(sent("PATCH")) == 1
    kept = settings_now()
    assert (kept["username"], kept["password"]) == ("segment_loader_2", GOOD)
    assert (kept["hostname"], kept["database"]) == ("db.globex.example", "events")


def test_the_secret_is_sealed_until_the_end_and_forgotten_then(run: Run, turns: Make, olga: Any) -> None:
    enter(run, olga)
    secret = Secret.objects.get(run=run)
    assert GOOD not in secret.sealed
    assert json.loads(keyring.open_secret(secret.sealed))["password"] == GOOD
    assert facts_of("secret.kept") | {} == {
        "fingerprint": keyring.fingerprint(GOOD), "item": run.item.number, "method": "password",
        "name": "new login", "title": run.item.title,
    }  # fmt: skip
    turns(run)
    journey.tick()
    journey.tick()
    secret.refresh_from_db()
    assert (secret.sealed, bool(secret.forgotten_at)) == ("", True)
    assert Entry.objects.filter(event="secret.forgotten").count() == 1


@pytest.mark.parametrize("end", ["skip", "by hand", "cancelled"])
def test_however_the_step_ends_the_secret_is_forgotten(run: Run, turn: Make, olga: Any, end: str) -> None:
    enter(run, olga, WRONG)
    turn(run)
    if end == "skip":
        execution.skip(run, olga, "Another team does it")
    elif end == "by hand":
        execution.take_over(run, olga)
        journey.tick()
        assert Secret.objects.filter(forgotten_at=None).exists()
        execution.skip(run, olga, "Done elsewhere")
    else:
        Run.objects.filter(pk=run.pk).update(state=State.CANCELLED)
    journey.tick()
    assert not Secret.objects.filter(forgotten_at=None).exists()


def test_a_secret_is_in_no_row_no_entry_and_no_file(run: Run, turns: Make, olga: Any, settings: Any) -> None:
    from pathlib import Path

    enter(run, olga)
    turns(run)
    rows = [repr(vars(row)) for row in run.attempts.all()] + [
        bytes(row.body).decode() for row in Entry.objects.all()
    ]
    files = [
        path.read_text(errors="replace") for path in Path(settings.EVIDENCE_ROOT).rglob("*") if path.is_file()
    ]
    assert any("warehouses/validation" in text for text in files)
    assert not [text for text in (*rows, *files) if GOOD in text]


# ---------------------------------------------------------------- it does not work


def test_a_login_that_segment_cannot_use_is_not_saved_and_can_be_tried_again(
    run: Run, turn: Make, turns: Make, olga: Any, sent: Make, settings_now: Any
) -> None:
    before = settings_now()
    enter(run, olga, WRONG)
    turn(run)
    assert (run.state, run.cause) == ("needs_person", "login-refused")
    assert run.sentence.startswith("Segment could not sign in with the new login, so nothing was saved.")
    assert not sent("PATCH") and settings_now() == before
    execution.retry(run, olga)
    turn(run)
    assert run.cause == "login-refused" and len(sent("POST")) == 2
    enter(run, olga, GOOD)
    turns(run)
    assert (run.state, settings_now()["password"]) == ("done", GOOD)
    kept = Secret.objects.filter(run=run).order_by("pk")
    assert [bool(secret.forgotten_at) for secret in kept] == [True, False]
    assert kept[0].sealed == ""


def test_what_fails_after_saving_puts_the_username_back_and_says_what_could_not_be(
    run: Run, turns: Make, olga: Any, sent: Make, settings_now: Any
) -> None:
    enter(run, olga, LATER)
    turns(run)
    assert (run.state, run.cause) == ("needs_person", "login-refused")
    assert run.sentence == (
        "The new login was saved, but Segment does not connect with it. The username is segment_loader again. "
        "The old secret could not be put back: Segment never gives it out. Enter a login that works."
    )
    assert settings_now()["username"] == "segment_loader"
    assert len(sent("PATCH")) == 2
    intents = [each.intent for each in run.attempts.filter(act="call")]
    assert intents[0].startswith("Save the new login") and intents[1].startswith("Put the old username")


def test_another_login_is_tried_at_once_after_one_that_failed(
    run: Run, turn: Make, turns: Make, olga: Any, settings_now: Any
) -> None:
    enter(run, olga, LATER)
    turns(run)
    enter(run, olga, GOOD)
    turn(run)
    assert (run.state, settings_now()["password"]) == ("done", GOOD)


def test_the_same_login_can_be_tried_again_after_it_failed(
    run: Run, turns: Make, olga: Any, sent: Make
) -> None:
    enter(run, olga, LATER)
    turns(run)
    execution.retry(run, olga)
    turns(run)
    assert run.cause == "login-refused"
    assert len(sent("PATCH")) == 4


def test_with_the_same_username_there_is_nothing_to_put_back(
    run: Run, turns: Make, olga: Any, sent: Make
) -> None:
    enter(run, olga, LATER, username="segment_loader")
    turns(run)
    assert run.cause == "login-refused"
    assert "The username is as it was. The old secret could not be put back" in run.sentence
    assert len(sent("PATCH")) == 1


# ---------------------------------------------------------------- lost answers


def trouble(segment: Simulator, do: str, method: str = "PATCH", **fields: Any) -> None:
    segment.control.add_trouble({"do": do, "count": 1, "match": {"method": method}, **fields})


def test_a_lost_answer_with_another_username_is_proven_by_reading_it(
    run: Run, turns: Make, olga: Any, segment: Simulator, sent: Make
) -> None:
    trouble(segment, "reset_after")
    enter(run, olga)
    turns(run)
    assert (run.state, len(sent("PATCH"))) == ("done", 1)
    assert run.attempts.get(act="call").result == "unknown"


@pytest.mark.parametrize("do", ["reset_after", "reset_before"])
def test_a_lost_answer_with_the_same_username_sends_the_same_values_again(
    run: Run, turns: Make, olga: Any, segment: Simulator, sent: Make, settings_now: Any, do: str
) -> None:
    trouble(segment, do)
    enter(run, olga, username="segment_loader")
    turns(run)
    assert run.state == "done"
    assert settings_now()["password"] == GOOD
    assert len(sent("PATCH")) == 2


def test_a_call_that_was_cut_off_counts_as_unknown(run: Run, turns: Make, olga: Any, sent: Make) -> None:
    """The worker died between the call and the row that closes it."""
    enter(run, olga)
    turns(run)
    with rewriting():
        run.attempts.filter(act="call").update(result="", closed_at=None)
    turns(freed(run))
    assert (run.state, len(sent("PATCH"))) == ("done", 1)


def test_a_test_that_could_not_be_read_saves_nothing(
    run: Run, turn: Make, olga: Any, segment: Simulator, sent: Make
) -> None:
    trouble(segment, "html", "POST")
    enter(run, olga)
    turn(run)
    assert run.state == "waiting" and not sent("PATCH")


def test_a_refused_call_says_what_segment_said_and_takes_another_login(
    run: Run, turn: Make, turns: Make, olga: Any, segment: Simulator
) -> None:
    body = {"errors": [{"type": "input-validation", "message": "username is too odd"}]}
    trouble(segment, "answer", status=422, body=body)
    enter(run, olga)
    turn(run)
    assert (run.state, run.cause) == ("needs_person", "declined")
    assert "username is too odd" in run.sentence
    enter(run, olga)
    turns(run)
    assert run.state == "done"


def test_a_warehouse_that_is_gone_needs_no_login(
    removal: Any, run_of: Make, turns: Make, segment: Simulator
) -> None:
    run = run_of(removal, "rotate-warehouse-login")
    workspace = segment.world.workspace(PLACE)
    workspace.tables["warehouses"].remove(run.item.target["login_id"])
    turns(freed(run))
    assert (run.state, run.ended) == ("done", "already")
    assert run.sentence == "Postgres globex-warehouse is no longer in Globex Warehouse"


def test_the_packet_tells_which_logins_were_rotated_and_which_still_work(
    run: Run, turns: Make, olga: Any
) -> None:
    enter(run, olga)
    turns(run)
    plan = run.item.plan
    told = {
        each.name: each for each in credentials(plan.removal.reference, full_runs(plan), Shelf(lambda: None))
    }
    new, old = told["Postgres globex-warehouse"], told["Snowflake loader"]
    assert (new.kind, new.act, new.by) == ("Warehouse login", "rotated", "Offboard")
    assert new.fingerprint == Secret.objects.get(run=run).fingerprint and new.at
    assert (old.kind, old.act, old.at, old.fingerprint) == ("Stored credential", "still works", None, "")


# ---------------------------------------------------------------- stored credentials


def test_a_credential_is_saved_for_all_that_use_it_and_each_warehouse_is_watched(
    credential: Run, turns: Make, olga: Any, at_segment: Any, sent: Make
) -> None:
    assert credential.cause == "login-wanted"
    facts = credential.attempts.get().facts
    assert facts["used_by"] == ["Snowflake globex-warehouse"]
    assert [name for name, _, _ in facts["asked"]] == [
        "username", "authentication.privateKey", "authentication.privateKeyPassphrase",
    ]  # fmt: skip
    assert "privateKey" not in json.dumps(facts["settings"])
    enter_key(credential, olga)
    turns(credential)
    assert (credential.state, credential.ended) == ("done", "changed")
    kept = at_segment("credentials", "Snowflake loader")["settings"]
    assert (kept["username"], kept["authentication"]["privateKey"]) == ("NEW_LOADER", GOOD)
    assert (kept["authentication"]["type"], kept["type"]) == ("keypair", "Snowflake")
    assert not sent("POST")


def test_a_credential_that_does_not_work_puts_the_username_back(
    credential: Run, turns: Make, olga: Any, at_segment: Any
) -> None:
    enter_key(credential, olga, WRONG)
    turns(credential)
    assert credential.cause == "login-refused"
    assert "The username is SEGMENT_LOADER again." in credential.sentence
    assert at_segment("credentials", "Snowflake loader")["settings"]["username"] == "SEGMENT_LOADER"


def test_a_lost_answer_about_a_credential_is_proven_by_the_time_of_its_change(
    credential: Run, turns: Make, olga: Any, segment: Simulator, sent: Make
) -> None:
    trouble(segment, "reset_after")
    enter_key(credential, olga, username="SEGMENT_LOADER")
    turns(credential)
    assert (credential.state, len(sent("PATCH"))) == ("done", 1)


def test_a_credential_that_nothing_uses_is_saved_and_not_called_verified(
    removal: Any, turn: Make, turns: Make, olga: Any
) -> None:
    found = Run.objects.select_related("item__workspace", "item__plan__removal")
    unused = turn(
        freed(
            found.get(
                item__code="rotate-credential", item__target__login="Snowflake loader (before the move)"
            )
        )
    )
    enter_key(unused, olga)
    turns(unused)
    assert (unused.state, unused.ended) == ("done", "nothing to do")
    told = credentials(unused.item.plan.removal.reference, full_runs(unused.item.plan), Shelf(lambda: None))
    saved = next(each for each in told if each.name == "Snowflake loader (before the move)")
    assert saved.act == "saved, not seen to work"
    assert saved.fingerprint == Secret.objects.get(run=unused).fingerprint and saved.at
    assert "No warehouse uses it, so nothing can tell whether it works." in unused.sentence


# ---------------------------------------------------------------- two requests, one login


@pytest.fixture
def other(run: Run) -> Run:
    """The same login is to change for another request, which waits for it too."""
    item = ChecklistItem.objects.get(pk=run.item_id)
    item.pk, item.number = None, 900
    item.save()
    made = Run.objects.create(item=item, state=State.NEEDS_PERSON, cause="login-wanted", not_before=None)
    return Run.objects.select_related("item__workspace", "item__plan__removal").get(pk=made.pk)


@pytest.fixture
def both(run: Run, other: Run, olga: Any) -> Run:
    """Both logins were entered in the same moment."""
    enter(run, olga)
    waits = Run.objects.filter(pk=run.pk)
    waits.update(state=State.NEEDS_PERSON)
    enter(other, olga, username="segment_loader_3")
    waits.update(state=State.READY)
    return freed(other)


def test_no_login_is_entered_while_another_request_changes_it(run: Run, other: Run, olga: Any) -> None:
    enter(run, olga)
    with pytest.raises(Refused, match=rf"Step {run.item.number} of R-\d+ changes this login now") as refused:
        enter(other, olga)
    assert refused.value.code == "login-changes"
    assert not Secret.objects.filter(run=other).exists()


def test_of_two_that_change_one_login_the_later_waits_for_the_end_of_the_first(
    run: Run, both: Run, turn: Make, turns: Make, sent: Make, settings_now: Any
) -> None:
    assert turn(both).state == "waiting"
    assert re.fullmatch(r"R-\d+ changes this login", both.waiting_for) and not sent("PATCH")
    assert turns(run).state == "done"
    assert settings_now()["username"] == "segment_loader_2"
    assert turns(both).state == "done"
    assert settings_now()["username"] == "segment_loader_3" and len(sent("PATCH")) == 2


def test_one_whose_call_may_have_landed_goes_before_an_earlier_one(
    run: Run, both: Run, turn: Make, turns: Make, segment: Simulator, sent: Make
) -> None:
    Run.objects.filter(pk=run.pk).update(state=State.NEEDS_PERSON)
    trouble(segment, "reset_after")
    assert turn(both).state == "unknown"
    Run.objects.filter(pk=run.pk).update(state=State.READY)
    assert turn(run).state == "waiting" and len(sent("PATCH")) == 1
    assert turns(both).state == "done" and turns(run).state == "done"


def test_a_call_of_another_request_after_the_look_comes_before_ours(
    run: Run, both: Run, turn: Make, sent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Meanwhile(UpdateWarehouse):
        def prepare(self, *given: Any) -> Call:
            both.attempts.create(number=1, act="call", intent="Save", result="", seen_before={"next": "save"})
            return super().prepare(*given)

    monkeypatch.setitem(STEPS, "segment.update_warehouse", Meanwhile())
    turn(run)
    assert run.state == "ready" and not sent("PATCH") and not run.attempts.filter(act="call").exists()


def test_nobody_waits_for_one_that_waits_for_a_person(run: Run, both: Run, turns: Make) -> None:
    Run.objects.filter(pk=run.pk).update(state=State.NEEDS_PERSON)
    assert turns(both).state == "done"


# ---------------------------------------------------------------- who, when


def test_who_may_not_work_on_the_step_enters_nothing(run: Run, bob: Any, carol: Any) -> None:
    for user in (bob, carol):
        with pytest.raises(Refused) as refused:
            enter(run, user)
        assert refused.value.code == "not-a-worker"
    assert not Secret.objects.exists()


def test_security_may_enter_one_too(run: Run, turns: Make, person: Make) -> None:
    enter(run, person("sue", Role.SECURITY))
    assert turns(run).state == "done"


def test_a_step_that_does_not_wait_takes_no_login(run: Run, olga: Any) -> None:
    enter(run, olga)
    with pytest.raises(Refused) as refused:
        enter(run, olga)
    assert refused.value.code == "no-login-wanted"
    assert Secret.objects.count() == 1


@pytest.mark.parametrize(
    ("login", "field", "says"),
    [
        ({"username": "", "password": GOOD}, "username", "Enter the username."),
        ({"username": "x", "password": " "}, "password", "Enter the new secret."),
        ({"username": "x", "password": "••••••••"}, "password", "Type the value itself."),
        ({"username": "a\nb", "password": GOOD}, "username", "The username holds a sign that none has."),
        ({"username": "x" * 300, "password": GOOD}, "username", "That is too long for a login."),
    ],
)
def test_a_mistake_is_refused_and_nothing_is_kept(
    run: Run, olga: Any, login: dict[str, str], field: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        logins.enter(run, olga, POSTGRES, login, "password")
    assert refused.value.facts["field"] == field
    assert refused.value.sentence.startswith(says)
    assert not Secret.objects.exists()


# ---------------------------------------------------------------- rules


def test_masked_and_secret_settings_are_never_written_back() -> None:
    seen = {"name": "W", "username": "u", "password": "••••", "port": 5432, "ssh": {"host": "h", "privateKey": "x"},
            "note": "[redacted]"}  # fmt: skip
    assert readable(seen) == {"username": "u", "port": 5432, "ssh.host": "h"}
    login = {"username": "v", "password": "p"}
    assert whole(readable(seen), login) == {
        "username": "v",
        "port": 5432,
        "ssh": {"host": "h"},
        "password": "p",
    }
    assert changes(readable(seen), login) == {"username": "v", "password": "p"}


@pytest.mark.parametrize(
    ("settings", "options", "names"),
    [
        ({"username": "u"}, (), ["username", "password"]),
        ({"user": "u"}, (), ["user", "password"]),
        ({"username": "u", "auth_type": "keypair"}, (), ["username", "privateKey", "privateKeyPassphrase"]),
        ({"project": "p"}, ("project", "credentials"), ["credentials"]),
        ({"host": "h"}, ("username", "password"), ["username", "password"]),
    ],
)
def test_what_is_asked_for_depends_on_what_the_warehouse_has(
    settings: dict[str, Any], options: tuple[str, ...], names: list[str]
) -> None:
    assert [each.name for each in asked_for(settings, options)] == names


def test_a_passphrase_may_stay_empty() -> None:
    asked = asked_for({"username": "u", "auth_type": "keypair"})
    assert faults(asked, {"username": "u", "privateKey": "k"}) == {}
