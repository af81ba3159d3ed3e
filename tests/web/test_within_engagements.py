"""The pages of somebody who works within one engagement: what it covers, its roster, and nothing else of the client."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.connections.models import Coverage
from offboarding.directory.models import Collaborator, Engagement, Membership
from offboarding.users.rules import Role

Make = Callable[..., Any]


@pytest.fixture
def build(workspace: Make, alice: Any) -> Engagement:
    """It works in one of Acme's two workspaces; Kim is on its roster and on another one, Lou on that alone."""
    place, another = workspace("Acme Production"), workspace("Acme Staging")
    made = Engagement.objects.create(client=place.client, name="Build", lead=alice)
    other = Engagement.objects.create(client=place.client, name="Undercover", lead=alice)
    Coverage.objects.create(engagement=made, workspace=place)
    Coverage.objects.create(engagement=other, workspace=another)
    for name, on in (("Kim", (made, other)), ("Lou", (other,))):
        row = Collaborator.objects.create(client=place.client, name=name)
        row.addresses.create(email=f"{name.lower()}@partner.example")
        row.engagements.set(on)
    return made


@pytest.fixture
def nora(client: Browser, person: Make, build: Engagement) -> Browser:
    """Signed in: she leads, approves and operates, all within it."""
    user = person("nora")
    for role in (Role.REQUESTER, Role.APPROVER, Role.OPERATOR):
        Membership.objects.create(user=user, role=role, client=build.client, engagement=build)
    client.force_login(user)
    return client


def says(answer: Any) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_their_engagement_is_listed_and_opens_without_a_way_to_the_client(
    nora: Browser, build: Engagement
) -> None:
    url = f"/setup/clients/{build.client_id}/engagements/{build.pk}/"
    listed = nora.get("/setup/clients/")
    assert url in listed.content.decode()
    text = says(listed)
    assert "You work within the engagements below." in text and "Undercover" not in text
    page = nora.get(url)
    assert f'href="/setup/clients/{build.client_id}/"' not in page.content.decode()
    text = says(page)
    assert "Acme Production" in text and "Kim" in text and "File for everyone here" in text
    assert "Acme Staging" not in text and "Lou" not in text


def test_an_engagement_without_workspaces_says_why_there_is_nothing(nora: Browser, build: Engagement) -> None:
    Coverage.objects.all().delete()
    text = says(nora.get(f"/setup/clients/{build.client_id}/engagements/{build.pk}/"))
    assert "No workspace is named, so there is nothing to see or to file here." in text


def test_of_a_collaborator_only_their_own_engagement_is_told(nora: Browser) -> None:
    kim = Collaborator.objects.get(name="Kim")
    for path in ("/people/", f"/people/{kim.pk}/"):
        text = says(nora.get(path))
        assert "Build" in text and "Undercover" not in text and "Lou" not in text
    assert "History" not in says(nora.get(f"/people/{kim.pk}/"))
    lou = Collaborator.objects.get(name="Lou")
    assert nora.get(f"/people/{lou.pk}/").status_code == 404


def test_connections_and_the_engine_are_the_whole_clients(nora: Browser, build: Engagement) -> None:
    place = build.coverage.get().workspace
    for path in ("/setup/connections/", "/setup/engine/", "/setup/connections/add/"):
        assert nora.get(path).status_code == 403, path
    assert nora.get(f"/setup/connections/{place.pk}/token/").status_code == 404
    text = says(nora.get("/setup/clients/"))
    assert "Connections" not in text and "Engine" not in text


def test_nobody_of_an_engagement_is_asked_for_a_token(
    nora: Browser, ada: Any, olga: Any, build: Engagement
) -> None:
    nora.force_login(ada)
    form = nora.get("/setup/connections/add/").content.decode()
    assert "Olga" in form and "Nora" not in form


def test_search_finds_what_the_engagement_covers(nora: Browser) -> None:
    text = says(nora.get("/search/?q=acme"))
    assert "Acme Production" in text and "Acme Staging" not in text


def test_requests_inside_are_listed_and_open_and_others_do_not_exist(
    nora: Browser, build: Engagement, filed: Make, workspace: Make
) -> None:
    place = build.coverage.get().workspace
    inside, across = filed(connected=(place,)), filed("Acme Shared", connected=(place,))
    text = says(nora.get("/requests/"))
    assert inside.reference in text and across.reference not in text
    assert nora.get(f"/requests/{inside.reference}/").status_code == 200
    for part in ("", "checklist/", "timeline/", "evidence/", "approve/"):
        assert nora.get(f"/requests/{across.reference}/{part}").status_code == 404, part
    assert inside.reference in says(nora.get("/")), "it waits for her decision"


