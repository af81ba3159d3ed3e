"""A new write key on its way to the person who takes it: shown once, to them only, and in no other answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.connections import keyring
from offboarding.execution import actions
from offboarding.execution.models import Attempt, Ruling, Run, Secret
from offboarding.execution.rotation import actions as rotation
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from tests.conftest import PASSWORD

Make = Callable[..., Any]
PLAIN = "Wq7canaryKeyThatNobodyMaySee2345"
OLD = keyring.fingerprint("old")


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def rotating(drafted: Make, decide: Make, alice: Any, bob: Any) -> Any:
    """A running request in which one source with one old key is rotated, Checkout."""
    from dataclasses import replace

    from offboarding.discovery.models import Snapshot
    from offboarding.discovery.rules import Reach, SourceKeys, Thing
    from offboarding.journey import actions as journey

    removal = drafted("Acme Production")
    old = Snapshot.objects.get()
    reach = Reach((Thing("s1", "Checkout"),), 1, keys=(SourceKeys("s1", "Checkout", (OLD,), 2),))
    data = replace(old.sighting, reach=reach).as_json()
    Snapshot.objects.create(workspace=old.workspace, person=old.person, addresses=old.addresses, data=data)
    journey.file(removal, alice, removal.version)
    decide(removal, bob)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    return removal


def step(removal: Any, code: str) -> Run:
    return Run.objects.select_related("item__plan__removal").get(item__plan__removal=removal, item__code=code)


def at(run: Run, path: str = "") -> str:
    return f"/requests/{run.item.plan.removal.reference}/steps/{run.item.number}/{path}"


def with_key(removal: Any) -> Secret:
    """The key was added, and waits."""
    add = step(removal, "add-write-key")
    Run.objects.filter(pk=add.pk).update(
        state="done", ended="changed", ended_at=datetime.now(UTC), not_before=None
    )
    facts = {
        "fingerprints": [OLD],
        "fresh": [],
        "unread": [],
        "destinations": ["Amplitude"],
        "events": 1234567,
    }
    Attempt.objects.create(
        run=add, number=1, act="look", intent="Read", result="seen", closed_at=datetime.now(UTC), facts=facts
    )
    Attempt.objects.create(
        run=add, number=2, act="call", intent="Add", seen_before=facts, result="accepted",
        closed_at=datetime.now(UTC),
    )  # fmt: skip
    return Secret.objects.create(
        run=add, name="new key", sealed=keyring.seal(PLAIN), fingerprint=keyring.fingerprint(PLAIN)
    )


@pytest.fixture
def handing(rotating: Any, olga: Any) -> Run:
    """The hand-over is Olga's."""
    with_key(rotating)
    run = step(rotating, "hand-over-key")
    Run.objects.filter(pk=run.pk).update(state="needs_person", cause="manual", assigned_to=olga)
    run.refresh_from_db()
    return run


@pytest.fixture
def operator(client: Browser, olga: Any) -> Browser:
    client.force_login(olga)
    return client


def prove(browser: Browser, run: Run) -> Any:
    there = at(run, "key/")
    return browser.post(f"/confirm-identity/?next={there}", {"password": PASSWORD, "next": there})


def nonce(browser: Browser, run: Run) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', browser.get(at(run, "key/")).content.decode())
    assert found
    return found[1]


def ready_to_see(browser: Browser, run: Run) -> str:
    browser.post(at(run, "key/ask/"))
    prove(browser, run)
    return nonce(browser, run)


# ---- the way to the key ---------------------------------------------------------------------------------------


def test_the_person_proves_who_they_are_and_sees_the_key_once(operator: Browser, handing: Run) -> None:
    assert "Show the new key once" in text_of(operator.get(at(handing)))
    asked = operator.post(at(handing, "key/ask/"))
    assert asked["Location"].startswith("/confirm-identity/?next=")
    assert prove(operator, handing)["Location"] == at(handing, "key/")
    question = operator.get(at(handing, "key/"))
    assert "shown to you now, and to nobody again" in text_of(question)
    assert PLAIN not in question.content.decode()
    shown = operator.post(at(handing, "key/"), {"nonce": nonce(operator, handing)})
    assert shown.status_code == 200 and PLAIN in text_of(shown)
    assert f'data-copy="{PLAIN}"' in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    page = text_of(operator.get(at(handing)))
    assert "Olga, today" in page and "shown once and is forgotten here" in page
    assert PLAIN not in page


