"""The world of the demo: three clients and a fourth that only its own lead may see.

Dan Reyes of the agency Northwind is leaving; each workspace is one way in which a leaver is found, or not.
`python -m offboarding.simulators.worlds.demo` writes `demo.json` beside this file.
"""

import json
from pathlib import Path
from typing import Any

from offboarding.simulators.worlds import parts

Json = dict[str, Any]
DAN = "dan@northwind.example"
DAN_AT_HOME = "dan.reyes@mail.example"
FILE = Path(__file__).with_name("demo.json")


def dan(*permissions: Any, email: str = DAN) -> Json:
    return {"name": "Dan Reyes", "email": email, "permissions": list(permissions)}


def did(ago: str, kind: str, resource_type: str, name: str, by: str = DAN) -> Json:
    """An event that the audit trail holds already."""
    return {
        "ago": ago,
        "by": by,
        "type": kind,
        "resourceType": resource_type,
        "resourceId": name,
        "resourceName": name,
    }


def joined(workspace: Json, *people: Json, groups: tuple[str, ...] = (), **more: Any) -> Json:
    """The workspace with some more members, who also join the named groups, and with other fields set."""
    addresses = [one["email"] for one in people]
    changed = [
        {**group, "members": [*group["members"], *addresses]} if group["name"] in groups else group
        for group in workspace.get("groups", [])
    ]
    return {**workspace, "members": [*workspace["members"], *people], "groups": changed, **more}


def with_events(workspace: Json, *events: Json) -> Json:
    return {**workspace, "audit": {**workspace["audit"], "events": list(events)}}


def acme() -> list[Json]:
    people = parts.roster("acme.example", 75)

    def place(name: str, environment: str, region: str = "US", **more: Any) -> Json:
        return parts.workspace(name, "Acme", environment, region, people, **more)

    return [
        production(place("Acme Production", "Production", count=58, size=10)),
        with_events(
            joined(place("Acme Staging", "Staging", count=41, size=9),
                   dan({"role": "Source Admin", "on": [f"source:{name}" for name, _ in parts.SITES[:6]]})),
            did("6d4h", "Source Modified", "source", "Checkout"),
            did("15d", "Source Settings Modified", "source", "Website"),
        ),
        invited(place("Acme EU", "Production", "EU", count=34)),
        joined(place("Acme Sandbox", "Sandbox", count=31, size=4), dan("Source Read-only")),
        analytics(place("Acme Analytics", "Production", count=44)),
    ]  # fmt: skip


def production(workspace: Json) -> Json:
    """Dan is an owner (so are two others), in Admins, made audiences; a webhook goes to his own host."""
    webhook = {"endpoint": "https://hooks.dan-reyes.example/segment", "sharedSecret": "only-dan-knows"}
    own = {"name": "Dan's order feed", "kind": "webhook", "source": "Order service", "settings": webhook}
    other = workspace["members"][5]["email"]
    made = joined(
        workspace,
        dan("Workspace Owner"),
        groups=("Admins",),
        destinations=[*workspace["destinations"], own],
        spaces=[{"name": "Customers"}, {"name": "Partners"}],
        audiences=[
            {"name": "Lapsed buyers", "space": "Customers", "by": DAN, "created": "210d"},
            {
                "name": "High basket value",
                "space": "Customers",
                "by": DAN,
                "updatedBy": other,
                "created": "160d",
            },
            {"name": "Newsletter readers", "space": "Customers", "by": other},
        ],
        traits=[
            {"name": "Lifetime value", "space": "Customers", "by": DAN, "created": "205d"},
            {"name": "Last order date", "space": "Customers", "by": other},
        ],
    )
    return with_events(
        made,
        did("2d3h", "Audience CSV Downloaded", "audience", "Lapsed buyers"),
        did("2d5h", "Source Modified", "source", "Checkout"),
        did("9d", "Audience Modified", "audience", "High basket value"),
        did("23d", "Integration Created", "destination", "Dan's order feed"),
        did("40d", "User Policy Updated", "user", other),
    )


def invited(workspace: Json) -> Json:
    """Dan has a pending invitation; somebody else's accepted one is still listed."""
    accepted = workspace["members"][3]["email"]
    return {**workspace, "invites": [*workspace["invites"], accepted, DAN]}


def analytics(workspace: Json) -> Json:
    """Dan's own permission is minimal; what he can do comes from a group."""
    granted = ["Source Admin", "Warehouse Destination Admin"]
    others = [one["email"] for one in workspace["members"][20:24]]
    group = {"name": "Data engineers", "members": others, "permissions": granted}
    grown = {**workspace, "groups": [*workspace["groups"], group]}
    made = joined(grown, dan("Minimal Workspace Access"), groups=("Data engineers",))
    # Somebody was taken out in Segment itself, and no request asked for it.
    gone = did("12d", "User Removed", "user", "jo.park@agency.example", by=workspace["members"][0]["email"])
    return with_events(made, gone)


