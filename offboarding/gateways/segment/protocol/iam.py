"""Workspace, members, invitations, user groups, roles (Segment Public API, IAM; writes 60 a minute)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from offboarding.gateways.segment.protocol.reading import (
    Fields,
    Json,
    Page,
    Unreadable,
    entries,
    fields,
    may,
    must,
    number,
    page,
    success,
)
from offboarding.gateways.segment.protocol.request import (
    Request,
    listed,
    page_of,
    path,
    query,
)
from offboarding.gateways.segment.types import (
    Group,
    Label,
    Member,
    Permission,
    Resource,
    Role,
    Workspace,
)

IAM_WRITE = "iam-write"


def workspace() -> Request[Workspace]:
    return Request("GET", "/", lambda data: _workspace(fields(data.get("workspace"), "the workspace")))


def echo(message: str) -> Request[str]:
    """Segment says the message back; any live token may ask."""
    return Request("GET", "/echo", lambda data: must(data, "message"), query=query(("message", message)))


def members(cursor: str | None = None) -> Request[Page[Member]]:
    return Request(
        "GET", "/users", lambda data: page(data, "users", read_member), query=query(*page_of(cursor))
    )


def member(user_id: str) -> Request[tuple[Member, tuple[Permission, ...]]]:
    def read(data: Fields) -> tuple[Member, tuple[Permission, ...]]:
        user = fields(data.get("user"), "the user")
        return read_member(user), read_permissions(user)

    return Request("GET", path("users", user_id), read)


def groups_of(user_id: str, cursor: str | None = None) -> Request[Page[Group]]:
    return Request(
        "GET",
        path("users", user_id, "groups"),
        lambda data: page(data, "groups", read_group),
        query=query(*page_of(cursor)),
    )


def remove_member(user_id: str) -> Request[None]:
    return Request(
        "DELETE", "/users", success, query=query(*listed("userIds", [user_id])), limit_class=IAM_WRITE
    )


def replace_permissions(user_id: str, permissions: Iterable[Permission]) -> Request[tuple[Permission, ...]]:
    return _write_permissions("PUT", user_id, permissions)


def add_permissions(user_id: str, permissions: Iterable[Permission]) -> Request[tuple[Permission, ...]]:
    return _write_permissions("POST", user_id, permissions)


def invites(cursor: str | None = None) -> Request[Page[str]]:
    return Request(
        "GET", "/invites", lambda data: page(data, "invites", _address), query=query(*page_of(cursor))
    )


def invite(email: str, permissions: Iterable[Permission]) -> Request[tuple[str, ...]]:
    """In an invitation the labels stand beside the resources (Public API, InvitePermissionV1)."""
    given = [each for permission in permissions for each in _as_invitation(permission)]
    if not email or not given:
        raise ValueError("an invitation needs an address and a permission")
    return Request(
        "POST",
        "/invites",
        lambda data: entries(data, "emails", _address),
        body={"invites": [{"email": email, "permissions": given}]},
        limit_class=IAM_WRITE,
    )


def cancel_invitation(email: str) -> Request[None]:
    return Request(
        "DELETE", "/invites", success, query=query(*listed("emails", [email])), limit_class=IAM_WRITE
    )


def groups(cursor: str | None = None) -> Request[Page[Group]]:
    return Request(
        "GET", "/groups", lambda data: page(data, "userGroups", read_group), query=query(*page_of(cursor))
    )


def group(group_id: str) -> Request[tuple[Group, tuple[Permission, ...]]]:
    def read(data: Fields) -> tuple[Group, tuple[Permission, ...]]:
        found = fields(data.get("userGroup"), "the user group")
        return read_group(found), read_permissions(found)

    return Request("GET", path("groups", group_id), read)


def group_members(group_id: str, cursor: str | None = None) -> Request[Page[Member]]:
    return Request(
        "GET",
        path("groups", group_id, "users"),
        lambda data: page(data, "users", read_member),
        query=query(*page_of(cursor)),
    )


def group_invites(group_id: str, cursor: str | None = None) -> Request[Page[str]]:
    return Request(
        "GET",
        path("groups", group_id, "invites"),
        lambda data: page(data, "emails", _address),
        query=query(*page_of(cursor)),
    )


def add_to_group(group_id: str, email: str) -> Request[None]:
    """A member joins at once, somebody invited when they accept (Public API, AddUsersToUserGroup)."""
    if not email:
        raise ValueError("there must be an address")
    return Request(
        "POST",
        path("groups", group_id, "users"),
        _joined,
        body={"emails": [email]},
        limit_class=IAM_WRITE,
    )


def _joined(data: Fields) -> None:
    fields(data.get("userGroup"), "the user group")


def remove_from_group(group_id: str, email: str, *, plural: bool = False) -> Request[None]:
    """The documented path is the singular `/group/`; `plural` is the one that some clients use."""
    return Request(
        "DELETE",
        path("groups" if plural else "group", group_id, "users"),
        success,
        query=query(*listed("emails", [email])),
        limit_class=IAM_WRITE,
    )


def roles(cursor: str | None = None) -> Request[Page[Role]]:
    return Request("GET", "/roles", lambda data: page(data, "roles", _role), query=query(*page_of(cursor)))


def read_member(value: Json) -> Member:
    user = fields(value, "a member")
    return Member(must(user, "id"), may(user, "name"), must(user, "email"))


def read_group(value: Json) -> Group:
    found = fields(value, "a group")
    return Group(must(found, "id"), may(found, "name"), number(found, "memberCount"))


def read_permissions(value: Fields) -> tuple[Permission, ...]:
    """All permissions of one member or group. Asked for one, Segment fills them in: absence is not *none*."""
    return entries(value, "permissions", read_permission)


def read_permission(value: Json) -> Permission:
    try:
        found = fields(value, "a permission")
        resources = sorted(entries(found, "resources", _resource))
        return Permission(must(found, "roleId"), may(found, "roleName"), tuple(resources))
    except Unreadable:
        came = json.dumps(value, ensure_ascii=False, sort_keys=True)
        known = value if isinstance(value, dict) else {"roleName": came}
        return Permission(may(known, "roleId"), may(known, "roleName"), as_came=came)


def read_label(value: Json) -> Label:
    found = fields(value, "a label")
    return Label(must(found, "key"), may(found, "value"))


def read_labels(value: Fields) -> tuple[Label, ...]:
    """Labels, sorted. Only here an absent list is an empty one: most things have no labels."""
    return tuple(sorted(entries(value, "labels", read_label))) if value.get("labels") is not None else ()


def _workspace(value: Fields) -> Workspace:
    return Workspace(must(value, "id"), may(value, "slug"), may(value, "name"))


def _role(value: Json) -> Role:
    found = fields(value, "a role")
    return Role(must(found, "id"), must(found, "name"), may(found, "description"))


def _resource(value: Json) -> Resource:
    found = fields(value, "a resource")
    return Resource(must(found, "id"), must(found, "type"), read_labels(found))


def _address(value: Json) -> str:
    """Invitations are bare addresses; an object with an `email` is taken too."""
    if isinstance(value, str) and value:
        return value
    return must(fields(value, "an address"), "email")


def _write_permissions(
    method: str, user_id: str, permissions: Iterable[Permission]
) -> Request[tuple[Permission, ...]]:
    given = [permission.as_input() for permission in permissions]
    if not given:  # what Segment does with an empty list is not documented
        raise ValueError("there must be at least one permission")
    return Request(
        method,
        path("users", user_id, "permissions"),
        read_permissions,
        body={"permissions": given},
        limit_class=IAM_WRITE,
    )


def _as_invitation(permission: Permission) -> list[dict[str, Any]]:
    """One entry for each set of labels: labels beside the resources narrow all resources of the entry."""
    if permission.as_came:
        return [permission.as_input()]
    by_labels: dict[tuple[Label, ...], list[Resource]] = {}
    for resource in permission.resources:
        by_labels.setdefault(resource.labels, []).append(resource)
    return [_invited(permission.role_id, labels, resources) for labels, resources in by_labels.items()]


def _invited(role_id: str, labels: tuple[Label, ...], resources: Iterable[Resource]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "roleId": role_id,
        "resources": [{"id": r.id, "type": r.type} for r in resources],
    }
    shown: list[Mapping[str, str]] = [{"key": label.key, "value": label.value} for label in labels]
    return entry | ({"labels": shown} if shown else {})
