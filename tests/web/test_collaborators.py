"""The pages about collaborators: who sees them, what they say, and two who become one."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser

from offboarding.directory import collaborators as verbs
from offboarding.directory.models import Address, Collaborator, Engagement
from offboarding.directory.queries import scope_of
from tests.conftest import DAN


@pytest.fixture
def as_alice(client: Browser, alice: Any) -> Browser:
    client.force_login(alice)
    return client


@pytest.fixture
def known(alice: Any, clients: dict[str, Any], today: date) -> Any:
    """`known("Dan", DAN, "dan@home.example")`: of Acme."""

    def make(name: str, *emails: str, client: str = "Acme", kind: str = "person") -> Collaborator:
        said = verbs.Said(name, kind)
        return verbs.add(alice, scope_of(alice, today), clients[client], said, emails)

    return make


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_lead_adds_somebody_with_all_addresses(
    as_alice: Browser, clients: dict[str, Any], alice: Any
) -> None:
    works = Engagement.objects.create(client=clients["Acme"], name="Analytics", lead=alice)
    page = as_alice.get(f"/people/add/?engagement={works.pk}").content.decode()
    assert re.search(rf'<option value="{works.pk}" selected', page)
    given = {
        "client": clients["Acme"].pk,
        "name": "Dan Reyes",
        "kind": "person",
        "email": DAN,
        "others": "dan@home.example, dan@old.example",
        "engagement": works.pk,
    }
    text = says(as_alice.post("/people/add/", given, follow=True))
    for wanted in ("Dan Reyes is added", DAN, "dan@home.example", "dan@old.example", "Analytics"):
        assert wanted in text


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"name": ""}, "Enter the name"),
        ({"email": "nobody"}, "Enter an e-mail address"),
        ({"others": "one two@x"}, "is not an e-mail address"),
        ({"client": ""}, "Choose the client"),
        ({"kind": "robot"}, "not one of the available"),
        ({"email": "alice@northwind.example"}, "your own address"),
        ({"email": "kim@x.example"}, "belongs to Kim already"),
    ],
)
def test_what_cannot_stand_is_said_and_what_was_typed_stays(
    typed: dict[str, str], wanted: str, as_alice: Browser, known: Any, clients: dict[str, Any]
) -> None:
    known("Kim", "kim@x.example")
    given = {
        "client": clients["Acme"].pk,
        "name": "Dan",
        "kind": "person",
        "email": DAN,
        "others": "",
        **typed,
    }
    answer = as_alice.post("/people/add/", given)
    assert answer.status_code == 422
    assert wanted in says(answer)
    assert Collaborator.objects.count() == 1


def test_the_list_finds_people_by_any_address_client_and_kind(as_alice: Browser, known: Any) -> None:
    known("Dan", DAN, "dan@home.example")
    known("Loader", "svc-load@x.example", kind="service", client="Globex")
    text = says(as_alice.get("/people/?text=home.ex"))
    assert "Dan" in text and "Loader" not in text
    text = says(as_alice.get("/people/?kind=service"))
    assert "Loader" in text and "Service account" in text and "Dan " not in text
    assert "Loader" in says(as_alice.get("/people/?client=globex"))
    assert "Nobody fits" in says(as_alice.get("/people/?text=zz"))


def test_the_page_shows_what_was_seen_and_the_requests(as_alice: Browser, known: Any, filed: Any) -> None:
    dan = known("Dan", DAN, "dan@home.example")
    removal = filed("Acme Production")
    text = says(as_alice.get(f"/people/{dan.pk}/"))
    assert removal.reference in text
    assert "Acme Production Source Admin" in text and "Had access" in text


def test_a_request_begins_with_all_of_somebodys_addresses(as_alice: Browser, known: Any) -> None:
    dan = known("Dan Reyes", DAN, "dan@home.example")
    page = as_alice.get(f"/requests/new/?person={dan.pk}").content.decode()
    assert f'value="{DAN}"' in page and "dan@home.example" in page and 'value="Dan Reyes"' in page
    assert DAN not in as_alice.get("/requests/new/?person=99999").content.decode()


def test_addresses_are_added_retired_and_taken_back(as_alice: Browser, known: Any) -> None:
    dan = known("Dan", DAN)
    here = f"/people/{dan.pk}/"
    answer = as_alice.post(
        here + "addresses/", {"email": "dan@home.example", "kind": "personal"}, follow=True
    )
    assert "Personal" in says(answer)
    home = Address.objects.get(email="dan@home.example")
    text = says(as_alice.post(f"{here}addresses/{home.pk}/retire/", follow=True))
    assert "is not searched for any more" in text and "retired the address dan@home.example" in text
    assert "theirs again" in says(as_alice.post(f"{here}addresses/{home.pk}/back/", follow=True))
    answer = as_alice.post(here + "addresses/", {"email": "half@", "kind": "personal"})
    assert answer.status_code == 422 and 'value="half@"' in answer.content.decode()
    only = Address.objects.get(email=DAN)
    as_alice.post(f"{here}addresses/{home.pk}/retire/")
    answer = as_alice.post(f"{here}addresses/{only.pk}/retire/")
    assert answer.status_code == 409 and "only address" in says(answer)


def test_somebody_is_put_on_a_roster_and_taken_off(
    as_alice: Browser, known: Any, clients: dict[str, Any], alice: Any
) -> None:
    dan = known("Dan", DAN)
    works = Engagement.objects.create(client=clients["Acme"], name="Analytics", lead=alice)
    here = f"/people/{dan.pk}/engagements/"
    assert "is on Analytics" in says(as_alice.post(here, {"engagement": works.pk}, follow=True))
    assert "is off Analytics" in says(as_alice.post(f"{here}{works.pk}/leave/", follow=True))
    assert "Choose an engagement" in says(as_alice.post(here, {"engagement": "²"}))


def test_a_name_is_changed_by_two_and_the_second_is_told(as_alice: Browser, known: Any, ada: Any) -> None:
    dan, other = known("Dan", DAN), Browser()
    other.force_login(ada)
    url = f"/people/{dan.pk}/edit/"
    assert 'name="version" value="1"' in as_alice.get(url).content.decode()
    other.post(url, {"name": "Daniel", "kind": "person", "version": "1"})
    answer = as_alice.post(url, {"name": "Danny", "kind": "person", "version": "1"})
    assert answer.status_code == 409 and "Daniel" in says(answer) and "Danny" in answer.content.decode()


def test_others_clients_people_are_not_here(client: Browser, carol: Any, bob: Any, known: Any) -> None:
    dan = known("Dan", DAN)
    client.force_login(carol)
    assert client.get(f"/people/{dan.pk}/").status_code == 404
    assert "Dan" not in says(client.get("/people/"))
    client.force_login(bob)
    assert client.get("/people/").status_code == 403


# ---------------------------------------------------------------- two become one


def test_a_merge_shows_what_moves_before_it_is_pressed(client: Browser, ada: Any, known: Any) -> None:
    dan, twin = known("Dan Reyes", DAN), known("D. Reyes", "dan@old.example")
    known("Robot", "robot@x.example", kind="service")
    known("Elsewhere", "dan@globex.example", client="Globex")
    client.force_login(ada)
    url = f"/people/{dan.pk}/merge/"
    text = says(client.get(url))
    assert "D. Reyes" in text and "Robot" not in text and "Elsewhere" not in text
    url = f"{url}?other={twin.pk}"
    page = client.get(url)
    text = says(page)
    for wanted in ("Merge D. Reyes into Dan Reyes", "dan@old.example", "It cannot be undone"):
        assert wanted in text
    versions = re.search(r'name="versions" value="([^"]+)"', page.content.decode())
    assert versions
    answer = client.post(url, {"versions": versions[1], "address": "dan@else.example"})
    assert answer.status_code == 422 and "Type one of the addresses" in says(answer)
    answer = client.post(url, {"versions": "1-9", "address": "dan@old.example"})
    assert answer.status_code == 409
    text = says(client.post(url, {"versions": versions[1], "address": "DAN@old.example"}, follow=True))
    assert "D. Reyes is part of Dan Reyes now" in text and "Also known as D. Reyes" in text
    assert "merged D. Reyes into Dan Reyes" in text
    assert client.get(f"/people/{twin.pk}/")["Location"] == f"/people/{dan.pk}/"


def test_a_merge_with_an_open_request_says_which(client: Browser, ada: Any, known: Any, filed: Any) -> None:
    dan, twin = known("Dan Reyes", DAN), known("D. Reyes", "dan@old.example")
    removal = filed("Acme Production")
    client.force_login(ada)
    url = f"/people/{twin.pk}/merge/?other={dan.pk}"
    answer = client.post(url, {"versions": "1-1", "address": DAN})
    assert answer.status_code == 409 and removal.reference in says(answer)
    assert Collaborator.objects.filter(merged_into=None).count() == 2


def test_merging_is_an_administrators(as_alice: Browser, known: Any) -> None:
    dan = known("Dan Reyes", DAN)
    assert as_alice.get(f"/people/{dan.pk}/merge/").status_code == 403
    assert "Merge with another one" not in says(as_alice.get(f"/people/{dan.pk}/"))