def globex() -> list[Json]:
    people = parts.roster("globex.example", 70)

    def place(name: str, environment: str, region: str = "US", **more: Any) -> Json:
        return parts.workspace(name, "Globex", environment, region, people, **more)

    second = dan("Source Admin", "Tracking Plan Admin", email=DAN_AT_HOME)
    engage = dan("Unify and Engage Admin", "Source Read-only")
    production = place("Globex Production", "Production", "EU", count=52, size=8)
    return [
        joined(production, second, groups=("Analysts",)),
        joined(place("Globex Staging", "Staging", count=33), dan("Source Admin"), token_refused=True),
        joined(place("Globex Warehouse", "Production", count=38, size=5), dan("Warehouse Destination Admin")),
        joined(place("Globex Marketing", "Production", count=47), engage,
               spaces=[{"name": "Shoppers"}]),
        place("Globex EU", "Production", "EU", count=30),
    ]  # fmt: skip


def initech() -> list[Json]:
    people = parts.roster("initech.example", 70)

    def place(name: str, environment: str, region: str = "US", **more: Any) -> Json:
        return parts.workspace(name, "Initech", environment, region, people, **more)

    functions = [
        {"name": "Clean addresses", "type": "DESTINATION", "by": DAN, "created": "320d", "deployed": "31d"},
        {"name": "Stock feed", "type": "SOURCE", "by": DAN, "created": "180d", "deployed": "12d"},
        {
            "name": "Drop test orders",
            "type": "INSERT_DESTINATION",
            "by": DAN,
            "created": "75d",
            "deployed": "75d",
        },
    ]
    development = place("Initech Development", "Development", count=36, size=7)
    return [
        joined(place("Initech Production", "Production", count=49, owners=0, size=8), dan("Workspace Owner")),
        with_events(
            joined(development, dan("Function Admin", "Tracking Plan Admin"),
                   functions=[*development["functions"], *functions]),
            did("12d", "Source Function Modified", "function", "Stock feed"),
            did("31d", "Destination Function Modified", "function", "Clean addresses"),
            did("55d", "Tracking Plan Modified", "tracking_plan", "Commerce events"),
        ),
        place("Initech Labs", "Sandbox", count=30, size=4),
        joined(place("Initech Archive", "Production", plan="team", count=30, size=3), dan("Source Admin")),
        joined(place("Initech Beta", "Staging", count=32), dan("Source Read-only", CURATOR)),
    ]  # fmt: skip


CURATOR: Json = {  # a role and a kind of resource that no documentation names
    "roleId": "2kQvX0mR7bJ4cT1yLw9dPz3sNfH",
    "roleName": "Journeys Curator",
    "resources": [{"id": "jrn_7Yx2Qm4KcT9bLw1dPz3s", "type": "JOURNEY", "labels": []}],
    "conditions": {"stages": ["draft", "live"]},
}


def hooli() -> list[Json]:
    people = parts.roster("hooli.example", 60)
    return [
        joined(
            parts.workspace("Hooli Production", "Hooli", "Production", "US", people, count=45, size=7),
            dan("Source Admin"),
        ),
        joined(
            parts.workspace("Hooli Staging", "Hooli", "Staging", "US", people, count=31),
            dan("Source Read-only"),
        ),
    ]


def trouble() -> list[Json]:
    """One workspace is slow; one asks to wait at the first look, and again at the removal."""
    marketing = {"workspace": "globex-marketing"}
    return [
        {"do": "latency", "seconds": 2.5, "match": {"workspace": "globex-warehouse"}},
        {
            "do": "limit",
            "retry_after": 6,
            "count": 1,
            "match": {**marketing, "method": "GET", "path": "/users*"},
        },
        {"do": "limit", "retry_after": 8, "count": 1, "match": {**marketing, "method": "DELETE"}},
    ]


def demo() -> Json:
    """The whole world as plain data."""
    return {"name": "demo", "workspaces": [*acme(), *globex(), *initech(), *hooli()], "trouble": trouble()}


def text() -> str:
    """`demo.json`, one line for each thing."""
    world = demo()
    blocks = [_block(workspace) for workspace in world["workspaces"]]
    rules = ",\n".join(f"  {json.dumps(rule)}" for rule in world["trouble"])
    return (
        '{"name": "demo", "trouble": [\n' + rules + '\n], "workspaces": [\n' + ",\n".join(blocks) + "\n]}\n"
    )


def _block(workspace: Json) -> str:
    lines = []
    for name, value in workspace.items():
        many = isinstance(value, list) and value
        inner = ",\n".join(f"    {json.dumps(one, ensure_ascii=False)}" for one in value) if many else ""
        shown = f"[\n{inner}\n  ]" if many else json.dumps(value, ensure_ascii=False)
        lines.append(f"  {json.dumps(name)}: {shown}")
    return " {\n" + ",\n".join(lines) + "\n }"


if __name__ == "__main__":
    FILE.write_text(text())
