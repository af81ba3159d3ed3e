"""Segment's roles, and permissions written short in a world file.

Ids: the first two stand in Segment's own documentation, the others in a public Terraform export or, where
nothing is published, are made up. Names and plans: Segment docs, Roles.
"""

from typing import Any

from offboarding.simulators import ids
from offboarding.simulators.segment.rows import Json

OWNER = "Workspace Owner"
MINIMAL = "Minimal Workspace Access"
RESOURCE_TYPES = ("FUNCTION", "SOURCE", "SPACE", "WAREHOUSE", "WORKSPACE")

KNOWN_IDS = {
    OWNER: "1WDUuRLxv84rrfCNUwvkrRtkxnS",
    MINIMAL: "1aEWAcU0fArxScocwH9xxLgW7r3",
    "Source Admin": "1WDUuSF1kN1xis2lp09RVKOsnnL",
    "Source Read-only": "1WDUuNOXQYGLtEI7LcfBMpvU9ll",
    "Tracking Plan Admin": "1WDUuSmhpuFwR0dtYcgzeiGnmDr",
    "Warehouse Destination Admin": "1WDUuY68jLTuIRC6DzqM6zKnkSf",
    "Warehouse Destination Read-only": "1WDUuYzBBvlpH0Oq4hPVMw7OsiW",
    "Unify and Engage Admin": "1WDUuSVopUPUzSLNKqvG6uCiFtq",
    "Unify Read-only, Engage User": "1WDUuWtxCUipR4uma0pqqZ8T2Qq",
    "Function Admin": "1WDUuUTNtbdpyJV0KPQzlHVkewe",
    "Function Read-only": "1Y86RP8BjOpdJtb5FbH0Z2M57PX",
}
ALL_PLANS = {
    OWNER: "Owners have full access to everything in the workspace.",
    "Source Admin": "Edits sources, their settings, streaming destinations and write keys.",
}
BUSINESS = {
    MINIMAL: "Is a member of the workspace, and nothing else.",
    "Source Read-only": "Reads sources and their streaming destinations.",
    "Function Admin": "Creates, edits and deletes functions.",
    "Function Read-only": "Reads functions.",
    "Tracking Plan Admin": "Edits all tracking plans.",
    "Tracking Plan Read-only": "Reads all tracking plans.",
    "Warehouse Destination Admin": "Edits all warehouses and their syncs.",
    "Warehouse Destination Read-only": "Reads all warehouses.",
    "Unify and Engage Admin": "Edits everything in a space.",
    "Unify and Engage Read-only": "Reads everything in a space.",
    "Unify Read-only, Engage User": "Reads profiles, builds audiences and journeys in a space.",
    "End User Privacy Admin": "Handles deletion and suppression of end users.",
    "Identity Admin": "Edits identity resolution.",
    "Entities Admin": "Edits entities and data models.",
    "Entities Read-only": "Reads entities and data models.",
    "PII Access": "Sees personal data that is masked for others.",
}


def role_id(name: str) -> str:
    """27 letters and digits, the same in every workspace."""
    return KNOWN_IDS.get(name) or "1" + ids.derived(26, "role", name)


def roles_of_plan(plan: str) -> list[Json]:
    """What `GET /roles` lists: outside the Business plan only the two roles that can be granted there."""
    names = {**ALL_PLANS, **BUSINESS} if plan == "business" else ALL_PLANS
    return [{"id": role_id(name), "name": name, "description": text} for name, text in names.items()]


def permission(role: str, resources: list[Json]) -> Json:
    return {"roleId": role_id(role), "roleName": role, "resources": resources}


def resource(kind: str, key: str, labels: list[Json] | None = None) -> Json:
    return {"id": key, "type": kind, "labels": labels or []}


def grants_owner(permissions: list[Json]) -> bool:
    return any(one["roleId"] == KNOWN_IDS[OWNER] for one in permissions)


class Granting:
    """Turns a world file's short permissions into Segment's shape.

    Short: "Source Admin" (whole workspace), or {"role": "Source Admin", "on": ["source:website"]}; a
    full permission (with "roleId") passes as it is. `resolve(kind, name)` gives an object's id.
    """

    def __init__(self, workspace_id: str, resolve: Any) -> None:
        self._workspace_id = workspace_id
        self._resolve = resolve

    def expand(self, short: list[Any]) -> list[Json]:
        return [self._one(item) for item in short]

    def _one(self, item: Any) -> Json:
        if isinstance(item, str):
            return permission(item, [resource("WORKSPACE", self._workspace_id)])
        if "roleId" in item:
            return dict(item)
        named = [self._resource(name) for name in item.get("on", [])]
        whole = [resource("WORKSPACE", self._workspace_id, item.get("labels"))]
        return permission(item["role"], named or whole)

    def _resource(self, name: str) -> Json:
        kind, _, key = name.partition(":")
        return resource(kind.upper(), self._resolve(kind, key))