def test_without_a_fresh_proof_nothing_is_shown(operator: Browser, handing: Run) -> None:
    operator.post(at(handing, "key/ask/"))
    asked = operator.post(at(handing, "key/"), {"nonce": operator.session["reveal"]["nonce"]})
    assert asked["Location"].startswith("/confirm-identity/")
    assert Secret.objects.get().sealed


def test_a_proof_from_before_does_not_count(operator: Browser, handing: Run) -> None:
    operator.post(at(handing, "key/ask/"))
    prove(operator, handing)
    operator.post(at(handing, "key/ask/"))
    assert operator.get(at(handing, "key/"))["Location"].startswith("/confirm-identity/")


def test_an_address_typed_by_hand_shows_nothing(operator: Browser, handing: Run) -> None:
    assert operator.get(at(handing, "key/"))["Location"] == at(handing)
    assert operator.post(at(handing, "key/"), {"nonce": "x"})["Location"] == at(handing)
    assert Secret.objects.get().sealed


def test_a_wrong_nonce_shows_nothing(operator: Browser, handing: Run) -> None:
    ready_to_see(operator, handing)
    operator.post(at(handing, "key/"), {"nonce": "another"})
    assert Secret.objects.get().sealed


def test_a_second_press_shows_no_key(operator: Browser, handing: Run) -> None:
    once = ready_to_see(operator, handing)
    assert PLAIN in text_of(operator.post(at(handing, "key/"), {"nonce": once}))
    again = operator.post(at(handing, "key/"), {"nonce": once}, follow=True)
    assert PLAIN not in again.content.decode()
    assert Entry.objects.filter(event="secret.revealed").count() == 1


def test_somebody_else_is_told_whose_step_it_is(client: Browser, handing: Run, sam: Any) -> None:
    client.force_login(sam)
    assert "The new key waits for Olga." in text_of(client.get(at(handing)))
    once = ready_to_see(client, handing)
    refused = client.post(at(handing, "key/"), {"nonce": once})
    assert refused.status_code in (409, 422) and "Only the person who has this step" in text_of(refused)
    assert Secret.objects.get().sealed


def test_another_client_finds_nothing(client: Browser, handing: Run, carol: Any) -> None:
    client.force_login(carol)
    for path in ("key/", "key/take/", "key/add/", "key/lost/"):
        assert client.get(at(handing, path)).status_code == 404
    assert client.post(at(handing, "key/ask/")).status_code == 404


def test_readers_see_fingerprints_and_no_way_to_the_key(client: Browser, handing: Run, erin: Any) -> None:
    client.force_login(erin)
    page = text_of(client.get(at(handing)))
    assert f"key:{keyring.fingerprint(PLAIN)}" in page
    assert "Show the new key once" not in page


def test_a_step_of_nobody_asks_for_a_name_first(operator: Browser, handing: Run) -> None:
    Run.objects.filter(pk=handing.pk).update(assigned_to=None)
    assert "Hand this step to the person who takes the key." in text_of(operator.get(at(handing)))


def test_the_sign_off_comes_after_the_key_was_seen(operator: Browser, handing: Run, olga: Any) -> None:
    assert "I did this and it is right" not in text_of(operator.get(at(handing)))
    rotation.reveal(handing, olga, "password")
    assert "I did this and it is right" in text_of(operator.get(at(handing)))
    operator.post(at(handing, "sign-off/"), {"act": "sign-off", "note": "", "attest": "on"})
    handing.refresh_from_db()
    assert handing.state == "done"


