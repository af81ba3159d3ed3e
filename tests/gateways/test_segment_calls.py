"""Each call of the gateway: what goes on the wire, and what comes out of the recorded answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from gateway_support import fingerprint

from offboarding.gateways.segment import (
    LIMITS_PER_MINUTE,
    Audience,
    AuditEvent,
    ComputedTrait,
    ConnectionState,
    Consumers,
    Credential,
    Destination,
    Exchange,
    Function,
    Group,
    Label,
    Member,
    Permission,
    Point,
    Resource,
    Role,
    SegmentGateway,
    Source,
    SourceVolume,
    Space,
    TrackingPlan,
    Volume,
    Warehouse,
    Workspace,
)

WORKSPACE = "9aQ1Lj62S4bomZKLF4DPqW"
OWNER_ROLE = "1WDUuRLxv84rrfCNUwvkrRtkxnS"
KEY, NEW_KEY = "wk1Qf7Rz0aLm3NpX8vYtB2sDcEg5HjK1", "wk2Zx9Cv4bNm6QwEr8TyUi0OpAs3DfG2"
PAGE = "pagination.count=200"
FROM, TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, 12, tzinfo=UTC)

OWNER = Permission(OWNER_ROLE, "Workspace Owner", (Resource(WORKSPACE, "WORKSPACE"),))
ADMIN = Permission(
    "1WDUuSF1kN1xis2lp09RVKOsnnL",
    "Source Admin",
    (Resource(WORKSPACE, "WORKSPACE", (Label("environment", "prod"),)), Resource("src1", "SOURCE")),
)
SOURCE = Source(
    "rh5BDZp6QDHvXFCkibm1pR",
    "Website",
    "website",
    True,
    (fingerprint(KEY),),
    (Label("environment", "prod"),),
)
TWO_KEYS = Source(
    SOURCE.id, SOURCE.name, SOURCE.slug, True, (fingerprint(NEW_KEY), fingerprint(KEY)), SOURCE.labels
)
SETTINGS = {
    "name": "Main warehouse", "hostname": "db.example.com", "port": "5439", "database": "events",
    "username": "segment_writer",
}  # fmt: skip
WAREHOUSE = Warehouse("wh1", "Main warehouse", True, "segment_writer", "aea3c55dsz", "Redshift", SETTINGS)
STORED = Credential(
    "cred_2JzK",
    "Snowflake writer",
    "Snowflake",
    "SEG",
    "2026-02-01T00:00:00Z",
    {"type": "Snowflake", "username": "SEG"},
)
DAN, OLGA = Member("u1", "Dan", "dan+acme@example.com"), Member("u2", "", "Olga@example.com")

Call = Callable[[SegmentGateway], Any]
READS: list[tuple[str, Call, str, Any]] = [
    ("workspace", lambda g: g.workspace(), "/", Workspace(WORKSPACE, "my-ws", "My Workspace")),
    ("echo", lambda g: g.echo("hello"), "/echo?message=hello", "hello"),
    ("users", lambda g: list(g.members()), f"/users?{PAGE}", [DAN, OLGA]),
    ("user", lambda g: g.member("u1"), "/users/u1", (DAN, (OWNER, ADMIN))),
    ("user_groups", lambda g: g.groups_of("u1"), f"/users/u1/groups?{PAGE}", (Group("g1", "Agency"),)),
    (
        "invites",
        lambda g: list(g.invites()),
        f"/invites?{PAGE}",
        ["new+one@example.com", "Other@example.com"],
    ),
    ("groups", lambda g: g.groups(), f"/groups?{PAGE}", (Group("g1", "Agency", 3),)),
    ("group", lambda g: g.group("g1"), "/groups/g1", (Group("g1", "Agency", 3), (OWNER,))),
    ("group_members", lambda g: g.group_members("g1"), f"/groups/g1/users?{PAGE}", (DAN,)),
    (
        "group_invites",
        lambda g: g.group_invites("g1"),
        f"/groups/g1/invites?{PAGE}",
        ("new+one@example.com",),
    ),
    (
        "roles",
        lambda g: g.roles(),
        f"/roles?{PAGE}",
        (Role(OWNER_ROLE, "Workspace Owner", "Owners have full access"),),
    ),
    ("sources", lambda g: g.sources(), f"/sources?{PAGE}", (SOURCE,)),
    ("source", lambda g: g.source("s1"), "/sources/s1", SOURCE),
    (
        "destinations",
        lambda g: g.connected_destinations("s1"),
        f"/sources/s1/connected-destinations?{PAGE}",
        (Destination("d1", "Mixpanel", True, "src1"),),
    ),
    (
        "warehouses",
        lambda g: g.connected_warehouses("s1"),
        f"/sources/s1/connected-warehouses?{PAGE}",
        (WAREHOUSE,),
    ),
    ("warehouses", lambda g: g.warehouses(), f"/warehouses?{PAGE}", (WAREHOUSE,)),
    ("warehouse", lambda g: g.warehouse("wh1"), "/warehouses/wh1", WAREHOUSE),
    (
        "sources",
        lambda g: g.warehouse_sources("wh1"),
        f"/warehouses/wh1/connected-sources?{PAGE}",
        (SOURCE,),
    ),
    ("credential", lambda g: g.credential("cred_2JzK"), "/credentials/cred_2JzK", STORED),
    (
        "connection_state",
        lambda g: g.connection_state("wh1"),
        "/warehouses/wh1/connection-state",
        ConnectionState.FAILED,
    ),
    (
        "credentials",
        lambda g: g.credentials(),
        f"/credentials?{PAGE}",
        (STORED,),
    ),
    (
        "functions",
        lambda g: g.functions("SOURCE"),
        f"/functions?resourceType=SOURCE&{PAGE}",
        (Function("fn1", "Orders", "SOURCE", "u1"),),
    ),
    ("spaces", lambda g: g.spaces(), f"/spaces?{PAGE}", (Space("spa_1", "prod", "Production"),)),
    (
        "audiences",
        lambda g: g.audiences("spa_1"),
        f"/spaces/spa_1/audiences?{PAGE}",
        (Audience("aud_1", "Buyers", "spa_1", "u1", "u2"),),
    ),
    (
        "computed_traits",
        lambda g: g.computed_traits("spa_1"),
        f"/spaces/spa_1/computed-traits?{PAGE}",
        (ComputedTrait("ct_1", "Orders", "spa_1", "u1", "u2"),),
    ),
    (
        "tracking_plans",
        lambda g: g.tracking_plans(),
        f"/tracking-plans?{PAGE}",
        (TrackingPlan("tp_1", "Web", "LIVE"),),
    ),
    ("labels", lambda g: g.labels(), "/labels", (Label("environment", "prod"),)),
    (
        "audit_events",
        lambda g: list(g.audit_events(FROM, TO, resource_id="u1")),
        f"/audit-events?startTime=2026-01-01T00%3A00%3A00Z&endTime=2026-01-03T12%3A00%3A00Z&resourceId=u1&{PAGE}",
        [
            AuditEvent(
                "events/145876976",
                "2022-03-04T21:29:22Z",
                "Source Function Deleted",
                "public-api-token/TJ7z8cg6",
                "",
                "fn1",
                "function",
                "Orders",
            )
        ],
    ),
    (
        "events_volume",
        lambda g: g.events_volume("DAY", FROM, TO, source_ids=["src1", "src2"]),
        "/events/volume?granularity=DAY&startTime=2026-01-01T00%3A00%3A00Z"
        + f"&endTime=2026-01-03T12%3A00%3A00Z&sourceId.0=src1&sourceId.1=src2&{PAGE}",
        Volume(7, (Point("2026-01-01T00:00:00Z", 1), Point("2026-01-02T00:00:00Z", 6))),
    ),
    (
        "volume_by_source",
        lambda g: g.volume_by_source("HOUR", FROM, TO),
        "/events/volume?granularity=HOUR&startTime=2026-01-01T00%3A00%3A00Z"
        + f"&endTime=2026-01-03T12%3A00%3A00Z&groupBy.0=source&{PAGE}",
        (
            SourceVolume("src1", "Website", 3, (Point("2026-01-01T00:00:00Z", 3),)),
            SourceVolume("src2", "", 0, ()),
        ),
    ),
    (
        "delivered",
        lambda g: g.delivered("src1", "d1", "HOUR", FROM, TO),
        "/delivery-overview/successful-delivery?sourceId=src1&destinationConfigId=d1&granularity=HOUR"
        + f"&startTime=2026-01-01T00%3A00%3A00Z&endTime=2026-01-03T12%3A00%3A00Z&{PAGE}",
        12,
    ),
]
OWNER_INPUT = {"roleId": OWNER_ROLE, "resources": [{"id": WORKSPACE, "type": "WORKSPACE"}]}
WRITES: list[tuple[str, Call, str, Any, Any]] = [
    ("success", lambda g: g.remove_member("u1"), "DELETE /users?userIds.0=u1", None, None),
    (
        "success",
        lambda g: g.cancel_invitation("new+one@example.com"),
        "DELETE /invites?emails.0=new%2Bone%40example.com",
        None,
        None,
    ),
    (
        "success",
        lambda g: g.remove_from_group("g1", "a+b@c.d"),
        "DELETE /group/g1/users?emails.0=a%2Bb%40c.d",
        None,
        None,
    ),
    (
        "group",
        lambda g: g.add_to_group("g1", "a+b@c.d"),
        "POST /groups/g1/users",
        {"emails": ["a+b@c.d"]},
        None,
    ),
    (
        "permissions",
        lambda g: g.replace_permissions("u1", [OWNER]),
        "PUT /users/u1/permissions",
        {"permissions": [OWNER_INPUT]},
        (OWNER,),
    ),
    (
        "permissions",
        lambda g: g.add_permissions("u1", [OWNER]),
        "POST /users/u1/permissions",
        {"permissions": [OWNER_INPUT]},
        (OWNER,),
    ),
    (
        "invited",
        lambda g: g.invite("new+one@example.com", [OWNER]),
        "POST /invites",
        {"invites": [{"email": "new+one@example.com", "permissions": [OWNER_INPUT]}]},
        ("new+one@example.com",),
    ),
    (
        "source_two_keys",
        lambda g: g.add_write_key("s1"),
        "POST /sources/s1/writekey",
        None,
        (TWO_KEYS, {fingerprint(NEW_KEY): NEW_KEY, fingerprint(KEY): KEY}),
    ),
    ("success", lambda g: g.remove_write_key("s1", KEY), f"DELETE /sources/s1/writekey/{KEY}", None, None),
    (
        "validation",
        lambda g: g.validate_warehouse("aea3", {"username": "u", "password": "new"}),
        "POST /warehouses/validation",
        {"metadataId": "aea3", "settings": {"username": "u", "password": "new"}},
        ConnectionState.CONNECTED,
    ),
    (
        "warehouse",
        lambda g: g.update_warehouse("wh1", {"password": "new", "old": None}),
        "PATCH /warehouses/wh1",
        {"settings": {"password": "new", "old": None}},
        WAREHOUSE,
    ),
    (
        "credential",
        lambda g: g.update_credential("cred_2JzK", {"username": "SEG"}),
        "PATCH /credentials/cred_2JzK",
        {"settings": {"username": "SEG"}},
        STORED,
    ),
]


@pytest.mark.parametrize(("name", "call", "target", "expected"), READS, ids=[row[2][:40] for row in READS])
def test_a_read_asks_for_this_and_gives_that(
    on: Callable[..., SegmentGateway],
    sample: Callable[[str], bytes],
    name: str,
    call: Call,
    target: str,
    expected: Any,
) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.raw_path.decode()}")
        assert request.content == b""
        return httpx.Response(
            200, content=sample(name), headers={"content-type": "application/vnd.segment.v1+json"}
        )

    assert call(on(answer)) == expected
    assert asked == [f"GET {target}"]


@pytest.mark.parametrize(
    ("name", "call", "sent", "body", "expected"), WRITES, ids=[row[2][:40] for row in WRITES]
)
def test_a_change_sends_this_and_gives_that(
    on: Callable[..., SegmentGateway],
    sample: Callable[[str], bytes],
    name: str,
    call: Call,
    sent: str,
    body: Any,
    expected: Any,
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=sample(name))

    assert call(on(answer)) == expected
    assert [f"{request.method} {request.url.raw_path.decode()}" for request in asked] == [sent]
    assert (json.loads(asked[0].content) if asked[0].content else None) == body
    assert asked[0].headers.get("content-type") == ("application/json" if body is not None else None)


def test_every_call_carries_the_token_and_asks_for_plain_json(
    on: Callable[..., SegmentGateway], sample: Callable[[str], bytes]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Bearer sgp_")
        assert request.headers["accept"] == "application/json"
        return httpx.Response(200, content=sample("workspace"))

    on(answer).workspace()


def test_a_credential_with_many_consumers_reads_both_lists_to_their_ends(
    on: Callable[..., SegmentGateway], sample: Callable[[str], bytes]
) -> None:
    whole = json.loads(sample("consumers"))["data"]

    def answer(request: httpx.Request) -> httpx.Response:
        second = request.url.params.get("warehousesPagination.cursor")
        pages = {"current": second or "MA==", "totalEntries": 2} | ({} if second else {"next": "Mg=="})
        data = whole | {"warehousesPagination": pages}
        return httpx.Response(200, json={"data": data})

    assert on(answer).consumers("cred_1") == Consumers((WAREHOUSE, WAREHOUSE), (SOURCE,))


def test_the_plural_path_of_group_members_is_tried_only_when_the_singular_is_not_there(
    on: Callable[..., SegmentGateway], sample: Callable[[str], bytes]
) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return (
            httpx.Response(404)
            if request.url.path.startswith("/group/")
            else httpx.Response(200, content=sample("success"))
        )

    on(answer).remove_from_group("g1", "dan@example.com")
    assert asked == ["/group/g1/users", "/groups/g1/users"]


@pytest.mark.parametrize(
    "call",
    [
        lambda g: g.remove_member(""),
        lambda g: g.cancel_invitation(""),
        lambda g: g.remove_from_group("g1", ""),
        lambda g: g.remove_from_group("", "a@b.c"),
        lambda g: g.add_to_group("g1", ""),
        lambda g: g.add_to_group("", "a@b.c"),
        lambda g: g.member(""),
        lambda g: g.member(".."),
        lambda g: g.replace_permissions("u1", []),
        lambda g: g.invite("a@b.c", []),
        lambda g: g.remove_write_key("s1", ""),
        lambda g: g.update_warehouse("w1", {"password": "••••••ab"}),
        lambda g: g.update_credential("c1", {"authentication": {"privateKey": "••••"}}),
        lambda g: g.validate_warehouse("m1", {"deep": {"password": "•••"}}),
        lambda g: list(g.audit_events(datetime(2026, 1, 1))),
    ],
)
def test_a_call_that_could_mean_something_else_is_never_sent(
    on: Callable[..., SegmentGateway], call: Call, exchanges: list[Exchange]
) -> None:
    with pytest.raises(ValueError):
        call(on(lambda _: httpx.Response(500)))
    assert exchanges == []


def test_an_id_cannot_change_the_path(
    on: Callable[..., SegmentGateway], sample: Callable[[str], bytes]
) -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, content=sample("user"))

    on(answer).member("u1/permissions?x=../#")
    assert asked == [b"/users/u1%2Fpermissions%3Fx%3D..%2F%23"]


def test_labels_of_an_invitation_stand_beside_the_resources(
    on: Callable[..., SegmentGateway], sample: Callable[[str], bytes]
) -> None:
    bodies: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(201, content=sample("invited"))

    on(answer).invite("new@example.com", [ADMIN])
    assert bodies[0]["invites"][0]["permissions"] == [
        {
            "roleId": ADMIN.role_id,
            "resources": [{"id": WORKSPACE, "type": "WORKSPACE"}],
            "labels": [{"key": "environment", "value": "prod"}],
        },
        {"roleId": ADMIN.role_id, "resources": [{"id": "src1", "type": "SOURCE"}]},
    ]


@pytest.mark.parametrize(
    "came",
    [
        {"roleId": "r9", "roleName": "Galaxy Admin", "scope": "everything"},
        {"policy": "p1"},
        {"roleId": "r9", "resources": [{"id": "x"}]},
        "Galaxy Admin",
    ],
)
def test_a_permission_of_unknown_shape_is_kept_as_it_came(
    on: Callable[..., SegmentGateway], sample: Callable[[str], bytes], came: Any
) -> None:
    user = json.loads(sample("user"))
    user["data"]["user"]["permissions"].append(came)
    _, permissions = on(lambda _: httpx.Response(200, json=user)).member("u1")
    assert permissions[:2] == (OWNER, ADMIN)
    assert json.loads(permissions[2].as_came) == came
    if isinstance(came, dict):
        assert permissions[2].as_input() == {
            name: value for name, value in came.items() if name != "roleName"
        }


def test_the_same_grant_in_another_order_is_the_same_value(
    on: Callable[..., SegmentGateway], sample: Callable[[str], bytes]
) -> None:
    turned = json.loads(sample("user"))
    for permission in turned["data"]["user"]["permissions"]:
        permission["resources"].reverse()
    _, permissions = on(lambda _: httpx.Response(200, json=turned)).member("u1")
    assert set(permissions) == {OWNER, ADMIN}


def test_each_request_names_a_known_limit_class(
    on: Callable[..., SegmentGateway], sample: Callable[[str], bytes]
) -> None:
    seen: dict[str, str] = {}
    calls = [(row[0], row[1]) for row in READS] + [(row[0], row[1]) for row in WRITES]
    for name, call in calls:
        classes: list[str] = []
        call(on(lambda _, name=name: httpx.Response(200, content=sample(name)), before_send=classes.append))
        seen[name] = classes[0]
        assert set(classes) <= set(LIMITS_PER_MINUTE)
    assert seen["invited"] == seen["permissions"] == "iam-write"
    assert seen["events_volume"] == "volume"
    assert seen["users"] == "default"


def test_what_the_hook_before_sending_raises_stops_the_call(
    on: Callable[..., SegmentGateway], exchanges: list[Exchange]
) -> None:
    def empty(_: str) -> None:
        raise LookupError("no budget")

    with pytest.raises(LookupError):
        on(lambda _: httpx.Response(500), before_send=empty).remove_member("u1")
    assert exchanges == []
