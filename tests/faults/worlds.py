"""Many people in many workspaces, each held in one of the ways in which people are held."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
CLIENTS = ("Acme", "Globex", "Initech")
# How person n is held in workspace w: kind (n + w) % 5.
INVITED, PLAIN, OWNER, GROUPS, DOWNGRADED = range(5)


def email(number: int) -> str:
    return f"p{number:03}@northwind.example"


def slug(number: int) -> str:
    return f"place-{number:03}"


def kind(person: int, place: int) -> int:
    return (person + place) % 5


def choice(person: int, place: int) -> str:
    return "downgrade" if kind(person, place) == DOWNGRADED else "remove"


def choices(person: int, places: int) -> dict[str, str]:
    return {slug(place): choice(person, place) for place in range(places)}


def many(places: int, people: int) -> Json:
    """`places` workspaces (three or more) of three clients with these people in them, and one of another client."""
    made = [workspace(place, people) for place in range(places)]
    other = {"name": "Hooli Production", "client": "Hooli", "members": [owner("hooli", 0)], "sources": []}
    return {"name": f"many:{places}x{people}", "workspaces": [*made, other]}


def workspace(place: int, people: int) -> Json:
    held = {number: kind(number, place) for number in range(people)}
    grouped = [email(number) for number, how in held.items() if how == GROUPS]
    return {
        "name": f"Place {place:03}",
        "slug": slug(place),
        "client": CLIENTS[place % 3],
        "environment": "Staging",
        "region": "EU" if place % 4 == 3 else "US",
        "members": [
            *(owner(slug(place), number) for number in range(2)),
            *(member(number, how) for number, how in held.items() if how != INVITED),
        ],
        "invites": [email(number) for number, how in held.items() if how == INVITED],
        "groups": [
            {"name": name, "members": grouped, "permissions": ["Source Read-only"]}
            for name in ("Analysts", "Marketing")
        ],
        "sources": [{"name": "Website", "kind": "javascript"}],
        "audit": {"per_day": 1},
    }


def owner(name: str, number: int) -> Json:
    return {"email": f"owner{number}@{name}.example", "name": "Owner", "permissions": ["Workspace Owner"]}


def member(number: int, how: int) -> Json:
    role = {OWNER: "Workspace Owner", DOWNGRADED: "Source Admin"}.get(how, "Source Read-only")
    return {"email": email(number), "name": f"Person {number}", "permissions": [role]}
