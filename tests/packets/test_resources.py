"""A record names what somebody lost, and not only how many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from offboarding.checklist.queries import newest_plan
from offboarding.discovery.models import Snapshot
from offboarding.discovery.rules import Account, Held, Outcome, Reach, Sighting, Thing
from offboarding.journey import actions as journey
from offboarding.packets import contents as parts
from offboarding.packets.contents import PacketContents, plain
from offboarding.packets.redaction.redact import redacted
from offboarding.packets.report.data import report_data
from offboarding.packets.resources import resources
from offboarding.verification.queries import standings
from tests.conftest import DAN

Make = Callable[..., Any]
SOURCES = tuple(("SOURCE", f"s{number}") for number in range(1, 13))
SEEN = Sighting(
    Outcome.MEMBER,
    (
        Account(
            "u1",
            DAN,
            "Dan Reyes",
            (
                Held("r1", "Source Admin", SOURCES),
                Held("r2", "Unify and Engage User", (("SPACE", "p1"),), group="Agency"),
                Held("r3", "Tracking Plan Admin", (("WORKSPACE", "w1"),)),
            ),
        ),
    ),
    reach=Reach(
        sources=tuple(Thing(key, f"Shop {key}") for _, key in SOURCES[:5]),
        named=(*(Thing(key, f"Shop {key}") for _, key in SOURCES[5:11]), Thing("p1", "Loyalty")),
    ),
)


@pytest.fixture
def lost(drafted: Make, alice: Any) -> Callable[[], list[parts.ResourceAccess]]:
    def make() -> list[parts.ResourceAccess]:
        removal = drafted("Acme Production")
        old = Snapshot.objects.latest("pk")
        given = {"workspace": old.workspace, "person": old.person, "addresses": old.addresses}
        Snapshot.objects.create(**given, data=SEEN.as_json())
        journey.file(removal, alice, removal.version)
        plan = newest_plan(removal)
        assert plan
        places = standings(plan, [], [])
        stood = [parts.Place(*[""] * 9) for _ in places]
        return list(resources(places, stood, plan))

    return make


@pytest.mark.django_db
def test_each_thing_that_a_role_named_is_told_by_kind_id_and_name(lost: Make) -> None:
    sources, space, plans = lost()
    assert (sources.role, sources.name, len(sources.on)) == ("Source Admin", "12 sources", 12)
    assert sources.on[0] == parts.Thing("source", "s1", "Shop s1")
    assert sources.on[10].name == "Shop s11", "named by the role, if not read as a source"
    assert sources.on[11] == parts.Thing("source", "s12", ""), "whose name could not be read"
    assert (space.through, space.on) == ("Agency", (parts.Thing("space", "p1", "Loyalty"),))
    assert (plans.name, plans.on) == ("whole workspace", ()), "which is all there is"


def with_things(sample: Callable[..., PacketContents], *things: parts.Thing) -> PacketContents:
    return sample(resources=(replace(sample().resources[0], on=things),))


def test_the_report_names_ten_and_the_data_all(sample: Callable[..., PacketContents]) -> None:
    things = [parts.Thing("source", f"s{number}", f"Shop {number}") for number in range(1, 13)]
    few, many = with_things(sample, *things[:10]), with_things(sample, *things)
    (row,) = report_data(few, "k")["resources"]
    assert row["on"].endswith("Shop 9, Shop 10")
    (row,) = report_data(many, "k")["resources"]
    assert row["on"].endswith("Shop 10 and 2 more, see removal.json") and "Shop 11" not in row["on"]
    assert plain(many)["resources"][0]["on"][11] == {"kind": "source", "id": "s12", "name": "Shop 12"}


def test_what_has_no_name_is_told_by_its_id(sample: Callable[..., PacketContents]) -> None:
    (row,) = report_data(with_things(sample, parts.Thing("source", "s1")), "k")["resources"]
    assert row["on"] == "s1"


def test_a_redacted_copy_hides_who_is_named_in_a_source(sample: Callable[..., PacketContents]) -> None:
    whole = with_things(
        sample, parts.Thing("source", "s1", "Web of Dan Duarte"), parts.Thing("source", "s2", "Shop")
    )
    (one,) = redacted(whole, parts.Redacts("0" * 64, "1" * 64)).resources
    assert "Duarte" not in one.on[0].name and one.on[0].id == "s1"
    assert one.on[1] == parts.Thing("source", "s2", "Shop")
