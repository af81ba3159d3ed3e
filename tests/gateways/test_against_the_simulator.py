"""The gateway against a simulated Segment in strict mode: the walk of a removal over real HTTP."""

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gateway_support import HERE_TOO, fingerprint

from offboarding.gateways.segment import (
    ConnectionState,
    Declined,
    Doubtful,
    Exchange,
    GatewayError,
    NotAllowed,
    NotReached,
    NotThere,
    Permission,
    Resource,
    SegmentGateway,
    SlowDown,
    TokenRefused,
)
from offboarding.simulators import Simulator

DAN, OLGA, INVITED = "dan+acme@northwind.example", "olga@acme.example", "new+one@northwind.example"
LABEL = {"key": "environment", "value": "prod"}
WORLD: dict[str, Any] = {
    "name": "small",
    "workspaces": [
        {
            "name": "Acme Production",
            "slug": "acme",
            "members": [
                {"email": OLGA, "name": "Olga Ruiz", "permissions": ["Workspace Owner"]},
                {
                    "email": DAN,
                    "name": "Dan Reyes",
                    "permissions": [
                        {"role": "Source Admin", "labels": [LABEL]},
                        {"role": "Source Read-only", "on": ["source:website"]},
                    ],
                },
            ],
            "invites": [INVITED, "Other@Acme.example"],
            "groups": [
                {"name": "Agency", "members": [DAN], "invites": [INVITED], "permissions": ["Function Admin"]}
            ],
            "sources": [{"name": "Website", "labels": [LABEL]}, {"name": "Backend", "kind": "server"}],
            "destinations": [{"name": "Events", "source": "website"}],
            "warehouses": [
                {
                    "name": "Main",
                    "kind": "snowflake",
                    "sources": ["website"],
                    "credential": "Writer",
                    "settings": {"username": "SEGMENT", "password": "hunter2-hunter2"},
                }
            ],
            "credentials": [
                {
                    "name": "Writer",
                    "settings": {"type": "Snowflake", "username": "SEGMENT", "password": "x1x2x3"},
                }
            ],
            "functions": [{"name": "Orders", "type": "SOURCE", "by": DAN}],
            "spaces": [{"name": "Production", "slug": "production"}],
            "audiences": [{"name": "Buyers", "space": "production", "by": DAN}],
            "traits": [{"name": "Orders", "space": "production", "by": OLGA}],
            "tracking_plans": [{"name": "Web"}],
            "labels": [LABEL],
            "audit": {"per_day": 20, "delay": 0.0},
        },
        {"name": "Acme Team", "slug": "team", "plan": "team", "members": [{"email": OLGA}]},
        {"name": "Globex", "slug": "globex", "members": {"generate": 1234}},
    ],
}


@pytest.fixture
def segment() -> Iterator[Simulator]:
    with Simulator(WORLD, strict=True) as simulator:
        yield simulator


Enter = Callable[..., SegmentGateway]


@pytest.fixture
def enter(segment: Simulator, exchanges: list[Exchange]) -> Iterator[Enter]:
    opened: list[SegmentGateway] = []

    def enter(ref: str = "acme", level: str = "owner", **options: Any) -> SegmentGateway:
        options = {"fingerprint": fingerprint, "on_exchange": exchanges.append} | options
        gateway = SegmentGateway(segment.url_of(ref), segment.token(ref, level), outside=HERE_TOO, **options)
        opened.append(gateway)
        return gateway

    yield enter
    for gateway in opened:
        gateway.close()


def found(gateway: SegmentGateway, email: str) -> str:
    return next(member.id for member in gateway.members() if member.email.lower() == email.lower())


