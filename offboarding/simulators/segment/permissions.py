"""Permissions in requests: read, checked, added, replaced (Segment Public API, IAM)."""

from typing import Any

from offboarding.simulators.segment import roles
from offboarding.simulators.segment.call import Call
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.wire import ApiError, invalid
from offboarding.simulators.segment.workspace import Workspace

MOST = 200  # permissions of one subject, and resources of one permission
TABLES = {"FUNCTION": "functions", "SOURCE": "sources", "SPACE": "spaces", "WAREHOUSE": "warehouses"}


def read(call: Call, value: Any, held: list[Json] | None = None) -> list[Json]:
    """The permissions of a request body in the answer's shape; roles that the subject holds stay allowed."""
    if not isinstance(value, list) or not value or len(value) > MOST:
        raise invalid("permissions", f"permissions must hold 1 to {MOST} entries")
    names = {role["id"]: role["name"] for role in call.workspace.roles}
    names.update({one["roleId"]: one["roleName"] for one in held or []})
    return [_one(call, item, names) for item in value]


def _one(call: Call, item: Any, names: dict[str, str]) -> Json:
    role = item.get("roleId") if isinstance(item, dict) else None
    if not isinstance(role, str) or role not in names:
        raise invalid("permissions.roleId", "The role does not exist in this workspace.")
    beside = _labels(item)  # in an invitation the labels stand beside the resources, or alone
    alone = [{"type": "WORKSPACE", "id": call.workspace.id}] if beside else None
    resources = item.get("resources") or alone
    if not isinstance(resources, list) or not resources or len(resources) > MOST:
        raise invalid("permissions.resources", f"resources must hold 1 to {MOST} entries")
    return {
        "roleId": role,
        "roleName": names[role],
        "resources": [_resource(call, one, beside) for one in resources],
    }


def _resource(call: Call, item: Any, beside: list[Json]) -> Json:
    if not isinstance(item, dict) or item.get("type") not in roles.RESOURCE_TYPES:
        raise invalid("permissions.resources.type", f"type must be one of {', '.join(roles.RESOURCE_TYPES)}")
    kind, key = item["type"], str(item.get("id", ""))
    known = key == call.workspace.id if kind == "WORKSPACE" else key in call.rows(TABLES[kind])
    if not known:
        raise invalid("permissions.resources.id", "The resource does not exist in this workspace.")
    labels = _labels(item) or beside
    if labels and kind != "WORKSPACE":
        raise invalid("permissions.resources.labels", "Labels can only narrow a WORKSPACE resource.")
    return roles.resource(kind, key, labels)


def _labels(item: Json) -> list[Json]:
    labels = item.get("labels") or []
    if not isinstance(labels, list) or not all(isinstance(one, dict) and one.get("key") for one in labels):
        raise invalid("permissions.labels", "labels must be a list of {key, value}")
    return labels


def merged(held: list[Json], more: list[Json]) -> list[Json]:
    """`held` and `more` together, the resources of one role joined."""
    out = {one["roleId"]: one for one in held}
    for one in more:
        before = out.get(one["roleId"], {"resources": []})["resources"]
        new = [resource for resource in one["resources"] if resource not in before]
        out[one["roleId"]] = {**one, "resources": [*before, *new]}
    return list(out.values())


def last_owner_answer(workspace: Workspace, losing: set[str]) -> bool:
    """Whether `losing` is every owner and silence is the answer. Raises the refusal that is switched on.

    What Segment answers is not published; a world chooses 400, 404, 422 or "success" (nothing happens).
    """
    owners = workspace.owners()
    if not owners or owners - losing:
        return False
    return unsure(workspace, "last_owner", "The last Workspace Owner cannot be removed.")


def unsure(workspace: Workspace, case: str, message: str) -> bool:
    """True for the answer "success" that changes nothing, else the refusal that this workspace gives."""
    answer = workspace.settings["answers"][case]
    if answer == "success":
        return True
    raise ApiError(int(answer), message)
