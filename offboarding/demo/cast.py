"""Who is in the demo: the same people as in the tests and in the documentation."""

from __future__ import annotations

from dataclasses import dataclass

from offboarding.users.rules import Role

# Shown on the demo's own pages: nothing here is worth protecting.
PASSWORD = "demo-offboard-2026"
DOMAIN = "northwind.example"
EVERYWHERE = ("Acme", "Globex", "Initech")
PILOT = "Staging pilot"  # an engagement of Acme's, in one of its workspaces
PILOT_PLACE = "Acme Staging"
ALL_OF_THEM = (None,)  # also clients that are still to come


@dataclass(frozen=True, slots=True)
class Player:
    key: str
    name: str
    roles: tuple[Role, ...]
    clients: tuple[str | None, ...]
    says: str
    does: str
    # Only within this engagement of the one client.
    within: str = ""

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"


CAST = (
    Player("alice", "Alice Moreau", (Role.REQUESTER,), EVERYWHERE, "Engagement lead", "Files the request"),
    Player("bob", "Bob Lindqvist", (Role.APPROVER,), EVERYWHERE, "Approver", "Reads the plan and decides"),
    Player("olga", "Olga Petrenko", (Role.OPERATOR,), EVERYWHERE, "Operator", "Does what no API can"),
    Player(
        "erin", "Erin Walsh", (Role.AUDITOR,), EVERYWHERE, "Auditor", "Downloads the packet and checks it"
    ),
    Player(
        "sam",
        "Sam Okafor",
        (Role.SECURITY,),
        EVERYWHERE,
        "Security",
        "Watches, and checks what others did by hand",
    ),
    Player(
        "ada",
        "Ada Brandt",
        (Role.ADMINISTRATOR,),
        ALL_OF_THEM,
        "Administrator",
        "Lets people in, and connects",
    ),
    Player(
        "lin",
        "Lin Baptiste",
        (Role.ADMINISTRATOR,),
        ALL_OF_THEM,
        "Administrator",
        "Is the second person for approval policies",
    ),
    Player(
        "carol",
        "Carol Jimenez",
        (Role.REQUESTER, Role.APPROVER),
        ("Hooli",),
        "Lead of another client",
        "Sees none of it",
    ),
    Player(
        "nora",
        "Nora Haddad",
        (Role.REQUESTER,),
        ("Acme",),
        "Lead within one engagement",
        "Keeps its roster, and sees no more of the client",
        within=PILOT,
    ),
)

LEAVER = "Dan Reyes"
LEAVER_ADDRESS = f"dan@{DOMAIN}"
LEAVER_OTHER_ADDRESS = "dan.reyes@mail.example"
