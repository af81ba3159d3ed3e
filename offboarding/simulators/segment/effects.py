"""What happens later: effects that land late, people who come back. Kept as plain data until due."""

import contextlib
from collections.abc import Callable

from offboarding.simulators import ids
from offboarding.simulators.segment import roles, routes, users
from offboarding.simulators.segment.call import Call
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.settings import Token
from offboarding.simulators.segment.wire import ApiError, QueryReader, read_body
from offboarding.simulators.segment.workspace import Workspace
from offboarding.simulators.server import Request

SYSTEM = {"actor": "__system__"}


def later(request: Request, token: Token, at: float) -> Json:
    """The request, to be carried out at `at`."""
    what = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "body": request.body.decode(),
    }
    return {"kind": "call", "at": at, "level": token.level, **what}


def returning(row: Json, at: float) -> Json:
    """The member, to be there again at `at` with what they had."""
    return {
        "kind": "return",
        "at": at,
        "email": row["email"],
        "name": row["name"],
        "permissions": row["permissions"],
    }


def named_members(workspace: Workspace, request: Request) -> list[Json]:
    """The members that a `DELETE /users` names."""
    try:
        wanted = QueryReader((), ("userIds",), (), False).read(request.query).arrays.get("userIds", [])
    except ApiError:
        return []
    return [row for key in wanted if (row := workspace.members.get(key))]


def settle(workspace: Workspace, now: float, has_account: Callable[[str], bool]) -> None:
    """Carries out what has become due, oldest first. Hold the workspace's lock."""
    while ready := sorted((item for item in workspace.due if item["at"] <= now), key=lambda item: item["at"]):
        item = ready[0]
        workspace.due.remove(item)
        call = Call(
            workspace, workspace.tokens[item.get("level", "owner")], item["at"], has_account=has_account
        )
        if item["kind"] == "call":
            replay(call, item)
        else:
            come_back(call, item)


def replay(call: Call, item: Json) -> None:
    """Does the request as if it came now; one that is refused by now changes nothing."""
    with contextlib.suppress(ApiError):
        route, call.params = routes.find(item["method"], item["path"])
        call.query = QueryReader(route.texts, route.arrays, route.objects, False).read(item["query"])
        call.body = read_body(item["body"].encode())
        route.run(call)


def come_back(call: Call, item: Json) -> None:
    """A person is a member again; through SCIM only while still assigned, and with minimal access."""
    if item.get("while_assigned") and not users.is_assigned(call.workspace.settings["scim"], item["email"]):
        return
    put_member(call, item, SYSTEM)


def join_groups(call: Call, member: Json) -> None:
    """Who was put into groups while invited is in them from the moment of joining."""
    groups = call.rows("groups")
    for group in [group for group in groups if member["email"] in group["_invites"]]:
        call.workspace.group_members(group["id"]).put({"id": member["id"]})
        groups.put({**group, "_invites": [one for one in group["_invites"] if one != member["email"]]})
        call.record("User Added To User Group", "user_group", group["id"], group["name"])


def put_member(call: Call, entry: Json, actor: Json) -> Json:
    """Makes somebody a member if they are not one, with `permissions` or else Minimal Workspace Access."""
    workspace = call.workspace
    known = workspace.members.by_email(entry["email"])
    if known:
        return known
    whole = [roles.resource("WORKSPACE", workspace.id)]
    permissions = entry.get("permissions") or [roles.permission(roles.MINIMAL, whole)]
    key = entry.get("id") or ids.account_id(entry["email"])
    row = {"id": key, "name": entry.get("name", ""), "email": entry["email"], "permissions": permissions}
    workspace.members.put(row)
    call.actor = actor
    call.record("User Added via SSO", "user", key, row["email"])
    return row
