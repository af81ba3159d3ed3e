"""The four pages of filing a request, as the people of the cast meet them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

DAN = "dan@northwind.example"
DAN_ELSEWHERE = "dan.reyes@mail.example"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def as_alice(client: Any, alice: Any) -> Any:
    client.force_login(alice)
    return client


@pytest.fixture
def places(workspace: Callable[..., Any]) -> list[Any]:
    """Two workspaces of Alice's clients, and one that is not hers."""
    workspace("Hooli Production")
    return [workspace("Acme Production"), workspace("Globex Staging")]


@pytest.fixture
def search(as_alice: Any, places: list[Any]) -> Callable[..., Any]:
    """Alice searches for Dan; gives back the draft."""
    from offboarding.removals.models import RemovalRequest

    def make(email: str = DAN, **typed: str) -> Any:
        answer = as_alice.post("/requests/new/", {"email": email, **typed})
        assert answer.status_code == 302, answer.content.decode()
        return RemovalRequest.objects.get()

    return make


@pytest.fixture
def ends(db: None) -> Callable[..., None]:
    """A look ends: `ends(workspace, absent=True)`. Nobody is called."""
    from offboarding.discovery.models import Look
    from offboarding.discovery.rules import Account, Held, Outcome, Sighting, unknown

    def make(
        workspace: Any, role: str = "Source Admin", absent: bool = False, why: str = "", **more: Any
    ) -> None:
        held = (Held("r1", role, (("WORKSPACE", workspace.segment_id),)),)
        seen = Sighting(Outcome.MEMBER, (Account("u1", DAN, "Dan", held),), **more)
        if absent:
            seen = Sighting(Outcome.ABSENT)
        if why:
            seen = unknown(why, "Ask an Owner.")
        Look.objects.filter(workspace=workspace, ended_at=None).update(
            state="done", seen=seen.as_json(), ended_at=datetime.now(UTC)
        )

    return make


