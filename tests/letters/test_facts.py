"""In which list of a letter a place stands, and who is written to at all."""

from __future__ import annotations

import pytest

from offboarding.letters.facts import place_row
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
