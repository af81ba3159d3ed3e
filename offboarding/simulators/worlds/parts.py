"""Believable people and things for a made-up workspace, the same for the same seed."""

import random
from typing import Any

from offboarding.simulators.names import FIRST, LAST

Json = dict[str, Any]
SITES = (
    ("Website", "javascript"), ("Checkout", "server"), ("iOS app", "mobile"), ("Android app", "mobile"),
    ("Order service", "server"), ("CRM", "cloud"), ("Support desk", "cloud"), ("Store locator", "javascript"),
    ("Newsletter", "http"), ("Loyalty service", "server"), ("Partner portal", "javascript"),
    ("Point of sale", "http"),
)  # fmt: skip
TARGETS = (
    ("Product analytics", "analytics"),
    ("Ad conversions", "ads"),
    ("Lifecycle e-mail", "email"),
    ("Event webhook", "webhook"),
)
ROLES = (  # with weights
    ("Minimal Workspace Access", 6), ("Source Read-only", 9), ("Source Admin", 6),
    ("Tracking Plan Read-only", 4), ("Tracking Plan Admin", 3), ("Warehouse Destination Read-only", 2),
    ("Warehouse Destination Admin", 1), ("Unify and Engage Read-only", 3), ("Function Read-only", 2),
    ("Entities Read-only", 1),
)  # fmt: skip
UNNAMED = 14  # one in so many people has never given a name
AGENCY = ("Priya Nair", "Tomasz Zielinski")


def address(name: str, domain: str) -> str:
    return ".".join(name.lower().replace("'", "").split()) + f"@{domain}"


def roster(domain: str, size: int) -> list[Json]:
    """Everybody who works for a client; each workspace takes some of them."""
    dice = random.Random(f"roster {domain}")
    names = [f"{first} {last}" for first in FIRST for last in LAST]
    people = [{"name": name, "email": address(name, domain)} for name in dice.sample(names, size)]
    return [{**one, "name": ""} if dice.randrange(UNNAMED) == 0 else one for one in people]


def members(slug: str, people: list[Json], count: int, owners: int, plan: str = "business") -> list[Json]:
    """`count` people of the roster with roles, the first `owners` of them owners; and two of the agency."""
    dice = random.Random(f"members {slug}")
    agency = [{"name": name, "email": address(name, "northwind.example")} for name in AGENCY]
    chosen = dice.sample(people, count - len(agency)) + agency
    granted = [["Workspace Owner"]] * owners + [roles(dice, plan) for _ in chosen[owners:]]
    made = [{**one, "permissions": permissions} for one, permissions in zip(chosen, granted, strict=True)]
    dice.shuffle(made)
    return made


def roles(dice: random.Random, plan: str) -> list[str]:
    if plan != "business":
        return ["Source Admin"]
    names, weights = zip(*ROLES, strict=True)
    return list(dict.fromkeys(dice.choices(names, weights, k=dice.choice((1, 1, 2)))))


def sources(slug: str, count: int) -> list[Json]:
    dice = random.Random(f"sources {slug}")
    return [
        {"name": name, "kind": kind, "rate": dice.randrange(120, 9000), "labels": [label(slug)]}
        for name, kind in SITES[:count]
    ]


def label(slug: str) -> Json:
    value = "production" if "production" in slug else "non-production"
    return {"key": "environment", "value": value}


def destinations(slug: str, things: list[Json]) -> list[Json]:
    """One to three for each source."""
    dice = random.Random(f"destinations {slug}")
    made = []
    for source in things:
        for name, kind in dice.sample(TARGETS, dice.randrange(1, 4)):
            settings = {
                "apiKey": f"key-of-{slug}-{kind}",
                "endpoint": f"https://events.{slug}.example/{kind}",
            }
            made.append(
                {
                    "name": f"{name} ({source['name']})",
                    "kind": kind,
                    "source": source["name"],
                    "settings": settings,
                }
            )
    return made


