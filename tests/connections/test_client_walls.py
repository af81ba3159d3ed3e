"""What belongs to one client never comes to hang on another one's, also where the code forgets: the database refuses it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.connections.models import Coverage
from offboarding.directory.models import Collaborator, Engagement
from offboarding.letters.models import Letter
from offboarding.work import guards

Make = Callable[..., Any]


@pytest.fixture
def acme(clients: dict[str, Any], alice: Any) -> dict[str, Any]:
    return belongings(clients["Acme"], alice)


@pytest.fixture
def globex(clients: dict[str, Any], alice: Any) -> dict[str, Any]:
    return belongings(clients["Globex"], alice)


def belongings(client: Any, lead: Any) -> dict[str, Any]:
    return {
        "client": client,
        "engagement": Engagement.objects.create(client=client, name="Build", lead=lead),
        "person": Collaborator.objects.create(client=client, name="Kim"),
    }


def refused(name: str, act: Callable[[], Any]) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        act()


def test_nobody_is_on_the_roster_of_another_client(acme: dict[str, Any], globex: dict[str, Any]) -> None:
    acme["person"].engagements.add(acme["engagement"])
    name = "a_roster_is_of_one_client"
    refused(name, lambda: acme["person"].engagements.add(globex["engagement"]))
    rows = Collaborator.engagements.through.objects
    refused(name, lambda: rows.update(engagement_id=globex["engagement"].pk))
    assert list(acme["person"].engagements.all()) == [acme["engagement"]]


def test_nobody_is_merged_into_another_clients_person(acme: dict[str, Any], globex: dict[str, Any]) -> None:
    rows, other = Collaborator.objects.filter(pk=acme["person"].pk), globex["person"]
    name = "who_is_merged_is_of_one_client"
    refused(name, lambda: rows.update(merged_into=other))
    refused(name, lambda: Collaborator.objects.create(client=acme["client"], name="X", merged_into=other))
    twin = Collaborator.objects.create(client=acme["client"], name="Kim R.")
    assert rows.update(merged_into=twin) == 1


def test_an_engagement_covers_no_workspace_of_another_client(
    acme: dict[str, Any], globex: dict[str, Any], workspace: Make
) -> None:
    ours, theirs = workspace("Acme Production"), workspace("Globex Production")
    made = Coverage.objects.create(engagement=acme["engagement"], workspace=ours)
    name = "an_engagement_covers_its_own_client"
    refused(name, lambda: Coverage.objects.create(engagement=acme["engagement"], workspace=theirs))
    refused(name, lambda: Coverage.objects.filter(pk=made.pk).update(workspace=theirs))


@pytest.mark.parametrize("what", ["engagement", "person", "workspace"])
def test_nothing_goes_from_one_client_to_another(
    what: str, acme: dict[str, Any], globex: dict[str, Any], workspace: Make
) -> None:
    row = workspace("Acme Production") if what == "workspace" else acme[what]
    rows = type(row).objects.filter(pk=row.pk)
    refused("stays_with_its_client", lambda: rows.update(client=globex["client"]))
    assert rows.update(name="Another name", client=acme["client"]) == 1


def test_a_letter_is_to_a_client_of_its_request(
    acme: dict[str, Any], globex: dict[str, Any], filed: Make
) -> None:
    removal, now = filed("Acme Production"), datetime.now(UTC)
    given = {"removal": removal, "kind": "client", "words": {}, "facts_body": b"{}", "facts_digest": "0" * 64}
    refused(
        "a_letter_is_to_a_client_of_its_request",
        lambda: Letter.objects.create(client=globex["client"], written_at=now, **given),
    )
    assert Letter.objects.create(client=acme["client"], written_at=now, **given)


@pytest.mark.django_db
def test_all_of_them_stand_on_their_tables() -> None:
    from django.db import connection

    assert {guard.name for guard in guards.needed(connection)} <= guards.standing(connection)