def refused(call: Callable[[], object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        call()
    return caught.value


def test_the_walk_of_a_removal(enter: Enter, segment: Simulator, exchanges: list[Exchange]) -> None:
    acme = enter()
    begun = datetime.now(UTC)
    place = acme.workspace()
    dan = found(acme, DAN)

    member, permissions = acme.member(dan)
    assert (member.name, member.email) == ("Dan Reyes", DAN)
    assert {permission.role_name for permission in permissions} == {"Source Admin", "Source Read-only"}
    [group] = acme.groups_of(dan)
    assert acme.group(group.id)[1][0].role_name == "Function Admin"
    assert [one.email for one in acme.group_members(group.id)] == [DAN]
    assert acme.group_invites(group.id) == (INVITED,)
    assert INVITED in list(acme.invites())

    acme.remove_from_group(group.id, DAN)
    assert acme.groups_of(dan) == ()
    acme.add_to_group(group.id, DAN)
    assert [each.id for each in acme.groups_of(dan)] == [group.id]
    acme.remove_from_group(group.id, DAN)

    minimal = next(role for role in acme.roles() if role.name == "Minimal Workspace Access")
    wanted = Permission(minimal.id, minimal.name, (Resource(place.id, "WORKSPACE"),))
    acme.replace_permissions(dan, [wanted])
    assert acme.member(dan)[1] == (wanted,)
    acme.replace_permissions(dan, permissions)
    assert set(acme.member(dan)[1]) == set(permissions)

    acme.cancel_invitation(INVITED)
    assert INVITED not in list(acme.invites())
    acme.remove_member(dan)
    assert isinstance(refused(lambda: acme.member(dan)), NotThere)
    assert DAN not in [one.email for one in acme.members()]
    assert segment.control.person("acme", DAN) == {"member": None, "invited": False, "groups": []}

    types = {event.type for event in acme.audit_events(begun - timedelta(minutes=1))}
    assert "Invite Deleted" in types
    assert acme.invite(DAN, permissions) == (DAN,)
    error = refused(lambda: acme.invite(DAN, permissions))
    assert isinstance(error, Declined)
    assert error.kind == "already-invited"
    assert all(segment.token("acme") not in json.dumps(dataclasses.asdict(each)) for each in exchanges)


def test_the_configuration_around_a_person(enter: Enter) -> None:
    acme = enter()
    by_name = {source.name: source for source in acme.sources()}
    website = by_name["Website"]
    assert acme.source(website.id) == website
    assert [one.name for one in acme.connected_destinations(website.id)] == ["Events"]
    [warehouse] = acme.connected_warehouses(website.id)
    assert (warehouse.name, warehouse.username) == ("Main", "SEGMENT")
    assert acme.warehouses() == (acme.warehouse(warehouse.id),) == (warehouse,)
    assert acme.connection_state(warehouse.id) is ConnectionState.CONNECTED
    [credential] = acme.credentials()
    assert credential.kind == "Snowflake"
    assert [one.id for one in acme.consumers(credential.id).warehouses] == [warehouse.id]
    dan = found(acme, DAN)
    assert [one.created_by for one in acme.functions("SOURCE")] == [dan]
    [space] = acme.spaces()
    assert [one.created_by for one in acme.audiences(space.id)] == [dan]
    assert [one.name for one in acme.computed_traits(space.id)] == ["Orders"]
    assert [one.name for one in acme.tracking_plans()] == ["Web"]
    assert acme.labels()[0].value == "prod"
    assert acme.echo("hello") == "hello"
    now = datetime.now(UTC)
    volume = acme.events_volume("DAY", now - timedelta(days=3), now, source_ids=[website.id])
    assert volume.total == sum(point.count for point in volume.series) > 0
    by_source = {row.source_id: row for row in acme.volume_by_source("DAY", now - timedelta(days=3), now)}
    assert (by_source[website.id].name, by_source[website.id].total) == ("Website", volume.total)
    destination = acme.destinations()[0]
    assert acme.delivered(website.id, destination.id, "DAY", now - timedelta(days=3), now) > 0


def test_a_write_key_is_added_found_by_difference_and_the_old_one_removed(
    enter: Enter, segment: Simulator, exchanges: list[Exchange]
) -> None:
    acme = enter()
    website = next(source for source in acme.sources() if source.name == "Website")
    after, keys = acme.add_write_key(website.id)
    [new] = set(after.key_fingerprints) - set(website.key_fingerprints)
    [old] = website.key_fingerprints
    acme.remove_write_key(website.id, keys[old])
    assert acme.source(website.id).key_fingerprints == (new,)
    assert segment.control.state("acme", ("keys",))["keys"][website.id] == [keys[new]]
    for exchange in exchanges:
        kept = json.dumps(dataclasses.asdict(exchange))
        assert [key for key in keys.values() if key in kept] == []


def test_a_warehouse_gets_new_settings_after_they_were_tried(enter: Enter, exchanges: list[Exchange]) -> None:
    acme = enter()
    [warehouse] = acme.warehouses()
    settings = {"username": "SEGMENT2", "password": "fresh-canary-1"}
    assert acme.validate_warehouse(warehouse.metadata_id, settings) in set(ConnectionState)
    assert acme.update_warehouse(warehouse.id, settings).username == "SEGMENT2"
    assert "fresh-canary-1" not in repr(exchanges)


def test_a_value_that_no_field_name_gives_away_is_masked_when_it_is_said_to_be_secret(
    enter: Enter, exchanges: list[Exchange]
) -> None:
    acme = enter()
    [warehouse] = acme.warehouses()
    acme.update_warehouse(warehouse.id, {"gibberish": "fresh-canary-2"}, ("fresh-canary-2",))
    assert "fresh-canary-2" not in repr(exchanges)


def test_a_stored_credential_is_changed_for_all_that_use_it(enter: Enter, exchanges: list[Exchange]) -> None:
    acme = enter()
    [credential] = acme.credentials()
    changed = acme.update_credential(credential.id, {"username": "NEXT", "password": "fresh-canary-3"})
    assert changed.username == acme.credential(credential.id).username == "NEXT"
    assert changed.updated_at >= credential.updated_at
    assert "fresh-canary-3" not in repr(exchanges)


def test_more_members_than_one_page(enter: Enter, exchanges: list[Exchange]) -> None:
    members = list(enter("globex").members())
    assert len({member.id for member in members}) == len(members) == 1234
    assert len(exchanges) == 7


def test_refusals_say_what_to_do_next(enter: Enter, segment: Simulator) -> None:
    acme = enter()
    groups = refused(enter("team").groups)
    assert isinstance(groups, Declined)
    assert groups.kind == "no-such-feature"
    assert isinstance(refused(lambda: list(enter("acme", "member").members())), NotAllowed)
    assert isinstance(refused(lambda: list(enter("team").audit_events(datetime.now(UTC)))), NotAllowed)
    olga = found(acme, OLGA)
    for answer in (400, 422):
        segment.control.change("acme", {"answers": {"last_owner": answer}})
        last = refused(lambda: acme.remove_member(olga))
        assert isinstance(last, Declined)
        assert last.kind == "last-owner"
    segment.control.change("acme", {"token_refused": True})
    assert isinstance(refused(lambda: acme.remove_member(olga)), TokenRefused)
    assert isinstance(refused(acme.workspace), TokenRefused)
    wrong_region = SegmentGateway(segment.eu_url, segment.token("globex"), fingerprint=str, outside=HERE_TOO)
    with wrong_region:
        assert isinstance(refused(wrong_region.workspace), TokenRefused)


TROUBLE: list[tuple[dict[str, Any], type[GatewayError] | None, bool]] = [
    ({"do": "error_before"}, Doubtful, False),
    ({"do": "error_after"}, Doubtful, True),
    ({"do": "reset_before"}, Doubtful, False),
    ({"do": "reset_after"}, Doubtful, True),
    ({"do": "timeout_after", "seconds": 20}, Doubtful, True),
    ({"do": "html"}, Doubtful, True),
    ({"do": "truncated"}, Doubtful, True),
    ({"do": "cut"}, Doubtful, True),
    ({"do": "drip"}, Doubtful, True),
    ({"do": "huge"}, Doubtful, True),
    ({"do": "redirect"}, Doubtful, False),
    ({"do": "limit", "retry_after": 7}, SlowDown, False),
    ({"do": "answer", "status": 404, "body": {}}, NotThere, False),
    ({"do": "no_effect"}, None, False),
]


@pytest.mark.parametrize(("rule", "expected", "gone"), TROUBLE, ids=[row[0]["do"] for row in TROUBLE])
def test_scripted_trouble_is_classed_and_the_effect_is_what_it_is(
    enter: Enter, segment: Simulator, rule: dict[str, Any], expected: type[GatewayError] | None, gone: bool
) -> None:
    gateway = enter(deadline=0.8, max_bytes=2_000_000)
    dan = found(gateway, DAN)
    segment.control.add_trouble(rule | {"match": {"method": "DELETE", "path": "/users*"}, "count": 1})
    begun = time.monotonic()
    if expected is None:
        gateway.remove_member(dan)
    else:
        error = refused(lambda: gateway.remove_member(dan))
        assert type(error) is expected
        assert error.exchange is not None
        if isinstance(error, SlowDown):
            assert error.retry_after == 7
    assert time.monotonic() - begun < 1.8
    assert (segment.control.person("acme", DAN)["member"] is None) is gone


def test_a_simulator_that_has_stopped_is_not_reached(enter: Enter, segment: Simulator) -> None:
    gateway = enter()
    gateway.workspace()
    segment.stop()
    assert isinstance(refused(gateway.workspace), NotReached | Doubtful)
    assert isinstance(refused(gateway.workspace), NotReached)