def warehouses(slug: str, things: list[Json], client: str) -> list[Json]:
    """A Snowflake that uses the shared credential, and a Postgres with its own login."""
    fed = [source["name"] for source in things[:4]]
    login = {
        "hostname": f"db.{client}.example",
        "port": "5432",
        "database": "events",
        "username": "segment_loader",
    }
    return [
        {"name": f"Snowflake {slug}", "kind": "snowflake", "sources": fed, "credential": "Snowflake loader"},
        {
            "name": f"Postgres {slug}",
            "kind": "postgres",
            "sources": fed[:2],
            "settings": {**login, "password": "loads-well"},
        },
    ]


def credentials(slug: str, client: str) -> list[Json]:
    settings = {
        "type": "Snowflake",
        "username": "SEGMENT_LOADER",
        "account": f"{client}-eu1",
        "warehouse": "LOAD_WH",
    }
    login = {"type": "keypair", "privateKey": f"key-of-{slug}", "privateKeyPassphrase": "opens-well"}
    unused = {**settings, "username": "OLD_LOADER", "authentication": login}
    return [
        {"name": "Snowflake loader", "settings": {**settings, "database": "EVENTS", "authentication": login}},
        {
            "name": "Snowflake loader (before the move)",
            "settings": {**unused, "database": "EVENTS_OLD"},
            "created": "700d",
        },
    ]


def functions(slug: str, people: list[Json]) -> list[Json]:
    dice = random.Random(f"functions {slug}")
    names = (
        ("Enrich orders", "DESTINATION"),
        ("Score leads", "INSERT_DESTINATION"),
        ("Import returns", "SOURCE"),
    )
    return [{"name": name, "type": kind, "by": dice.choice(people)["email"]} for name, kind in names]


def plans(things: list[Json]) -> list[Json]:
    first = [source["name"] for source in things[:3]]
    return [
        {"name": "Commerce events", "sources": first},
        {"name": "Shared properties", "type": "PROPERTY_LIBRARY"},
    ]


def groups(people: list[Json], admins: list[str]) -> list[Json]:
    """Admins are owners through the group; Analysts and Marketing hold a few people each."""
    addresses = [one["email"] for one in people]
    return [
        {"name": "Admins", "members": admins, "permissions": ["Workspace Owner"]},
        {
            "name": "Analysts",
            "members": addresses[3:11],
            "permissions": ["Source Read-only", "Tracking Plan Read-only"],
        },
        {"name": "Marketing", "members": addresses[11:18], "permissions": ["Unify and Engage Read-only"]},
    ]


def workspace(
    name: str, client: str, environment: str, region: str, people: list[Json], *,
    plan: str = "business", count: int = 40, owners: int = 2, size: int = 6,
) -> Json:  # fmt: skip
    """A whole workspace before anybody in particular joins it."""
    slug, firm = "-".join(name.lower().split()), client.lower()
    here, things = members(slug, people, count, owners, plan), sources(slug, size)
    base = {
        "name": name,
        "slug": slug,
        "client": client,
        "environment": environment,
        "region": region,
        "plan": plan,
    }
    made = {
        **base,
        "members": here,
        "sources": things,
        "destinations": destinations(slug, things),
        "invites": invites(slug, firm),
    }
    if plan != "business":
        return made
    admins = [one["email"] for one in here if one["permissions"] == ["Workspace Owner"]]
    return {
        **made,
        "groups": groups(here, admins[:1]),
        "credentials": credentials(slug, firm),
        "warehouses": warehouses(slug, things, firm),
        "functions": functions(slug, here),
        "tracking_plans": plans(things),
        "labels": [
            {**label(slug), "description": "Where events come from"},
            {"key": "team", "value": "growth"},
        ],
        "audit": {"per_day": 3 + len(slug) % 5},
    }


def invites(slug: str, firm: str) -> list[str]:
    dice = random.Random(f"invites {slug}")
    return [
        address(f"{dice.choice(FIRST)} {dice.choice(LAST)}", f"{firm}.example")
        for _ in range(dice.randrange(1, 4))
    ]
