"""What may break, in as few lines as it can be said."""

from __future__ import annotations

from offboarding.web.removal.risks import RiskLine, together

SCIM = "The identity provider manages {}. The person leaves its group there first, then Segment."
AGAIN = "{}: the person has no access until they are in again."


def test_the_same_of_several_workspaces_is_one_line() -> None:
    lines = [SCIM.format("Acme"), SCIM.format("Acme EU"), AGAIN.format("Acme EU"), SCIM.format("Globex")]
    assert together(lines, ["Acme", "Acme EU", "Globex"]) == (
        RiskLine(SCIM.format("Acme, Acme EU and Globex")),
        RiskLine(AGAIN.format("Acme EU")),
    )


def test_many_workspaces_are_counted_and_listed_beneath() -> None:
    names = tuple(f"Acme {number}" for number in range(1, 101))
    (line,) = together([AGAIN.format(name) for name in names], names)
    assert line == RiskLine(AGAIN.format("100 workspaces"), names)


def test_what_names_no_workspace_or_tells_something_else_stays_a_line_of_its_own() -> None:
    lines = ["Each source gets a new key.", "Acme: 3 write keys.", "Globex: 4 write keys."]
    assert [line.text for line in together(lines, ["Acme", "Globex", ""])] == lines
