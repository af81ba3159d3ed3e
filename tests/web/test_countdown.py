"""Until when Segment keeps the events of a request: said once for all workspaces of which it is the same."""

from __future__ import annotations

from offboarding.web.removal.countdown import CountdownCard, OwedPlace


def test_workspaces_of_which_the_same_is_said_stand_together() -> None:
    one, two = (OwedPlace(name, "Not copied yet.", f"/{name}/", "Copy now") for name in ("a", "b"))
    refused = OwedPlace("c", "Segment refuses our token.", "/c/", "Add a CSV file")
    assert CountdownCard("t", (one, refused, two), "info", "clock").groups == [(one, two), (refused,)]