def poll_url(page: str) -> str:
    found = re.search(r'hx-get="([^"]+since=[^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def rows_in(page: str) -> list[str]:
    return re.findall(r'<tbody id="(place-\d+)"', page)


# ---- page 1 -----------------------------------------------------------------------------------------------------


def test_the_first_search_begins_a_draft_and_looks_in_every_workspace_in_scope(
    search: Callable[..., Any], places: list[Any]
) -> None:
    from offboarding.discovery.models import Look

    removal = search(name="Dan Reyes")
    assert (removal.stage, removal.addresses, removal.person_name) == ("draft", [DAN], "Dan Reyes")
    assert set(Look.objects.values_list("workspace", flat=True)) == {each.pk for each in places}


def test_a_search_beside_the_form_answers_with_the_results_alone(as_alice: Any, places: list[Any]) -> None:
    answer = as_alice.post("/requests/new/", {"email": DAN, "name": ""}, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["HX-Replace-Url"] == "/requests/new/R-1001/"
    assert page.lstrip().startswith('<section id="results"')
    assert 'name="email"' not in page
    assert 'id="draft-number" value="1001" hx-swap-oob="true"' in page


def test_a_search_by_itself_waits_for_a_half_typed_second_address(as_alice: Any, places: list[Any]) -> None:
    from offboarding.removals.models import RemovalRequest

    answer = as_alice.post("/requests/new/", {"email": DAN, "others": "dan.rey"}, headers=HTMX)
    assert answer.status_code == 204
    assert not RemovalRequest.objects.exists()


@pytest.mark.parametrize(
    ("email", "others"),
    [
        ("dan@northwind", ""),  # no dot in the domain
        ("dan", ""),  # no at sign
        ("dan@a.example, sam@a.example", ""),  # two in one
        ("", ""),  # nothing
        (DAN, "me@home"),  # a second one that is none
    ],
)
def test_a_malformed_address_is_named_and_what_was_typed_stays(
    as_alice: Any, places: list[Any], email: str, others: str
) -> None:
    from offboarding.removals.models import RemovalRequest

    answer = as_alice.post("/requests/new/", {"email": email, "others": others, "name": "Dan the man"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error: " in page
    assert "like name@company.com" in page
    assert "Dan the man" in page
    assert others in page
    assert not RemovalRequest.objects.exists()


def test_nobody_files_about_themself(as_alice: Any, alice: Any, places: list[Any]) -> None:
    from offboarding.discovery.models import Look

    answer = as_alice.post("/requests/new/", {"email": alice.email.upper()})
    assert answer.status_code == 422
    assert "This is your own address." in answer.content.decode()
    assert not Look.objects.exists()


def test_without_a_connected_workspace_nothing_is_half_written(as_alice: Any) -> None:
    from offboarding.ledger.models import Entry
    from offboarding.removals.models import RemovalRequest

    before = Entry.objects.count()
    answer = as_alice.post("/requests/new/", {"email": DAN})
    assert answer.status_code == 409
    assert "No workspace is connected yet." in answer.content.decode()
    assert not RemovalRequest.objects.exists()
    assert Entry.objects.count() == before


def test_the_same_person_again_goes_on_with_the_same_draft(search: Callable[..., Any]) -> None:
    assert search().number == search(DAN.upper()).number


def test_another_address_keeps_the_draft_and_searches_for_both(search: Callable[..., Any]) -> None:
    from offboarding.discovery.models import Look

    first = search()
    second = search(draft=str(first.number), add=DAN_ELSEWHERE)
    assert (second.number, second.addresses) == (first.number, [DAN, DAN_ELSEWHERE])
    assert Look.objects.filter(person=second.person).count() == 2


def test_going_on_with_the_same_addresses_keeps_the_name_and_searches_nothing_again(
    as_alice: Any, search: Callable[..., Any]
) -> None:
    from offboarding.discovery.models import Look

    removal, typed = search(), {"email": DAN, "name": "Dan R", "next": "found"}
    answer = as_alice.post("/requests/new/", {**typed, "draft": str(removal.number)})
    removal.refresh_from_db()
    assert answer["Location"] == "/requests/new/R-1001/found/"
    assert removal.person_name == "Dan R"
    assert Look.objects.count() == 2


def test_our_records_give_the_name_and_other_addresses(
    as_alice: Any, search: Callable[..., Any], clients: dict[str, Any]
) -> None:
    from offboarding.directory.models import Address, Collaborator

    dan = Collaborator.objects.create(client=clients["Acme"], name="Dan Reyes")
    for email in (DAN, DAN_ELSEWHERE):
        Address.objects.create(collaborator=dan, email=email)
    assert search().person_name == "Dan Reyes"
    page = as_alice.get("/requests/new/R-1001/").content.decode()
    assert f'name="add" value="{DAN_ELSEWHERE}"' in page


def test_an_open_request_for_the_same_person_is_pointed_out(
    as_alice: Any, filed: Callable[..., Any], workspace: Callable[..., Any]
) -> None:
    filed("Acme Production")
    page = as_alice.post("/requests/new/", {"email": DAN.title()}, follow=True).content.decode()
    assert "R-1001 is open for this person already." in page
    assert 'href="/requests/R-1001/"' in page


@pytest.mark.parametrize(
    "page", ["", "results/", "found/", "found/results/", "details/", "check/", "sent/", "discard/"]
)
@pytest.mark.parametrize("other", ["carol", "bob", "sam"])
def test_a_draft_does_not_exist_for_anybody_else(
    request: Any, client: Any, search: Callable[..., Any], page: str, other: str
) -> None:
    search()
    client.force_login(request.getfixturevalue(other))
    assert client.get(f"/requests/new/R-1001/{page}").status_code == 404


@pytest.mark.parametrize("other", ["bob", "olga", "erin"])
def test_who_may_not_file_is_told_who_may(request: Any, client: Any, other: str) -> None:
    client.force_login(request.getfixturevalue(other))
    for answer in (client.get("/requests/new/"), client.post("/requests/new/", {"email": DAN})):
        assert answer.status_code == 403
        assert "An administrator can give you one of these roles." in answer.content.decode()


def test_someone_elses_draft_number_in_the_form_is_not_found(
    client: Any, search: Callable[..., Any], carol: Any
) -> None:
    search()
    client.force_login(carol)
    assert client.post("/requests/new/", {"email": DAN, "draft": "1001"}).status_code == 404
    assert client.post("/requests/new/", {"email": DAN, "draft": "1001; drop"}).status_code == 404


# ---- live results -----------------------------------------------------------------------------------------------


def test_every_workspace_has_its_row_from_the_start(
    as_alice: Any, search: Callable[..., Any], places: list[Any]
) -> None:
    search()
    page = as_alice.get("/requests/new/R-1001/").content.decode()
    assert rows_in(page) == [f"place-{each.pk}" for each in places]
    assert page.count("Checking…") == 2
    assert "0 of 2 workspaces checked" in page
    assert "Show newer results" in page
    assert "Hooli" not in page


def test_polling_brings_only_what_changed_and_ends_with_the_last_answer(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    search()
    first = poll_url(as_alice.get("/requests/new/R-1001/").content.decode())
    assert as_alice.get(first, headers=HTMX).status_code == 204
    ends(places[1])
    answer = as_alice.get(first, headers=HTMX)
    page = answer.content.decode()
    assert rows_in(page) == [f"place-{places[1].pk}"]
    assert json.loads(answer["HX-Trigger"]) == {"announce": "1 of 2 workspaces checked"}
    assert "Continue with 1 place<" in page
    ends(places[0], absent=True)
    last = as_alice.get(poll_url(page), headers=HTMX)
    assert "hx-trigger" not in last.content.decode()
    assert json.loads(last["HX-Trigger"])["announce"].endswith("Access found in 1 place.")


def test_the_last_snapshot_shows_at_once_while_the_live_read_goes_on(
    as_alice: Any, search: Callable[..., Any], places: list[Any], seen: Callable[..., Any]
) -> None:
    seen(places[0], [DAN], roles=["Workspace Owner"])
    search()
    page = as_alice.get("/requests/new/R-1001/").content.decode()
    assert "Workspace Owner" in page
    assert re.search(r"</time>, checking…", page)
    assert "0 of 2 workspaces checked" in page


def test_what_could_not_be_checked_says_why_and_what_to_do(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    search()
    ends(places[0], why="Segment refused our token for Acme Production.")
    ends(places[1])
    page = as_alice.get("/requests/new/R-1001/").content.decode()
    assert "Could not check" in page
    assert "Segment refused our token for Acme Production." in page
    assert "Ask an Owner." in page
    assert "Continue with 1 place<" in page


def test_a_throttled_read_counts_down(as_alice: Any, search: Callable[..., Any], places: list[Any]) -> None:
    from offboarding.discovery.models import Look

    search()
    until = datetime.now(UTC) + timedelta(seconds=20)
    Look.objects.filter(workspace=places[0]).update(
        state="waiting", not_before=until, waiting_for="Segment asked us to wait"
    )
    page = as_alice.get("/requests/new/R-1001/").content.decode()
    assert re.search(r"Segment asked us to wait (19|20) s", page)


def test_a_read_that_crashed_three_times_ends_the_search(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    from offboarding.discovery.models import Look

    search()
    ends(places[0])
    Look.objects.filter(workspace=places[1]).update(state="needs_person")
    page = as_alice.get("/requests/new/R-1001/").content.decode()
    assert "2 of 2 workspaces checked" in page
    assert "Our own reading stopped three times." in page


def test_somebody_unknown_everywhere_gets_reasons_and_a_way_on(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    search()
    for place in places:
        ends(place, absent=True)
    page = as_alice.get("/requests/new/R-1001/").content.decode()
    assert "No access found in any connected workspace." in page
    assert "They use another address." in page
    assert "Choose the places yourself" in page


# ---- page 2 -----------------------------------------------------------------------------------------------------


def chosen(places: list[Any], *choices: str, **more: str) -> dict[str, str]:
    return {f"w{place.pk}-choice": choice for place, choice in zip(places, choices, strict=False)} | more


def test_choices_are_kept_and_lead_on(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    removal = search()
    for place in places:
        ends(place)
    typed = chosen(places, "remove", "keep") | {f"w{places[1].pk}-reason": "hand-over"}
    answer = as_alice.post("/requests/new/R-1001/found/", typed)
    assert answer["Location"] == "/requests/new/R-1001/details/"
    assert [(each.choice, each.reason) for each in removal.places.all()] == [
        ("remove", ""),
        ("keep", "hand-over"),
    ]


@pytest.mark.parametrize(
    ("choices", "more", "status", "says"),
    [
        (("remove", "keep"), {}, 422, "Say why this access stays."),
        (("remove", "downgrade"), {}, 422, "Give the date until which read-only access stays."),
        (("remove", "downgrade"), {"until": "2020-01-31"}, 422, "Give a date in the future"),
        (("remove", "downgrade"), {"until": "soon"}, 422, "Write the date as year-month-day"),
        (("remove",), {}, 422, "Choose what should happen here."),
        (("keep", "keep"), {"reason": "all stays"}, 422, "Choose at least one place"),
        (("remove", "burn"), {}, 422, "Select a valid choice"),
    ],
)
def test_a_choice_that_is_not_whole_is_named_and_kept(
    as_alice: Any,
    search: Callable[..., Any],
    places: list[Any],
    ends: Callable[..., None],
    choices: tuple[str, ...],
    more: dict[str, str],
    status: int,
    says: str,
) -> None:
    removal = search()
    for place in places:
        ends(place)
    typed = chosen(places, *choices) | {
        f"w{place.pk}-{key}": value for place in places for key, value in more.items()
    }
    answer = as_alice.post("/requests/new/R-1001/found/", typed)
    page = answer.content.decode()
    assert answer.status_code == status
    assert says in page
    assert "<title>Error: " in page
    assert all(value in page for value in more.values())
    assert not removal.places.exists()


def test_warnings_stand_beside_the_choice(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    from offboarding.connections.models import Workspace
    from offboarding.discovery.rules import Owners

    Workspace.objects.filter(pk=places[1].pk).update(managed_by="scim", provider_group="seg-globex")
    search(name="Dan Reyes")
    ends(places[0], "Workspace Owner", owners=Owners.LAST)
    ends(places[1])
    page = as_alice.get("/requests/new/R-1001/found/").content.decode()
    assert "Dan Reyes is the only Owner of Acme Production." in page
    assert "They leave group seg-globex there first" in page


def test_a_workspace_without_access_is_closed_and_can_be_added(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    removal = search()
    ends(places[0])
    ends(places[1], absent=True)
    page = as_alice.get("/requests/new/R-1001/found/").content.decode()
    assert "No access found in 1 place" in page
    assert "Add Globex Staging" in page
    as_alice.post("/requests/new/R-1001/found/", chosen(places[:1], "remove"))
    assert removal.places.count() == 1
    as_alice.post("/requests/new/R-1001/found/", chosen(places, "remove", "remove"))
    assert removal.places.count() == 2
    assert "Added by you" in as_alice.get("/requests/new/R-1001/found/").content.decode()


def test_only_these_workspaces_starts_from_keeping_everything(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    search()
    for place in places:
        ends(place)
    page = as_alice.get("/requests/new/R-1001/found/?preset=only").content.decode()
    assert page.count('value="Stays in scope"') == 2
    assert page.count('value="keep" id=') == 2
    assert len(re.findall(r'value="keep" id="[^"]+" checked', page)) == 2


def test_only_some_of_a_place_goes_and_marks_stay_where_something_is_missing(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    from offboarding.discovery.holdings import holdings
    from offboarding.discovery.models import Look
    from offboarding.discovery.rules import Account, Held, Outcome, Sighting

    removal, here = search(), places[0]
    admin = Held("r1", "Source Admin", tuple(("SOURCE", f"s{n}") for n in range(3)))
    account = Account("u1", DAN, "Dan", (admin,), (("g1", "Analysts"),))
    seen = Sighting(Outcome.MEMBER, (account,))
    Look.objects.filter(workspace=here).update(state="done", seen=seen.as_json(), ended_at=datetime.now(UTC))
    ends(places[1])
    *roles, group = [each.key for each in holdings(seen)]
    typed = chosen(places, "reduce", "keep") | {f"w{here.pk}-taken": [f"all-{roles[0]}"]}
    page = as_alice.post("/requests/new/R-1001/found/", typed)
    assert page.status_code == 422 and not removal.places.exists()
    words = page.content.decode()
    assert re.search(rf'value="all-{roles[0]}"[^>]* checked', words) and "Say why this access stays" in words
    typed |= {f"w{places[1].pk}-reason": "stays in scope"}
    assert as_alice.post("/requests/new/R-1001/found/", typed).status_code == 302
    assert removal.places.get(workspace=here).taken.split() == sorted(roles)
    again = as_alice.get("/requests/new/R-1001/found/").content.decode()
    marked = re.findall(r'value="([0-9a-f]{16})"[^>]* checked', again)
    assert sorted(marked) == sorted(roles) and group in again
    everything = typed | {f"w{here.pk}-taken": [*roles, group]}
    assert "Nothing would stay" in as_alice.post("/requests/new/R-1001/found/", everything).content.decode()


def test_a_service_account_has_somebody_who_answers_for_it(as_alice: Any, places: list[Any]) -> None:
    from offboarding.removals.models import RemovalRequest

    typed = {"email": DAN, "machine": "on", "consumers": "nightly export"}
    answer = as_alice.post("/requests/new/", typed)
    assert answer.status_code == 422 and "Say who answers for this account" in answer.content.decode()
    assert "nightly export" in answer.content.decode() and not RemovalRequest.objects.exists()
    assert as_alice.post("/requests/new/", typed | {"owner": "Lin Okafor"}).status_code == 302
    removal = RemovalRequest.objects.get()
    assert (removal.machine, removal.owner, removal.consumers) == (True, "Lin Okafor", "nightly export")
    words = as_alice.get("/requests/new/R-1001/details/").content.decode()
    assert re.search(r'value="service-account-retired"[^>]* checked', words)
    assert "what runs with the account is moved before it goes" in words
    as_alice.post("/requests/new/", {"email": DAN, "draft": "1001", "next": "1"})
    removal.refresh_from_db()
    assert (removal.machine, removal.owner) == (False, "")


def test_an_account_that_stays_is_named_looked_for_and_given_what_it_lacks(
    as_alice: Any, places: list[Any], seen: Callable[..., Any]
) -> None:
    from offboarding.discovery.models import Look
    from offboarding.removals.models import RemovalRequest

    stays = "dan.reyes@mail.example"
    typed = {"email": DAN, "merge": "on", "stays": DAN}
    wrong = as_alice.post("/requests/new/", typed)
    assert wrong.status_code == 422 and "This account goes. Name another one" in wrong.content.decode()
    typed["stays"] = "nobody"
    assert (
        "Enter the address of the account that stays"
        in as_alice.post("/requests/new/", typed).content.decode()
    )
    typed["stays"] = stays
    assert as_alice.post("/requests/new/", typed).status_code == 302
    removal = RemovalRequest.objects.get()
    assert (removal.addresses, removal.stays, removal.going) == ([DAN, stays], stays, (DAN,))
    first = as_alice.get("/requests/new/R-1001/").content.decode()
    assert f'value="{stays}"' in first and re.search(r'name="merge"[^>]* checked', first)
    Look.objects.update(state="done", ended_at=datetime.now(UTC))
    for place in places:
        seen(place, [DAN, stays])
    second = as_alice.get("/requests/new/R-1001/found/").content.decode()
    assert f"{stays} is invited first" in second and f"Remove, when {stays} has all of it" in second
    assert "Read-only until" not in second
    answer = as_alice.post("/requests/new/R-1001/found/", chosen(places, "remove", "remove"))
    third = as_alice.get(answer["Location"]).content.decode()
    assert re.search(r'value="accounts-consolidated"[^>]* checked', third)
    other = as_alice.post("/requests/new/R-1001/details/", NOW | {"reason": "contract-ended"})
    assert (
        other.status_code in (409, 422)
        and "so the reason is: Accounts consolidated" in other.content.decode()
    )
    assert (
        as_alice.post("/requests/new/R-1001/details/", NOW | {"reason": "accounts-consolidated"}).status_code
        == 302
    )
    check = as_alice.get("/requests/new/R-1001/check/").content.decode()
    assert f"Give {stays} Source Admin" in check and "then remove" in check


def test_replace_account_asks_for_the_account_that_stays(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    search()
    for place in places:
        ends(place)
    page = as_alice.get("/requests/new/R-1001/found/?preset=replace").content.decode()
    assert "Name the account that stays" in page
    as_alice.post("/requests/new/R-1001/found/", chosen(places, "remove", "remove"))
    refused = as_alice.post("/requests/new/R-1001/details/", NOW | {"reason": "accounts-consolidated"})
    assert refused.status_code in (409, 422) and "Name the account that stays" in refused.content.decode()


def test_page_2_learns_what_page_1_did_not_wait_for(
    as_alice: Any, search: Callable[..., Any], places: list[Any], ends: Callable[..., None]
) -> None:
    search()
    ends(places[0])
    first = poll_url(as_alice.get("/requests/new/R-1001/found/").content.decode())
    assert as_alice.get(first, headers=HTMX).status_code == 204
    ends(places[1], "Workspace Owner")
    page = as_alice.get(first, headers=HTMX).content.decode()
    assert re.findall(r'id="(w\d+-facts)"', page) == [f"w{places[1].pk}-facts"]
    assert "radio" not in page
    assert "hx-trigger" not in page


# ---- page 3 -----------------------------------------------------------------------------------------------------

NOW = {"reason": "contract-ended", "start": "now", "time_zone": "Europe/Berlin"}


def test_why_and_when_are_kept(as_alice: Any, drafted: Callable[..., Any]) -> None:
    removal = drafted("Acme Production")
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    typed = {**NOW, "start": "at", "day": day, "clock": "17:00", "sow": "SOW-1", "client_informed": "on"}
    answer = as_alice.post("/requests/new/R-1001/details/", typed)
    removal.refresh_from_db()
    assert answer["Location"] == "/requests/new/R-1001/check/"
    assert removal.starts_at.isoformat()[:13] in (f"{day}T15", f"{day}T16")  # 17:00 in Berlin
    assert (removal.sow, removal.client_informed, removal.time_zone) == ("SOW-1", True, "Europe/Berlin")
    page = as_alice.get("/requests/new/R-1001/details/").content.decode()
    assert f'value="{day}"' in page
    assert 'value="17:00"' in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reason": ""}, "Choose a reason."),
        ({"reason": "boredom"}, "Choose a reason."),
        ({"start": "at", "day": "2020-03-01", "clock": "10:00"}, "This time has passed."),
        ({"start": "at", "day": "9999-12-31", "clock": "23:59"}, "Choose a time within the next ten years."),
        ({"start": "at", "clock": "10:00"}, "Enter the date on which"),
        ({"start": "at", "day": "2030-03-01"}, "Enter the time at which"),
        ({"start": "at", "day": "1 March", "clock": "10:00"}, "Write the date as year-month-day"),
        ({"time_zone": "Moon/Base"}, "Choose a time zone from the list."),
        ({"sow": "x" * 101}, "Write at most 100 characters."),
    ],
)
def test_a_wrong_answer_is_named_and_the_others_stay(
    as_alice: Any, drafted: Callable[..., Any], wrong: dict[str, str], says: str
) -> None:
    removal = drafted("Acme Production")
    answer = as_alice.post("/requests/new/R-1001/details/", {**NOW, "ticket": "CS-999", **wrong})
    page = answer.content.decode()
    removal.refresh_from_db()
    assert answer.status_code == 422
    assert says in page
    assert 'value="CS-999"' in page
    assert removal.ticket == "CS-1"


def test_the_contract_comes_from_the_roster(
    as_alice: Any, search: Callable[..., Any], clients: dict[str, Any], alice: Any, today: Any
) -> None:
    from offboarding.directory.models import Address, Collaborator, Engagement

    ending = Engagement.objects.create(
        client=clients["Acme"], name="Support", lead=alice, ends_on=today + timedelta(days=9), sow="SOW-77"
    )
    dan = Collaborator.objects.create(client=clients["Acme"], name="Dan")
    dan.engagements.add(ending)
    Address.objects.create(collaborator=dan, email=DAN)
    search()
    assert 'value="SOW-77"' in as_alice.get("/requests/new/R-1001/details/").content.decode()


def test_access_ends_after_the_last_day_of_the_engagement(
    as_alice: Any,
    drafted: Callable[..., Any],
    known_as: Callable[..., Any],
    clients: dict[str, Any],
    alice: Any,
    today: Any,
) -> None:
    from offboarding.directory.models import Engagement

    removal, here = drafted("Acme Production"), "/requests/new/R-1001/details/"
    typed = {**NOW, "start": "end", "time_zone": "America/New_York"}
    assert as_alice.post(here, typed).status_code == 422, "on no roster"
    person = known_as(SimpleNamespace(name="Dan", email=DAN), DAN_ELSEWHERE, "Acme")
    ending = Engagement.objects.create(client=clients["Acme"], name="W", lead=alice, ends_on=today)
    person.engagements.add(ending)
    assert 'value="end"' in as_alice.get(here).content.decode()
    assert as_alice.post(here, typed)["Location"] == "/requests/new/R-1001/check/"
    removal.refresh_from_db()
    there = removal.starts_at.astimezone(ZoneInfo("America/New_York"))
    assert (there.date(), f"{there:%H:%M}") == (today + timedelta(days=1), "00:00")
    Engagement.objects.update(ends_on=today - timedelta(days=1))
    assert 'value="end"' not in as_alice.get(here).content.decode(), "it has passed"


# ---- page 4, and after ------------------------------------------------------------------------------------------


def test_the_check_page_says_everything_before_it_is_sent(
    as_alice: Any, drafted: Callable[..., Any], bob: Any
) -> None:
    drafted("Acme Production", roles=["Workspace Owner"])
    page = as_alice.get("/requests/new/R-1001/check/").content.decode()
    for part in (
        DAN,
        "Acme Production: Workspace Owner",
        "Contract ended",
        "CS-1",
        "As soon as it is approved",
    ):
        assert part in page
    assert "API tokens in 1 workspaces" in page
    assert "Goes to Bob." in page
    assert page.count(">Change<") >= 5


def test_a_known_address_that_nobody_looked_for_is_pointed_out_before_sending(
    as_alice: Any, drafted: Callable[..., Any], known_as: Callable[..., Any], bob: Any
) -> None:
    removal = drafted("Acme Production")
    page = as_alice.get("/requests/new/R-1001/check/").content.decode()
    assert "Nobody looked for that." not in page
    known_as(SimpleNamespace(name="Dan", email=DAN), DAN_ELSEWHERE)
    page = as_alice.get("/requests/new/R-1001/check/").content.decode()
    assert f"Also known as {DAN_ELSEWHERE}" in page and "Nobody looked for that." in page
    removal.addresses = [DAN, DAN_ELSEWHERE.upper()]
    removal.save()
    assert "Nobody looked for that." not in as_alice.get("/requests/new/R-1001/check/").content.decode()


def test_a_request_that_was_sent_meanwhile_is_pointed_out_before_and_after_sending(
    as_alice: Any, filed: Callable[..., Any], drafted: Callable[..., Any], bob: Any, sam: Any
) -> None:
    from offboarding.removals.models import RemovalRequest

    first = filed("Acme Production", "Acme Staging")
    RemovalRequest.objects.update(requester=sam)
    draft = drafted(connected=(first.places.get(workspace__name="Acme Production").workspace,))
    says = "is open for this person already."
    notice = f"{first.reference} {says}"
    assert notice in as_alice.get("/requests/new/R-1002/check/").content.decode()
    sent = as_alice.post("/requests/new/R-1002/check/", {"version": draft.version}, follow=True)
    assert notice in sent.content.decode()
    as_alice.force_login(bob)
    for this, other in (("R-1001", "R-1002"), ("R-1002", "R-1001")):
        assert f"{other} {says}" in as_alice.get(f"/requests/{this}/approve/").content.decode()
    first.places.filter(workspace__name="Acme Production").update(choice="keep", reason="w")
    assert says not in as_alice.get("/requests/R-1002/approve/").content.decode(), "another place"


def test_sending_freezes_the_plan_and_says_what_happens_next(
    as_alice: Any, drafted: Callable[..., Any], bob: Any
) -> None:
    removal = drafted("Acme Production")
    answer = as_alice.post("/requests/new/R-1001/check/", {"version": removal.version}, follow=True)
    removal.refresh_from_db()
    page = answer.content.decode()
    assert removal.stage == "planned"
    assert removal.plans.count() == 1
    assert "R-1001 was sent for approval" in page
    assert "Goes to Bob." in page


def test_a_stale_page_sends_nothing(as_alice: Any, drafted: Callable[..., Any]) -> None:
    removal = drafted("Acme Production")
    answer = as_alice.post("/requests/new/R-1001/check/", {"version": removal.version - 1})
    removal.refresh_from_db()
    assert answer.status_code == 409
    assert "changed in another window" in answer.content.decode()
    assert removal.stage == "draft"
    assert f'name="version" value="{removal.version}"' in answer.content.decode()


def test_a_start_that_passed_while_the_draft_lay_there_means_at_once(
    as_alice: Any, drafted: Callable[..., Any]
) -> None:
    from offboarding.removals.models import RemovalRequest

    removal, old = drafted("Acme Production"), datetime.now(UTC) - timedelta(days=5)
    RemovalRequest.objects.update(starts_at=old, due_at=old + timedelta(days=1))
    as_alice.post("/requests/new/R-1001/check/", {"version": removal.version})
    removal.refresh_from_db()
    assert removal.due_at > datetime.now(UTC) + timedelta(hours=23)


def test_without_an_approver_the_check_page_says_so(as_alice: Any, drafted: Callable[..., Any]) -> None:
    drafted("Acme Production")
    assert "Too few approvers" in as_alice.get("/requests/new/R-1001/check/").content.decode()


@pytest.mark.parametrize(
    ("has", "leads_to"),
    [("nothing", "/requests/new/R-1001/found/"), ("places", "/requests/new/R-1001/details/")],
)
def test_the_check_page_asks_for_what_is_missing_first(
    as_alice: Any,
    search: Callable[..., Any],
    places: list[Any],
    ends: Callable[..., None],
    has: str,
    leads_to: str,
) -> None:
    search()
    if has == "places":
        for place in places:
            ends(place)
        as_alice.post("/requests/new/R-1001/found/", chosen(places, "remove", "remove"))
    assert as_alice.get("/requests/new/R-1001/check/")["Location"] == leads_to


@pytest.mark.parametrize("page", ["", "found/", "details/", "check/", "discard/"])
def test_the_pages_of_a_sent_request_lead_to_the_request(
    as_alice: Any, filed: Callable[..., Any], page: str
) -> None:
    filed("Acme Production")
    assert as_alice.get(f"/requests/new/R-1001/{page}")["Location"] == "/requests/R-1001/"


def test_a_sent_request_is_not_changed_by_a_form_that_was_still_open(
    as_alice: Any, filed: Callable[..., Any]
) -> None:
    removal = filed("Acme Production")
    answer = as_alice.post("/requests/new/", {"email": "zoe@northwind.example", "draft": "1001"})
    removal.refresh_from_db()
    assert answer.status_code == 409
    assert "R-1001 was sent already." in answer.content.decode()
    assert removal.addresses == [DAN]


@pytest.mark.parametrize("page", ["found/", "details/", "check/", "discard/"])
def test_a_form_that_was_still_open_when_it_was_sent_says_that_it_was_not_kept(
    as_alice: Any, filed: Callable[..., Any], page: str
) -> None:
    filed("Acme Production")
    answer = as_alice.post(f"/requests/new/R-1001/{page}", {"ticket": "CS-999"}, follow=True)
    assert "R-1001 was sent already." in answer.content.decode()


def test_a_draft_is_thrown_away_after_a_question(as_alice: Any, search: Callable[..., Any]) -> None:
    removal = search()
    assert "Nobody&#x27;s access changes" in as_alice.get("/requests/new/R-1001/discard/").content.decode()
    answer = as_alice.post("/requests/new/R-1001/discard/", follow=True)
    removal.refresh_from_db()
    assert removal.stage == "withdrawn"
    assert "R-1001 was thrown away." in answer.content.decode()
    assert as_alice.get("/requests/new/R-1001/details/")["Location"] == "/requests/"


# ---- size -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["", "results/", "found/", "found/results/", "details/", "check/"])
def test_the_number_of_queries_does_not_grow_with_the_workspaces(
    as_alice: Any,
    drafted: Callable[..., Any],
    workspace: Callable[..., Any],
    seen: Callable[..., Any],
    django_assert_num_queries: Any,
    page: str,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    drafted("Acme Production", "Globex Staging")
    as_alice.get("/requests/new/R-1001/")
    with CaptureQueriesContext(connection) as few:
        as_alice.get(f"/requests/new/R-1001/{page}")
    for number in range(6):
        seen(workspace(f"Acme Number {number}"), [DAN])
    with django_assert_num_queries(len(few)):
        as_alice.get(f"/requests/new/R-1001/{page}")
    assert len(few) <= 27
