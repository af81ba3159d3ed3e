"""The engine's page: what is due, what it waits for, what stopped, and letting the engine go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from offboarding.connections import actions as connections
from offboarding.connections import limits
from offboarding.connections.limits import BUSY, Left
from offboarding.connections.queries import ASKED_TO_WAIT, Standing
from offboarding.discovery.models import Look
from offboarding.execution.models import Run
from offboarding.execution.rules import Cause
from offboarding.execution.steering import RESTS
from offboarding.journey import standstill
from offboarding.ledger.actions import APP
from offboarding.ledger.models import Entry
from offboarding.lib.addresses import key
from offboarding.packets.models import Packet
from offboarding.users.rules import Role
from offboarding.web.engine import cards
from offboarding.web.engine.facts import KINDS, facts
from offboarding.work import desks, queries
from offboarding.work.models import Beat, Lost, Slot
from offboarding.work.rules import STILL
from tests.conftest import DAN, PASSWORD

Make = Callable[..., Any]
URL = "/setup/engine/"
EVERYONE = ("Acme", "Globex", "Hooli")
SECOND = timedelta(seconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def words(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


@pytest.fixture
def ada(person: Make) -> Any:
    """Administers every client."""
    return person("ada", Role.ADMINISTRATOR, clients_=EVERYONE)


@pytest.fixture
def look(alice: Any, workspace: Make) -> Make:
    number = iter(range(1000))

    def make(place: Any = None, **fields: Any) -> Any:
        address = f"{next(number)}.{DAN}"
        made = place or workspace(f"Acme {address}"[:60])
        return Look.objects.create(
            workspace=made, person=key([address]), addresses=[address], asked_by=alice, **fields
        )

    return make


def opened(client: Client, user: Any, **headers: str) -> Any:
    client.force_login(user)
    return client.get(URL, headers=headers)


# ---------------------------------------------------------------- who sees it


def test_administrators_and_operators_see_it(
    client: Client, ada: Any, olga: Any, alice: Any, erin: Any
) -> None:
    assert [opened(client, user).status_code for user in (ada, olga, alice, erin)] == [200, 200, 403, 403]


def test_it_stands_beside_connections(client: Client, ada: Any, sam: Any) -> None:
    client.force_login(ada)
    assert f'href="{URL}"' in words(client.get("/setup/connections/"))
    client.force_login(sam)
    assert f'href="{URL}"' not in words(client.get("/setup/connections/"))


def test_connections_are_those_of_the_readers_clients(client: Client, workspace: Make, person: Make) -> None:
    connections.token_refused(workspace("Acme Production"), "Segment refused the token.")
    workspace("Hooli Production")
    page = words(opened(client, person("max", Role.ADMINISTRATOR, clients_=("Acme",))))
    assert ("Acme Production" in page, "Hooli Production" in page, "Token refused" in page) == (
        True,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("shared", "says"), [(True, "counted over all processes"), (False, "each process counts its own calls")]
)
def test_the_calls_that_are_left_are_told_with_who_counts(
    client: Client, ada: Any, workspace: Make, monkeypatch: pytest.MonkeyPatch, shared: bool, says: str
) -> None:
    workspace()
    room = {"default": Left(470, 480, shared), "iam-write": Left(48, 48, shared)}
    monkeypatch.setattr(limits, "left", lambda _pk: room)
    page = words(opened(client, ada))
    assert "ordinary calls 470 of 480" in page and says in page
    assert "changes of members" not in page, "what nobody used is left out"


# ---------------------------------------------------------------- what it counts

WAITING = [
    ({"waiting_for": STILL}, "still"),
    ({"waiting_for": RESTS, "not_before": None}, "paused"),
    ({"waiting_for": "", "not_before": None}, "before"),
    ({"waiting_for": ASKED_TO_WAIT}, "segment"),
    ({"waiting_for": BUSY}, "limit"),
    ({"waiting_for": Standing("Acme", opened=9.0, troubles=5).why}, "circuit"),
    ({"waiting_for": "its date"}, "date"),
    ({"waiting_for": "still a member of Acme Production Next look"}, "look"),
    ({"state": "verifying"}, "look"),
    ({"state": "unknown"}, "look"),
    ({"waiting_for": "Segment was not reached. Next try"}, "try"),
    ({"waiting_for": "the identity provider's sync"}, "time"),
    ({"state": "ready"}, "time"),
]


@pytest.mark.parametrize(("fields", "group"), WAITING)
def test_what_waits_is_told_by_what_it_waits_for(look: Make, fields: dict[str, Any], group: str) -> None:
    look(**{"state": "waiting", "not_before": now() + 60 * SECOND, **fields})
    looks = facts().kinds[0]
    assert (looks.name, dict(looks.waiting), looks.due) == ("looks", {group: 1}, 0)


def test_every_kind_of_work_and_every_schedule_is_called_by_words(client: Client, ada: Any) -> None:
    for name in desks.SCHEDULES:
        Slot.objects.create(name=name, slot="2026-03-31T10")
    kept = [name for name, each in desks.SCHEDULES.items() if each.slot(now())]
    page = words(opened(client, ada))
    assert [label for label in desks.DESKS if KINDS.get(label) not in cards.NAMES] == []
    assert [name for name in kept if name not in cards.SCHEDULES or f"{name}:" in page] == []
    assert [label for label in desks.DESKS if label in page] == []


def test_rows_that_stopped_three_times_are_told_apart_from_steps_by_hand(
    client: Client, ada: Any, look: Make
) -> None:
    look(state="needs_person", not_before=None, crashes=3)
    look(state="needs_person", not_before=None)
    looks = facts().kinds[0]
    assert (looks.person, looks.parked) == (2, 1)
    assert "1 stopped 3 times" in words(opened(client, ada))


def test_due_running_and_stopped_rows_are_told_apart(look: Make) -> None:
    past, future = now() - 90 * SECOND, now() + 60 * SECOND
    look(state="ready", not_before=past)
    look(state="running", not_before=past, lease_until=past)
    look(state="running", not_before=past, lease_until=future)
    look(state="needs_person", not_before=None)
    look(state="unknown", not_before=None)
    look(state="failed", not_before=None)
    look(state="done", not_before=None)
    found = facts()
    looks = found.kinds[0]
    assert (looks.due, looks.running, looks.person, looks.failed, looks.all_waiting) == (2, 1, 2, 1, 0)
    assert looks.oldest_due and 89 <= found.age(looks.oldest_due) <= 95


def test_the_page_says_what_things_wait_for_without_names_of_others(
    client: Client, look: Make, workspace: Make, person: Make
) -> None:
    hidden = workspace("Hooli Production")
    look(
        hidden,
        state="waiting",
        waiting_for="still a member of Hooli Production Next look",
        not_before=now() + 60 * SECOND,
    )
    look(hidden, state="needs_person", waiting_for="stopped 3 times", not_before=None)
    page = words(opened(client, person("max", Role.ADMINISTRATOR, clients_=("Acme",))))
    assert "1 for the next look" in page and "1 more is not yours to see" in page
    assert "Hooli" not in page


def test_engines_are_shown_for_a_day(client: Client, ada: Any) -> None:
    for name, age in (("new:1", 1), ("quiet:2", 600), ("gone:3", 90_000)):
        Beat.objects.create(engine=name, at=now() - age * SECOND)
    page = words(opened(client, ada))
    assert [name in page for name in ("new:1", "quiet:2", "gone:3")] == [True, True, False]
    assert (facts().alive, facts().ready) == (1, True)


def test_a_new_engine_forgets_those_that_ended_long_ago(db: None) -> None:
    from offboarding.work.engine import Engine

    Beat.objects.create(engine="gone:3", at=now() - 90_000 * SECOND)
    Engine(1).beat()
    assert Beat.objects.count() == 1


def test_lost_leases_and_schedules_are_told(client: Client, ada: Any) -> None:
    today = now().date()
    Lost.objects.create(kind="execution.Run", day=today, times=2)
    Lost.objects.create(kind="execution.Run", day=today - timedelta(days=30), times=5)
    Slot.objects.create(name="ledger.checkpoint", slot="2026-03-31T10")
    page = words(opened(client, ada))
    assert "2 in 7 days, 7 ever" in page and "Signing the ledger" in page


def test_the_page_asks_the_same_number_of_queries_whatever_there_is(
    client: Client, ada: Any, look: Make, workspace: Make
) -> None:
    place = workspace()
    look(place, state="needs_person", waiting_for="stopped 3 times", not_before=None)
    client.force_login(ada)
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    for number in range(5):
        look(place, state="needs_person", waiting_for="stopped 3 times", not_before=None)
        Beat.objects.create(engine=f"host:{number}", at=now())
    with CaptureQueriesContext(connection) as many:
        client.get(URL)
    assert len(many) == len(few) <= 33


def test_a_poll_brings_the_part_and_says_only_news(client: Client, ada: Any, look: Make) -> None:
    page = words(opened(client, ada))
    address = page.split('hx-get="')[1].split('"')[0]
    assert "every 5s" in page and "data-pause" in page
    same = client.get(address, headers={"HX-Request": "true"})
    assert "<html" not in words(same) and "HX-Trigger" not in same.headers
    look(state="ready", not_before=now() - SECOND)
    assert "1 due" in client.get(address, headers={"HX-Request": "true"}).headers["HX-Trigger"]


# ---------------------------------------------------------------- what stopped


@pytest.fixture
def crashed(running: Make) -> Any:
    run = Run.objects.filter(item__plan__removal=running("Acme Production"), manual=False).first()
    assert run
    changes = {"cause": Cause.CRASHED, "sentence": "This step stopped 3 times while working on this."}
    Run.objects.filter(pk=run.pk).update(state="needs_person", not_before=None, **changes)
    return run


def test_a_step_that_crashed_is_tried_again_by_who_may(
    client: Client, crashed: Any, olga: Any, ada: Any
) -> None:
    again = f"/requests/{crashed.item.plan.removal.reference}/steps/{crashed.item.number}/retry/"
    assert again not in words(opened(client, ada)), "an administrator alone does not work on steps"
    page = words(opened(client, olga))
    assert "stopped 3 times" in page and again in page
    client.post(again)
    crashed.refresh_from_db()
    assert crashed.state == "ready"


@pytest.fixture
def unmade(filed: Make) -> Any:
    trouble = "The packet cannot be made. An administrator has to look."
    fields = {"state": "needs_person", "not_before": None, "trouble": trouble}
    return Packet.objects.create(removal=filed("Acme Production"), version=1, **fields)


def test_a_packet_that_could_not_be_made_is_made_again(client: Client, unmade: Any, ada: Any) -> None:
    assert escape(unmade.trouble) in words(opened(client, ada))
    answer = client.post(f"{URL}packets/{unmade.pk}/again/", {"fence": unmade.fence}, follow=True)
    unmade.refresh_from_db()
    assert "One more try begins: " in words(answer)
    assert (unmade.state, unmade.trouble, unmade.version) == ("ready", "", 1)
    entry = Entry.objects.filter(event="packet.ordered").latest("seq")
    assert (entry.actor_id, entry.about) == (str(ada.pk), unmade.removal.reference)
    again = client.post(f"{URL}packets/{unmade.pk}/again/", {"fence": unmade.fence})
    assert again.status_code == 409, "it stopped no more"


def test_a_packet_is_made_again_only_by_who_may(client: Client, unmade: Any, person: Make, bob: Any) -> None:
    from offboarding.lib.refusals import Refused
    from offboarding.packets.actions import make_again

    with pytest.raises(Refused, match="Only administrators and operators"):
        make_again(unmade, bob)
    client.force_login(person("henry", Role.ADMINISTRATOR, clients_=("Hooli",)))
    assert client.post(f"{URL}packets/{unmade.pk}/again/").status_code == 404
    unmade.refresh_from_db()
    assert unmade.state == "needs_person"


def test_a_packet_that_is_on_its_way_is_not_ordered_again(unmade: Any, ada: Any) -> None:
    from offboarding.lib.refusals import Refused
    from offboarding.packets.actions import make_again

    make_again(unmade, ada)
    with pytest.raises(Refused, match="not waiting"):
        make_again(unmade, ada)
    assert Entry.objects.filter(event="packet.ordered").count() == 1


def test_a_search_that_crashed_begins_anew(client: Client, look: Make, ada: Any) -> None:
    stopped = look(state="needs_person", waiting_for="stopped 3 times", not_before=None)
    assert "Search for a person in Acme" in words(opened(client, ada))
    client.post(f"{URL}looks/{stopped.pk}/again/", {"fence": stopped.fence})
    assert Look.objects.filter(person=stopped.person).count() == 2
    assert f"looks/{stopped.pk}/again/" not in words(client.get(URL)), "a later one made up for it"


def test_a_search_of_another_client_is_not_here(client: Client, look: Make, person: Make) -> None:
    stopped = look(state="needs_person", not_before=None)
    client.force_login(person("henry", Role.ADMINISTRATOR, clients_=("Hooli",)))
    assert client.post(f"{URL}looks/{stopped.pk}/again/").status_code == 404


# ---------------------------------------------------------------- standing still


@pytest.fixture
def halted(db: None) -> datetime:
    standstill.stand_still("Restored from yesterday.", APP)
    since = queries.standstill().since
    assert since
    return since


def sign_in(client: Client, user: Any) -> None:
    client.post("/signin/", {"login": user.email, "password": PASSWORD})


def test_every_page_says_that_the_engine_stands_still(
    client: Client, halted: Any, ada: Any, olga: Any, alice: Any
) -> None:
    told = []
    for user in (ada, olga, alice):
        client.force_login(user)
        told.append("The engine stands still since" in words(client.get("/")))
    assert told == [True, True, False]


def test_the_page_says_why_and_who_lets_it_go_on(client: Client, halted: Any, ada: Any, olga: Any) -> None:
    page = words(opened(client, ada))
    assert "Restored from yesterday." in page and f"{URL}go-on/" in page
    page = words(opened(client, olga))
    assert f"{URL}go-on/" not in page and "Only an administrator of all clients" in page


def test_going_on_needs_a_proof_of_identity_and_one_press(client: Client, halted: Any, ada: Any) -> None:
    sign_in(client, ada)
    first = client.get(f"{URL}go-on/")
    assert first.status_code == 302 and "/confirm-identity/" in first.url, (
        "the sign-in is older than the wish"
    )
    prove_at = first.url.split("?")[0]
    client.post(prove_at, {"password": PASSWORD, "next": f"{URL}go-on/"})
    page = client.get(f"{URL}go-on/")
    assert (
        page.status_code == 200
        and "0 steps were looked at" in words(page)
        and "No step that was looked at waits" in words(page)
    )
    done = client.post(f"{URL}go-on/", {"since": halted.isoformat()}, follow=True)
    assert "The engine goes on." in words(done) and not queries.stands_still()
    assert Entry.objects.filter(event="engine.resumed").get().actor_id == str(ada.pk)
    assert client.post(f"{URL}go-on/", {"since": halted.isoformat()}).status_code == 302


def test_a_press_without_proof_does_nothing(client: Client, halted: Any, ada: Any) -> None:
    sign_in(client, ada)
    assert "/confirm-identity/" in client.post(f"{URL}go-on/", {"since": halted.isoformat()}).url
    assert queries.stands_still()


@pytest.mark.parametrize("since", ["", "yesterday", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00"])
def test_a_form_of_another_standstill_does_nothing(client: Client, halted: Any, ada: Any, since: str) -> None:
    sign_in(client, ada)
    first = client.get(f"{URL}go-on/")
    client.post(first.url.split("?")[0], {"password": PASSWORD})
    assert client.post(f"{URL}go-on/", {"since": since}).status_code == 409
    assert queries.stands_still()


def test_who_may_not_gets_no_page_to_go_on(client: Client, halted: Any, olga: Any, person: Make) -> None:
    for user in (olga, person("max", Role.ADMINISTRATOR, clients_=("Acme",))):
        client.force_login(user)
        assert client.get(f"{URL}go-on/").status_code == 403
        assert client.post(f"{URL}go-on/", {"since": halted.isoformat()}).status_code == 403
    assert queries.stands_still()


def test_there_is_nothing_to_go_on_with_while_it_works(client: Client, ada: Any) -> None:
    client.force_login(ada)
    assert client.get(f"{URL}go-on/").url == URL


def test_it_is_not_ready_while_it_stands_still(client: Client, halted: Any) -> None:
    Beat.objects.create(engine="new:1", at=now())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["standing_still"], answer.json()["ready"]) == (503, True, False)
