"""Many large workspaces, made by arithmetic when somebody asks: for measuring, and for finding one person."""

from typing import Any

Json = dict[str, Any]
PERSON = "dan@northwind.example"
GROUPS = 7
SOURCES = 12


def synthetic(workspaces: int, members: int, *, person: str = PERSON, latency: float = 0.0) -> Json:
    """`workspaces` x `members`. The person is a member (of every tenth as an owner), in each fourth of ten by
    invitation only, in each eighth of ten not at all. `latency` in seconds for every call."""
    trouble = [{"do": "latency", "seconds": latency}] if latency else []
    made = [_workspace(number, members, person) for number in range(workspaces)]
    return {"name": f"synthetic:{workspaces}x{members}", "workspaces": made, "trouble": trouble}


def _workspace(number: int, members: int, person: str) -> Json:
    client, kind = f"Client {number // 10:02}", number % 10
    seats: Json = {}
    if kind not in (3, 7):
        role = "Workspace Owner" if kind == 0 else "Source Admin"
        seats = {str(number * 7919 % members): {"email": person, "name": "Dan Reyes", "permissions": [role]}}
    return {
        "name": f"{client} Workspace {number:03}",
        "slug": f"workspace-{number:03}",
        "client": client,
        "environment": ("Production", "Staging", "Development")[number % 3],
        "region": "EU" if number % 4 == 3 else "US",
        "members": {"generate": members, "domain": f"client{number // 10:02}.example", "seats": seats},
        "invites": [person] if kind == 3 else [f"invited{number}@client{number // 10:02}.example"],
        "groups": [_group(offset, members) for offset in range(GROUPS)],
        "sources": [
            {"name": f"Source {n:02}", "kind": "server" if n % 3 else "javascript"} for n in range(SOURCES)
        ],
        "warehouses": [{"name": "Warehouse", "kind": "snowflake", "sources": ["source-00"]}],
        "audit": {"per_day": 50},
    }


def _group(offset: int, members: int) -> Json:
    """Every seventh member from `offset` on."""
    return {"name": f"Team {offset + 1}", "every": {"step": GROUPS, "offset": min(offset, members)}}