def test_the_record_names_the_fingerprint_and_never_the_key(operator: Browser, handing: Run) -> None:
    shown = operator.post(at(handing, "key/"), {"nonce": ready_to_see(operator, handing)})
    assert PLAIN in text_of(shown)
    bodies = [bytes(entry.body).decode() for entry in Entry.objects.all()]
    assert any(keyring.fingerprint(PLAIN) in body and "secret.revealed" in body for body in bodies)
    assert not any(PLAIN in body for body in bodies)
    for path in ("", "checklist/", "timeline/", "evidence/"):
        answer = operator.get(f"/requests/{handing.item.plan.removal.reference}/{path}")
        assert PLAIN not in answer.content.decode(), path
    assert "saw the new secret" in text_of(
        operator.get(f"/requests/{handing.item.plan.removal.reference}/timeline/")
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_presses_at_the_same_time_one_gets_the_key(handing: Run, olga: Any) -> None:
    def press(_: int) -> str:
        try:
            return rotation.reveal(Run.objects.get(pk=handing.pk), olga, "password")
        except Refused as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        got = sorted(pool.map(press, range(4)))
    assert got == sorted([PLAIN, "seen-already", "seen-already", "seen-already"])
    assert Entry.objects.filter(event="secret.revealed").count() == 1


# ---- what people decide ---------------------------------------------------------------------------------------


def test_it_was_lost_makes_another_one(operator: Browser, handing: Run, olga: Any) -> None:
    rotation.reveal(handing, olga, "password")
    assert "It was lost" in text_of(operator.get(at(handing)))
    page = operator.get(at(handing, "key/lost/"))
    assert "The lost one is removed with the old ones" in text_of(page)
    assert Ruling.objects.count() == 0
    operator.post(at(handing, "key/lost/"))
    add = step(handing.item.plan.removal, "add-write-key")
    assert add.state == "ready" and Ruling.objects.get().what == "lost"
    assert "The new key is not there yet." in text_of(operator.get(at(handing)))


@pytest.fixture
def appeared(rotating: Any) -> Run:
    """Two keys came since the plan."""
    add = step(rotating, "add-write-key")
    facts = {"fingerprints": [OLD, "aa11", "bb22"], "fresh": ["aa11", "bb22"], "unread": []}
    Attempt.objects.create(
        run=add, number=1, act="look", intent="Read", result="seen", closed_at=datetime.now(UTC), facts=facts
    )
    Run.objects.filter(pk=add.pk).update(
        state="needs_person",
        cause="doubt",
        sentence="Keys appeared since the plan was made.",
        not_before=None,
    )
    add.refresh_from_db()
    return add


def test_the_page_offers_the_keys_that_appeared(operator: Browser, appeared: Run) -> None:
    page = text_of(operator.get(at(appeared)))
    for words in ("Take key:aa11 as the new one", "Take key:bb22 as the new one", "Add a key all the same"):
        assert words in page


def test_a_key_is_taken_after_a_question(operator: Browser, appeared: Run) -> None:
    question = operator.get(at(appeared, "key/take/?key=aa11"))
    assert "No key is added." in text_of(question) and Ruling.objects.count() == 0
    operator.post(at(appeared, "key/take/"), {"key": "aa11"})
    ruling = Ruling.objects.get()
    assert (ruling.what, ruling.facts["fingerprint"]) == ("take", "aa11")
    appeared.refresh_from_db()
    assert appeared.state == "ready"


def test_a_key_is_added_all_the_same(operator: Browser, appeared: Run) -> None:
    assert "count as old ones" in text_of(operator.get(at(appeared, "key/add/")))
    operator.post(at(appeared, "key/add/"))
    assert Ruling.objects.get().what == "add"


@pytest.mark.parametrize("key", ["zz99", "<script>", ""])
def test_no_other_key_can_be_taken(operator: Browser, appeared: Run, key: str) -> None:
    assert operator.post(at(appeared, "key/take/"), {"key": key}).status_code in (409, 422)
    assert Ruling.objects.count() == 0


def test_readers_are_offered_nothing(client: Browser, appeared: Run, erin: Any) -> None:
    client.force_login(erin)
    assert "Add a key all the same" not in text_of(client.get(at(appeared)))
    assert client.post(at(appeared, "key/add/")).status_code in (403, 409, 422)
    assert Ruling.objects.count() == 0


def test_a_step_of_another_kind_knows_no_keys(operator: Browser, rotating: Any) -> None:
    other = step(rotating, "remove-member")
    Run.objects.filter(pk=other.pk).update(state="needs_person", cause="doubt", not_before=None)
    for path in ("key/add/", "key/lost/"):
        assert operator.post(at(other, path)).status_code in (409, 422)
    assert Ruling.objects.count() == 0


# ---- confirming -----------------------------------------------------------------------------------------------


def test_the_one_who_confirms_sees_what_hangs_on_the_source(
    operator: Browser, handing: Run, olga: Any
) -> None:
    rotation.reveal(handing, olga, "password")
    actions.sign_off(handing, olga, attested=True, note="")
    confirm = step(handing.item.plan.removal, "confirm-key")
    Run.objects.filter(pk=confirm.pk).update(state="needs_person", cause="manual", not_before=None)
    page = text_of(operator.get(at(confirm)))
    for words in ("Amplitude", "1,234,567", f"key:{OLD}", "7 days after this is signed off", "No"):
        assert words in page


@pytest.mark.parametrize(
    ("code", "questions"),
    [("add-write-key", 22), ("hand-over-key", 32), ("confirm-key", 37), ("remove-old-keys", 30)],
)
def test_a_page_of_a_rotation_asks_a_known_number_of_questions(
    operator: Browser, handing: Run, code: str, questions: int
) -> None:
    run = step(handing.item.plan.removal, code)
    operator.get(at(run))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert operator.get(at(run)).status_code == 200
    assert len(asked) <= questions, [query["sql"][:150] for query in asked]


# ---- in the list ----------------------------------------------------------------------------------------------


def test_the_rotations_of_a_workspace_are_folded_to_one_line(operator: Browser, handing: Run) -> None:
    reference = handing.item.plan.removal.reference
    page = operator.get(f"/requests/{reference}/checklist/")
    assert "Write keys of 1 source in Acme Production" in text_of(page)
    assert f'id="keys-{handing.item.workspace_id}-count"' in page.content.decode()
    mine = operator.get(f"/requests/{reference}/checklist/?show=mine")
    assert "Hand over the new key of Checkout" in text_of(mine)
    assert "Write keys of 1 source" not in text_of(mine)


def test_a_poll_brings_the_count_of_the_folded_line(operator: Browser, handing: Run) -> None:
    reference = handing.item.plan.removal.reference
    whole = operator.get(f"/requests/{reference}/checklist/").content.decode()
    since = re.search(r"since=([^&\"]+)", whole)
    assert since
    Run.objects.filter(pk=handing.pk).update(state="cancelled", touched_at=datetime.now(UTC))
    news = operator.get(
        f"/requests/{reference}/checklist/?since={since[1]}", headers={"HX-Request": "true"}
    ).content.decode()
    assert re.search(rf'id="keys-{handing.item.workspace_id}-count">\s*2 of 4', news)


def test_the_approver_reads_a_rotation_as_one_line_with_its_sources(rotating: Any) -> None:
    from offboarding.web.removal.plan import plan_card

    plan = rotating.plans.get()
    steps = [title for phase in plan_card(plan.data, plan.fingerprint).order for _, title in phase.steps]
    assert "Acme Production: a new write key for Checkout; hand it over, confirm, remove 1 old key" in steps
    assert not any(title.startswith("Hand over the new key") for title in steps)
    assert any("2 destinations get their events" in told for told in plan.data["may_break"])


def test_the_packet_tells_what_became_of_the_keys(handing: Run) -> None:
    from offboarding.packets.collect import full_runs
    from offboarding.packets.keys import credentials
    from offboarding.packets.shelf import Shelf

    reference = handing.item.plan.removal.reference
    told = credentials(reference, full_runs(handing.item.plan), Shelf(lambda: None))
    new, old = (each for each in told if each.kind == "Write key")
    assert (new.act, new.name, new.fingerprint) == (
        "added",
        "of source Checkout",
        f"key:{keyring.fingerprint(PLAIN)}",
    )
    assert (old.act, old.fingerprint, old.at) == ("still works", f"key:{OLD}", None)
