"""What a Workspace Owner does by hand in the app: make a token, hand over ownership."""

from __future__ import annotations

from pathlib import Path

import pytest

from offboarding.simulators import Simulator
from tests.simulators.conftest import SMALL, Api, Small, Start


def test_a_new_token_works_beside_the_old_one(small: Small) -> None:
    made = small.control.make_token("small")["token"]
    assert made != small.api.token
    for token in (made, small.api.token):
        assert Api(small.simulator.url("US"), token).get("/users").status == 200


def test_a_token_has_the_level_that_it_was_made_with(small: Small) -> None:
    made = small.control.make_token("small", "member")["token"]
    api = Api(small.simulator.url("US"), made)
    assert (api.get("/").status, api.get("/users").status) == (200, 401)
    with pytest.raises(ValueError, match="level"):
        small.control.make_token("small", "king")


def test_where_tokens_are_refused_a_new_one_works_and_the_old_ones_stay_refused(start: Start) -> None:
    small = start(token_refused=True)
    made = small.control.make_token("small")["token"]
    assert (small.api.get("/").status, small.member_api.get("/").status) == (401, 401)
    assert Api(small.simulator.url("US"), made).get("/users").status == 200


def test_a_new_token_can_be_refused_in_its_turn(small: Small) -> None:
    made = small.control.make_token("small")["token"]
    small.control.change("small", {"token_refused": True})
    assert Api(small.simulator.url("US"), made).get("/").status == 401


def test_no_two_tokens_are_the_same(small: Small) -> None:
    made = {small.control.make_token("small")["token"] for _ in range(3)}
    assert len(made) == 3


def test_tokens_survive_a_restart(tmp_path: Path) -> None:
    state, world = tmp_path / "state.json", {"workspaces": [{**SMALL, "token_refused": True}]}
    with Simulator(world, state=state) as first:
        made = first.control.make_token("small")["token"]
    with Simulator(world, state=state) as second:
        assert Api(second.url("US"), made).get("/users").status == 200
        assert Api(second.url("US"), second.token("small")).get("/").status == 401


def test_owners_are_told_directly_and_through_a_group(small: Small) -> None:
    assert small.control.state("small", ("owners",))["owners"] == ["olive@small.example"]
    small.control.set_permissions("small", "dan@northwind.example", ["Workspace Owner"])
    assert small.control.state("small", ("owners",))["owners"] == [
        "dan@northwind.example",
        "olive@small.example",
    ]


def test_a_removed_token_is_refused_and_the_others_work(small: Small) -> None:
    made = small.control.make_token("small")
    assert made["token"][-3:] in [
        each["ends"] for each in small.control.state("small", ("tokens",))["tokens"]
    ]
    small.control.remove_token("small", made["short_id"])
    assert Api(small.simulator.url("US"), made["token"]).get("/").status == 401
    assert small.api.get("/").status == 200
    with pytest.raises(KeyError):
        small.control.remove_token("small", made["short_id"])
