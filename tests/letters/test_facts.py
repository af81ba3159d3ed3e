"""In which list of a letter a place stands, and who is written to at all."""

from __future__ import annotations

from typing import Any

import pytest

from offboarding.letters.facts import difference, place_row
from offboarding.letters.rules import Conditions, Kind, expected_in
from offboarding.verification.queries import PlaceStanding
from offboarding.verification.rules import Now


def stands(choice: str, planned: str, now: Now = Now.VERIFIED) -> PlaceStanding:
    return PlaceStanding(
        1, "Acme Staging", "Acme", "staging", "us", "", planned, choice, now, "", None, None, ()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "list_"),
    [("remove", "removed"), ("downgrade", "read_only"), ("reduce", "reduced"), ("new", "unverified")],
)
def test_only_what_went_as_a_whole_is_called_removed(
    choice: str, list_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offboarding.letters.facts.gone_since", lambda *_: "2026-03-01T08:00:00Z")
    name, row = place_row(stands(choice, "Take away Source Admin on 2 sources"), [])
    assert name == list_
    if choice == "reduce":
        assert row["says"] == "Take away Source Admin on 2 sources"


def test_nobody_is_written_to_about_a_service_account_of_their_own() -> None:
    wanted = Conditions(expected=(Kind.CONFIRMATION, Kind.CLIENT, Kind.COLLABORATOR))
    assert Kind.COLLABORATOR in expected_in(wanted, emergency=False)
    assert expected_in(wanted, emergency=False, machine=True) == (Kind.CONFIRMATION, Kind.CLIENT)


def steps(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """Facts of steps: in which list, the title, and where."""
    found: dict[str, Any] = {"v": 1}
    for name, what, where in rows:
        found.setdefault(name, []).append({"what": what, "where": where})
    return found


TWINS = [
    (
        steps(("not_done", "Hand over", ""), ("not_done", "Hand over", "")),
        steps(("by_hand", "Hand over", ""), ("not_done", "Hand over", "")),
        "Hand over was not done yet and is done by hand.",
        "of two with one title, one moved",
    ),
    (
        steps(("by_hand", "Hand over", "Acme"), ("not_done", "Hand over", "Globex")),
        steps(("not_done", "Hand over", "Acme"), ("by_hand", "Hand over", "Globex")),
        "Hand over (Acme) was done by hand and is not done yet; Hand over (Globex) was not done yet and is done by hand.",
        "they changed places",
    ),
    (
        steps(("by_hand", "Hand over", "")),
        steps(("by_hand", "Hand over", ""), ("skipped", "Hand over", "")),
        "Hand over was not there and is skipped.",
        "one more came",
    ),
    (
        steps(("by_hand", "Hand over", "Acme")),
        steps(("by_hand", "Hand over", "Acme Ltd")),
        "a time or a name in it is another one now.",
        "a place has another name",
    ),
]


@pytest.mark.parametrize(("before", "now", "says", "why"), TWINS)
def test_steps_with_one_title_do_not_hide_each_others_change(
    before: dict[str, Any], now: dict[str, Any], says: str, why: str
) -> None:
    assert difference(before, now) == says, why
