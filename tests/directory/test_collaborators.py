"""Collaborators: their addresses, their engagements, and two who turn out to be one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from offboarding.directory import collaborators as verbs
from offboarding.directory.models import Address, Collaborator, Engagement, Membership
from offboarding.directory.queries import collaborators_in, named_like, other_addresses, scope_of
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals import directory as waiting
from offboarding.users.models import User
from offboarding.users.rules import Role
from tests.conftest import DAN

SAID = verbs.Said("Dan Reyes")


@pytest.fixture
def act(today: date) -> Callable[..., Any]:
    def make(verb: Callable[..., Any], by: Any, *args: Any) -> Any:
        return verb(by, scope_of(by, today), *args)

    return make


@pytest.fixture
def dan(act: Any, alice: Any, clients: dict[str, Any]) -> Collaborator:
    made: Collaborator = act(verbs.add, alice, clients["Acme"], SAID, [DAN])
    return made


@pytest.fixture
def twin(act: Any, alice: Any, clients: dict[str, Any]) -> Collaborator:
    made: Collaborator = act(
        verbs.add, alice, clients["Acme"], verbs.Said("D. Reyes"), ["dan@old.example", "dr@mail.example"]
    )
    return made


def newest() -> tuple[str, str, dict[str, Any]]:
    entry = Entry.objects.order_by("-seq")[0]
    return entry.event, entry.about, canonical.loads(bytes(entry.body))["facts"]


def emails(person: Collaborator) -> set[str]:
    return set(person.addresses.filter(retired_at=None).values_list("email", flat=True))


def test_a_lead_adds_somebody_and_no_name_stands_in_the_chain(dan: Collaborator) -> None:
    event, about, _facts = newest()
    assert (event, about) == ("collaborator.added", f"collaborator:{dan.pk}")
    entry = Entry.objects.order_by("-seq")[0]
    assert DAN.encode() not in bytes(entry.body)
    assert entry.personal.get(name="addresses").value == DAN


@pytest.mark.parametrize("who", ["bob", "olga", "erin", "carol"])
def test_others_add_nobody(who: str, act: Any, request: Any, clients: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        act(verbs.add, request.getfixturevalue(who), clients["Acme"], SAID, [DAN])
    assert refusal.value.code == "may-not-change"


@pytest.mark.parametrize(
    ("said", "addresses", "field"),
    [
        (verbs.Said(""), [DAN], "name"),
        (verbs.Said("Dan", "robot"), [DAN], "kind"),
        (SAID, [], "email"),
        (SAID, ["nonsense"], "email"),
        (SAID, ["ALICE@northwind.example"], "email"),
    ],
)
def test_what_cannot_stand_is_refused(
    said: verbs.Said, addresses: list[str], field: str, act: Any, alice: Any, clients: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as refusal:
        act(verbs.add, alice, clients["Acme"], said, addresses)
    assert refusal.value.facts["field"] == field
    assert not Collaborator.objects.exists()


def test_one_address_is_one_persons_within_a_client(
    act: Any, alice: Any, dan: Collaborator, twin: Collaborator, clients: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match="Dan Reyes already"):
        act(verbs.add_address, alice, twin, DAN.upper(), "work")
    act(verbs.add, alice, clients["Globex"], SAID, [DAN])


def test_a_retired_address_is_searched_for_no_more_and_comes_back(
    act: Any, alice: Any, dan: Collaborator, today: date
) -> None:
    scope = scope_of(alice, today)
    act(verbs.add_address, alice, dan, "dan@home.example", "personal")
    assert other_addresses(scope, DAN) == ("dan@home.example",)
    home = dan.addresses.get(email="dan@home.example")
    act(verbs.retire_address, alice, dan, home)
    assert (newest()[0], other_addresses(scope, DAN)) == ("collaborator.address_retired", ())
    act(verbs.take_back, alice, dan, home)
    assert other_addresses(scope, DAN) == ("dan@home.example",)


def test_adding_a_retired_address_again_makes_no_second_line(act: Any, alice: Any, dan: Collaborator) -> None:
    act(verbs.add_address, alice, dan, "dan@home.example", "personal")
    act(verbs.retire_address, alice, dan, dan.addresses.get(email="dan@home.example"))
    act(verbs.add_address, alice, dan, "Dan@Home.example", "alias")
    assert dan.addresses.filter(email__iexact="dan@home.example").count() == 1
    assert "Dan@Home.example" in emails(dan)


def test_the_last_address_stays(act: Any, alice: Any, dan: Collaborator) -> None:
    with pytest.raises(Refused, match="only address"):
        act(verbs.retire_address, alice, dan, dan.addresses.get())


def test_a_person_has_at_most_ten_addresses(act: Any, alice: Any, dan: Collaborator) -> None:
    for n in range(9):
        act(verbs.add_address, alice, dan, f"d{n}@x.example", "alias")
    with pytest.raises(Refused, match="at most 10"):
        act(verbs.add_address, alice, dan, "one@more.example", "alias")


def test_somebody_joins_and_leaves_rosters_of_their_own_client(
    act: Any, alice: Any, dan: Collaborator, clients: dict[str, Any]
) -> None:
    own = Engagement.objects.create(client=clients["Acme"], name="A", lead=alice)
    other = Engagement.objects.create(client=clients["Globex"], name="G", lead=alice)
    with pytest.raises(Refused, match="different clients"):
        act(verbs.join, alice, dan, other)
    act(verbs.join, alice, dan, own)
    assert newest()[:2] == ("collaborator.joined_roster", f"engagement:{own.pk}")
    with pytest.raises(Refused, match="already"):
        act(verbs.join, alice, dan, own)
    act(verbs.leave, alice, dan, own)
    with pytest.raises(Refused, match="is not on"):
        act(verbs.leave, alice, dan, own)


def test_a_change_on_an_older_version_is_refused(act: Any, alice: Any, dan: Collaborator) -> None:
    act(verbs.change, alice, dan, verbs.Said("Daniel Reyes"), 1)
    assert newest()[2]["renamed"] is True
    with pytest.raises(Refused) as refusal:
        act(verbs.change, alice, dan, verbs.Said("Danny"), 1)
    assert refusal.value.code == "stale"


# ---------------------------------------------------------------- two become one


def test_a_merge_moves_addresses_and_engagements_and_says_so(
    act: Any,
    ada: Any,
    alice: Any,
    dan: Collaborator,
    twin: Collaborator,
    clients: dict[str, Any],
    today: date,
) -> None:
    own = Engagement.objects.create(client=clients["Acme"], name="A", lead=alice)
    act(verbs.join, alice, twin, own)
    twin.refresh_from_db()
    act(waiting.merge, ada, dan, twin, (dan.version, twin.version))
    assert emails(dan) == {DAN, "dan@old.example", "dr@mail.example"}
    assert list(dan.engagements.all()) == [own]
    twin.refresh_from_db()
    assert (twin.merged_into, twin.engagements.count()) == (dan, 0)
    assert list(collaborators_in(scope_of(alice, today))) == [dan]
    event, about, facts = newest()
    assert (event, about, facts["moved"]) == ("collaborator.merged", f"collaborator:{dan.pk}", 2)
    assert set(other_addresses(scope_of(alice, today), "dr@mail.example")) == {DAN, "dan@old.example"}


def test_what_one_has_retired_and_the_other_still_uses_stays_in_use_after_a_merge(
    act: Any, ada: Any, alice: Any, dan: Collaborator, twin: Collaborator, today: date
) -> None:
    """An address that is searched for before a merge is searched for after it."""
    act(verbs.add_address, alice, dan, "both@x.example", "alias")
    act(verbs.retire_address, alice, dan, dan.addresses.get(email="both@x.example"))
    act(verbs.add_address, alice, twin, "Both@x.example", "work")
    dan.refresh_from_db()
    twin.refresh_from_db()
    act(waiting.merge, ada, dan, twin, (dan.version, twin.version))
    assert "Both@x.example" in other_addresses(scope_of(alice, today), DAN)
    assert dan.addresses.filter(email__iexact="both@x.example").count() == 1


def test_a_merge_is_an_administrators(act: Any, alice: Any, dan: Collaborator, twin: Collaborator) -> None:
    with pytest.raises(Refused) as refusal:
        act(waiting.merge, alice, dan, twin, (1, 1))
    assert refusal.value.code == "may-not-change"


def test_nobody_is_merged_across_clients_kinds_or_with_themself(
    act: Any, ada: Any, alice: Any, dan: Collaborator, twin: Collaborator, clients: dict[str, Any]
) -> None:
    there = act(verbs.add, alice, clients["Globex"], SAID, ["dan@globex.example"])
    for other, word in ((there, "different clients"), (dan, "themself")):
        with pytest.raises(Refused, match=word):
            act(waiting.merge, ada, dan, other, (1, 1))
    act(verbs.change, alice, twin, verbs.Said("Robot", "service"), 1)
    twin.refresh_from_db()
    with pytest.raises(Refused, match="service account"):
        act(waiting.merge, ada, dan, twin, (1, 2))


def test_a_merge_waits_for_an_open_request_of_the_one_that_goes(
    act: Any, ada: Any, dan: Collaborator, twin: Collaborator, filed: Any
) -> None:
    removal = filed("Acme Production")  # for Dan
    with pytest.raises(Refused, match=removal.reference):
        act(waiting.merge, ada, twin, dan, (1, 1))
    assert emails(twin) == {"dan@old.example", "dr@mail.example"}, "nothing was moved"
    assert not Entry.objects.filter(event="collaborator.merged").exists()
    act(waiting.merge, ada, dan, twin, (1, 1))


def test_a_merge_of_something_that_changed_meanwhile_is_refused(
    act: Any, ada: Any, alice: Any, dan: Collaborator, twin: Collaborator
) -> None:
    act(verbs.add_address, alice, twin, "late@x.example", "alias")
    with pytest.raises(Refused) as refusal:
        act(waiting.merge, ada, dan, twin, (1, 1))
    assert refusal.value.code == "stale"


def test_who_was_merged_is_merged_no_second_time(
    act: Any, ada: Any, alice: Any, dan: Collaborator, twin: Collaborator, clients: dict[str, Any]
) -> None:
    third = act(verbs.add, alice, clients["Acme"], verbs.Said("Third"), ["third@x.example"])
    act(waiting.merge, ada, dan, twin, (1, 1))
    dan.refresh_from_db()
    twin.refresh_from_db()
    with pytest.raises(Refused, match="merged already"):
        act(waiting.merge, ada, third, twin, (1, twin.version))
    act(waiting.merge, ada, third, dan, (1, dan.version))
    twin.refresh_from_db()
    assert twin.merged_into == third, "the trail of a merge leads on"


def test_a_merge_keeps_to_ten_addresses(
    act: Any, ada: Any, alice: Any, dan: Collaborator, twin: Collaborator
) -> None:
    Address.objects.bulk_create(Address(collaborator=dan, email=f"d{n}@x.example") for n in range(8))
    with pytest.raises(Refused, match="more than 10"):
        act(waiting.merge, ada, dan, twin, (1, 1))


def test_people_are_found_by_a_part_of_any_address_and_nobody_finds_themself(
    act: Any, alice: Any, person: Any, dan: Collaborator, twin: Collaborator, today: date
) -> None:
    scope = scope_of(alice, today)
    assert list(named_like(collaborators_in(scope), "old.exam")) == [twin]
    user = User.objects.create_user(DAN, "Dan")
    Membership.objects.create(user=user, role=Role.REQUESTER.value)
    assert list(collaborators_in(scope_of(user, today))) == [twin]