def test_pages_ask_no_more_for_more(nora: Browser, build: Engagement, filed: Make) -> None:
    place = build.coverage.get().workspace

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as taken:
            assert nora.get(path).status_code == 200
        return len(taken)

    paths = ("/", "/requests/", "/setup/clients/", "/people/")
    filed(connected=(place,))
    for path in paths:
        nora.get(path)
    before = {path: count(path) for path in paths}
    for n in range(3):
        row = Collaborator.objects.create(client=build.client, name=f"More {n}")
        row.engagements.add(build)
        filed(connected=(place,))
    assert {path: count(path) for path in paths} == before


# ---------------------------------------------------------------- its roster is theirs to keep


def on(engagement: Engagement) -> set[str]:
    return set(engagement.roster.values_list("name", flat=True))


def typed(engagement: Engagement, email: str, /, **more: str) -> dict[str, str]:
    given = {"client": str(engagement.client_id), "engagement": str(engagement.pk), "email": email}
    return {"name": "Max Rue", "kind": "person", **given, **more}


def test_somebody_new_goes_onto_their_roster_and_on_no_other(nora: Browser, build: Engagement) -> None:
    url = f"/setup/clients/{build.client_id}/engagements/{build.pk}/"
    assert f"/people/add/?engagement={build.pk}" in nora.get(url).content.decode()
    form = nora.get("/people/add/").content.decode()
    assert "Acme: Build" in form and "Undercover" not in form
    assert "(optional)" not in form[form.index('for="id_engagement"') :], "they work within it alone"
    other = Engagement.objects.get(name="Undercover")
    for wrong in (str(other.pk), ""):
        answer = nora.post("/people/add/", typed(build, "max@partner.example", engagement=wrong))
        assert answer.status_code == 422, wrong
    assert not Collaborator.objects.filter(name="Max Rue").exists()
    assert nora.post("/people/add/", typed(build, "max@partner.example")).status_code == 302
    assert on(build) == {"Kim", "Max Rue"} and on(other) == {"Kim", "Lou"}


def test_whom_the_client_knows_by_that_address_is_that_person(nora: Browser, build: Engagement) -> None:
    """So whoever was taken off by mistake can be put back, and nobody stands there twice."""
    answer = nora.post("/people/add/", typed(build, "LOU@partner.example"))
    assert answer["Location"] == f"/people/{Collaborator.objects.get(name='Lou').pk}/"
    assert on(build) == {"Kim", "Lou"}
    assert (
        "is on Build already"
        in nora.post("/people/add/", typed(build, "lou@partner.example")).content.decode()
    )


def test_they_take_people_off_their_own_roster_alone(nora: Browser, build: Engagement) -> None:
    kim, other = Collaborator.objects.get(name="Kim"), Engagement.objects.get(name="Undercover")
    for path in (
        f"/setup/clients/{build.client_id}/engagements/{other.pk}/roster/{kim.pk}/leave/",
        f"/people/{kim.pk}/engagements/{other.pk}/leave/",
    ):
        assert nora.post(path).status_code == 404
    answer = nora.post(f"/people/{kim.pk}/engagements/{build.pk}/leave/")
    assert answer["Location"] == "/people/", "nobody there is theirs any more"
    assert on(build) == set() and on(other) == {"Kim", "Lou"}
    nora.post("/people/add/", typed(build, "kim@partner.example"))
    assert on(build) == {"Kim"}
    nora.post(f"/setup/clients/{build.client_id}/engagements/{build.pk}/roster/{kim.pk}/leave/")
    assert on(build) == set()


def test_a_person_itself_stays_the_whole_clients(nora: Browser, build: Engagement) -> None:
    kim = Collaborator.objects.get(name="Kim")
    assert nora.post(f"/people/{kim.pk}/edit/", {"name": "Kim B", "kind": "person"}).status_code == 403
    assert (
        nora.post(f"/people/{kim.pk}/addresses/", {"email": "k@x.example", "kind": "work"}).status_code == 403
    )
    text = says(nora.get(f"/people/{kim.pk}/"))
    assert "Take off" in text and "Retire" not in text and "Add an address" not in text


def test_nobody_puts_themself_on_a_roster_by_another_address(nora: Browser, build: Engagement) -> None:
    from offboarding.users.models import User

    own = Collaborator.objects.create(client=build.client, name="Nora B")
    for email in (User.objects.get(name="Nora").email, "nora@home.example"):
        own.addresses.create(email=email)
    answer = nora.post("/people/add/", typed(build, "nora@home.example"))
    assert answer.status_code == 422 and "This is your own address" in answer.content.decode()


def test_who_only_approves_within_it_changes_no_roster(
    client: Browser, person: Make, build: Engagement
) -> None:
    for role in (Role.APPROVER, Role.OPERATOR):
        user = person(f"within-{role.value}")
        Membership.objects.create(user=user, role=role, client=build.client, engagement=build)
        client.force_login(user)
        assert client.post("/people/add/", typed(build, "max@partner.example")).status_code == 403
    assert on(build) == {"Kim"}
