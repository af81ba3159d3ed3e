"""Worlds are plain data: shipped by name, read from a JSON file, or given as they are.

{"name", "workspaces": [...], "trouble": [rules], "limits": {class: per minute}}; a workspace holds "name" and
what it needs of "slug", "client", "environment", "region" ("US" or "EU"), "plan" ("business", "team" or
"free"), "features", "answers", "scim", "token_refused", "tokens", "audit" {"per_day", "delay", "events"}, and
the lists "members", "invites", "groups", "sources", "destinations", "warehouses", "credentials", "functions",
"spaces", "audiences", "traits", "tracking_plans", "labels", "transformations", "filters", "models" and
"profiles_warehouses". Entries are short: see `segment/shapes.py` and `segment/roles.py`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from offboarding.simulators.worlds.synthetic import synthetic

Json = dict[str, Any]
HERE = Path(__file__).parent


def load(world: str | Path | Mapping[str, Any]) -> Json:
    """The world's data. Raises ValueError for a name or file that does not exist or is no world."""
    data = dict(world) if isinstance(world, Mapping) else _read(str(world))
    if not isinstance(data.get("workspaces"), list) or not data["workspaces"]:
        raise ValueError("a world needs a list of workspaces")
    return data


def _read(name: str) -> Json:
    kind, _, size = name.partition(":")
    if kind == "synthetic":
        workspaces, _, members = (size or "100x10000").partition("x")
        return synthetic(int(workspaces), int(members))
    path = HERE / f"{name}.json" if (HERE / f"{name}.json").is_file() else Path(name)
    if not path.is_file():
        raise ValueError(f"there is no world called {name}")
    data: Json = json.loads(path.read_text())
    return data
