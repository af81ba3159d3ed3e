"""A workspace is disconnected: its token is forgotten, nobody looks there any more, and what was done stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from offboarding.connections import actions, keyring
from offboarding.connections.models import Workspace
from offboarding.connections.queries import workspaces_in
from offboarding.directory.queries import scope_of
from offboarding.execution import disconnecting
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.ledger.actions import APP
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals import restoring
from offboarding.removals.models import RemovalRequest
from offboarding.trail.models import Copy, Harvest
from offboarding.trail.queries import to_copy
from offboarding.users.rules import Role
from offboarding.work.rules import State

Make = Callable[..., Any]


@pytest.fixture
def ends(today: date) -> Make:
    """`ends(ada, place)`: as that person, with what they hold."""

    def make(by: Any, place: Workspace, why: str = "The engagement is over.", version: int = 1) -> None:
        disconnecting.disconnect(by, scope_of(by, today), place, why, version)
        place.refresh_from_db()

    return make


def refused(act: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def test_the_token_is_forgotten_and_nobody_looks_there(
    ends: Make, ada: Any, workspace: Make, today: date
) -> None:
    place, stays = workspace("Acme Production"), workspace("Acme Staging")
    ends(ada, place)
    assert keyring.open_secret(place.sealed_token) == "" and place.token_last4 == ""
    assert list(workspaces_in(scope_of(ada, today))) == [stays]
    assert to_copy(datetime.now(UTC), timedelta(hours=24)) == [stays]
    entry = Entry.objects.filter(event="workspace.disconnected").get()
    facts = canonical.loads(bytes(entry.body))["facts"]
    assert (entry.about, facts["why"]) == (f"workspace:{place.pk}", "The engagement is over.")


def test_a_token_that_was_forgotten_is_not_called_refused(ends: Make, ada: Any, workspace: Make) -> None:
    place = workspace()
    ends(ada, place)
    actions.token_refused(place, "There is none.")
    place.refresh_from_db()
    assert place.refused_at is None and not Entry.objects.filter(event="workspace.token_refused").exists()


def test_a_new_token_connects_it_again(ends: Make, ada: Any, workspace: Make, today: date) -> None:
    place = workspace()
    ends(ada, place)
    assert "on its own page" in refused(workspace).sentence, "connecting it anew leads there"
    actions.replace_token(place, "sgp_" + "n" * 64, APP)
    place.refresh_from_db()
    assert list(workspaces_in(scope_of(ada, today))) == [place]
    assert Entry.objects.filter(event="workspace.connected").count() == 2


def test_not_while_a_request_is_open_or_will_look_there_once_more(
    ends: Make, ada: Any, running: Make, workspace: Make
) -> None:
    place = workspace()
    removal = running(connected=(place,))
    assert removal.reference in refused(lambda: ends(ada, place)).sentence
    RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed", closed_at=datetime.now(UTC))
    assert removal.reference in refused(lambda: ends(ada, place)).sentence, "a later look waits"
    place.refresh_from_db()
    assert place.ended_at is None and place.token_last4, "nothing was half done"
    Run.objects.filter(item__plan__removal=removal).update(state=State.CANCELLED)
    ends(ada, place)
    now = datetime.now(UTC)
    back = {"ends_at": now + timedelta(days=2), "time_zone": "UTC", "why": "It broke.", "now": now}
    no = refused(lambda: restoring.restore(removal, removal.requester, [place], **back))
    assert no.code == "disconnected", "and nothing is given back there"


def test_a_draft_from_before_is_not_sent(
    ends: Make, ada: Any, alice: Any, drafted: Make, workspace: Make
) -> None:
    place = workspace()
    draft = drafted(connected=(place,))
    ends(ada, place)
    no = refused(lambda: journey.file(draft, alice, draft.version))
    assert no.code == "disconnected" and place.name in no.sentence
    draft.refresh_from_db()
    assert draft.stage == "draft"


@pytest.mark.parametrize(
    ("why", "version", "code"), [(" ", 1, "no-reason"), ("x" * 501, 1, "too-long"), ("Over.", 2, "stale")]
)
def test_what_is_refused_writes_nothing(
    why: str, version: int, code: str, ends: Make, ada: Any, workspace: Make
) -> None:
    place = workspace()
    assert refused(lambda: ends(ada, place, why, version)).code == code
    place.refresh_from_db()
    assert place.ended_at is None


def test_twice_is_said(ends: Make, ada: Any, workspace: Make) -> None:
    place = workspace()
    ends(ada, place)
    assert refused(lambda: ends(ada, place, version=2)).code == "ended-already"


def test_only_an_administrator_of_the_client_disconnects(
    ends: Make, olga: Any, sam: Any, person: Make, workspace: Make
) -> None:
    place = workspace()
    for who in (olga, sam, person("local", Role.ADMINISTRATOR, clients_=("Globex",))):
        assert refused(lambda who=who: ends(who, place)).code == "may-not-change"


def test_on_its_page_it_asks_why_and_then_stands_below_the_list(
    client: Browser, ada: Any, olga: Any, workspace: Make
) -> None:
    place = workspace("Acme Production")
    client.force_login(olga)
    here = f"/setup/connections/{place.pk}/"
    assert "disconnect/" not in client.get(here).content.decode()
    client.force_login(ada)
    assert f"{here}disconnect/" in client.get(here).content.decode()
    assert "Delete the token in Segment too" in client.get(f"{here}disconnect/").content.decode()
    answer = client.post(f"{here}disconnect/", {"version": "1", "reason": ""})
    assert answer.status_code == 422 and "Say why" in answer.content.decode()
    answer = client.post(f"{here}disconnect/", {"version": "1", "reason": "Handed over."})
    assert answer["Location"] == "/setup/connections/"
    page = client.get("/setup/connections/").content.decode()
    assert 'id="gone-title"' in page and "Connect again" in page and "Replace token" not in page
    own = client.get(here).content.decode()
    assert "none: it was forgotten" in own and "disconnected the workspace: Handed over." in own
    assert client.post(f"{here}test/").status_code == 409, "there is nothing to test with"


def test_its_audit_trail_is_copied_no_more(
    client: Browser, ends: Make, ada: Any, workspace: Make, today: date
) -> None:
    place = workspace()
    client.force_login(ada)
    here = f"/setup/connections/{place.pk}/"
    assert "Copy now" in client.get(here).content.decode()
    begun = datetime.now(UTC) - timedelta(days=2)
    Copy.objects.create(workspace=place, since=begun, until=datetime.now(UTC))
    assert "so nothing is lost" in client.get(here).content.decode()
    ends(ada, place)
    page = client.get(here).content.decode()
    assert "Copy now" not in page and "so nothing is lost" not in page and "Add a CSV file" in page
    assert client.post(reverse("trail_copy", args=[place.pk])).status_code == 409
    assert not Harvest.objects.exists()
