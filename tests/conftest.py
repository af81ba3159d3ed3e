"""The fixed cast and their world. Alice asks, Bob approves, Carol belongs to another client, Dan is leaving, Erin audits,
Olga operates, Sam is security."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from offboarding.simulators.simulator import Simulator

# A machine that is busy fails nothing: no example is too late, and none takes too long to be made.
hypothesis.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("any machine")

DAN = "dan@northwind.example"
DAN_ELSEWHERE = "dan.reyes@mail.example"
PASSWORD = "correct horse battery"
# SQLite's own clock tells whole milliseconds, the last that was over: so much later another one may be.
TICK = 0.001


ASKING = {"db", "transactional_db", "django_db_setup", "live_server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks no database says the same beside each of them: of these rooms another pass has tried it."""
    tried = os.environ.get("TEST_TRIED", "").split()

    def asks(item: Any) -> bool:
        return bool(item.get_closest_marker("django_db") or ASKING & set(item.fixturenames))

    left = [each for each in items if each.path.parent.name in tried and not asks(each)]
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [each for each in items if each not in gone]


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end, so no search for garbage has to walk it again: a tenth of all tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any
) -> Iterator[None]:
    """A copy of a database that was migrated once."""
    from django.db import connection

    if connection.vendor == "postgresql":
        yield from on_postgresql(request, django_db_blocker)
        return
    from tests.migrated import copied_to

    with django_db_blocker.unblock():
        name = Path(connection.settings_dict["TEST"]["NAME"])
        copied_to(name)
        connection.settings_dict["NAME"] = str(name)
    yield
    connection.close()


def on_postgresql(request: pytest.FixtureRequest, blocker: Any) -> Iterator[None]:
    """Of each worker's own name, beside the database of the address."""
    from django.db import connection

    from tests.migrated import copied_as, drop

    settled = request.getfixturevalue("django_db_modify_db_settings")
    assert settled is None
    server, name = os.environ["TEST_DATABASE_URL"], connection.creation._get_test_db_name()
    with blocker.unblock():
        connection.close()
        copied_as(name, server)
        connection.settings_dict["NAME"] = name
    yield
    with blocker.unblock():
        connection.close()
    drop(server, name)


@pytest.fixture(autouse=True, scope="session")
def tables_that_only_grow_are_wiped() -> Iterator[None]:
    """After tests that commit for real (`django_db(transaction=True)`)."""
    from django.test import TransactionTestCase

    from tests.wiping import wipe

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _self: wipe())
        yield


@pytest.fixture(autouse=True, scope="session")
def the_transaction_of_a_test_is_none_of_the_products() -> Iterator[None]:
    """An entry stands in the transaction of its change. Most tests run in one of their own, which would hide a missing one."""
    from types import SimpleNamespace

    from django.db import transaction

    from offboarding.ledger import actions

    def connection() -> Any:
        blocks = transaction.get_connection().atomic_blocks
        return SimpleNamespace(in_atomic_block=any(not block._from_testcase for block in blocks))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actions, "transaction", Seen(transaction, connection))
        yield


class Seen:
    """A module with one function of it replaced."""

    def __init__(self, module: Any, get_connection: Callable[[], Any]) -> None:
        self.module, self.get_connection = module, get_connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


@pytest.fixture(autouse=True)
def nobody_has_called_yet() -> None:
    """The limits of a process count by connection and by person, and in tests these have the same numbers again and again."""
    from offboarding.connections import limits
    from offboarding.users import throttle

    limits.own.clear()
    throttle.own.clear()


@pytest.fixture(autouse=True)
def no_statement_of_another_test_stands_outside() -> None:
    """Each test's database is new, so what earlier ledgers signed is none of its own."""
    from django.conf import settings

    settings.CHECKPOINT_FILE.unlink(missing_ok=True)


@pytest.fixture
def today() -> date:
    """As the pages see it: people here have chosen no zone, so theirs is the installation's."""
    from django.conf import settings

    return datetime.now(ZoneInfo(settings.TIME_ZONE)).date()


@pytest.fixture
def clients(db: None) -> dict[str, Any]:
    from offboarding.directory.models import Client

    return {name: Client.objects.create(name=name, slug=name.lower()) for name in ("Acme", "Globex", "Hooli")}


@pytest.fixture
def known_as(clients: dict[str, Any]) -> Callable[..., Any]:
    """`known_as(bob, "bob@home.example")`: the directory knows both addresses as one collaborator's."""
    from offboarding.directory.models import Address, Collaborator

    def make(user: Any, email: str, client: str = "Globex") -> Any:
        known = Collaborator.objects.create(client=clients[client], name=user.name)
        for each in (user.email.upper(), email):
            Address.objects.create(collaborator=known, email=each)
        return known

    return make


@pytest.fixture
def person(clients: dict[str, Any]) -> Callable[..., Any]:
    """Makes a user: `person("zoe", Role.APPROVER, clients=["Acme"])`."""
    from offboarding.directory.models import Membership
    from offboarding.users.models import User

    def make(key: str, *roles: Any, clients_: tuple[str, ...] = ("Acme", "Globex"), name: str = "") -> Any:
        user = User.objects.create_user(f"{key}@northwind.example", name or key.capitalize(), PASSWORD)
        for role in roles:
            for client in clients_:
                Membership.objects.create(user=user, role=role.value, client=clients[client])
        return user

    return make


def member(key: str, role: str, clients_: tuple[str, ...] = ("Acme", "Globex")) -> Any:
    @pytest.fixture(name=key)
    def user(person: Callable[..., Any]) -> Any:
        from offboarding.users.rules import Role

        return person(key, Role(role), clients_=clients_)

    return user


alice = member("alice", "requester")
bob = member("bob", "approver")
olga = member("olga", "operator")
erin = member("erin", "auditor")
sam = member("sam", "security")
carol = member("carol", "requester", ("Hooli",))


@pytest.fixture
def ada(db: None) -> Any:
    """Administers all clients, also those that are still to come."""
    from offboarding.directory.models import Membership
    from offboarding.users.models import User

    user = User.objects.create_user("ada@northwind.example", "Ada", PASSWORD)
    Membership.objects.create(user=user, role="administrator")
    return user


@pytest.fixture
def segment() -> Iterator[Simulator]:
    """The demo's simulated workspaces, in this process, in strict mode, on free ports."""
    with Simulator("demo", port=0, eu_port=0, strict=True) as simulator:
        yield simulator


@pytest.fixture
def connect(clients: dict[str, Any]) -> Callable[..., Any]:
    """Connects one workspace of the simulator: `connect(segment, "Acme Staging")`; "Initech …" goes to Globex."""
    from offboarding.connections.actions import connect as verb
    from offboarding.ledger.actions import APP

    def make(simulator: Simulator, name: str, **fields: Any) -> Any:
        row = next(row for row in simulator.describe()["workspaces"] if row["name"] == name)
        owner = clients.get(row["client"], clients["Globex"])
        return verb(
            owner,
            token=row["token"],
            actor=APP,
            **{
                "name": row["name"],
                "slug": row["slug"],
                "environment": row["environment"].lower(),
                "region": row["region"].lower(),
                "base_url": row["base_url"],
                "segment_id": row["id"],
                "managed_by": "hand",
                **fields,
            },
        )

    return make


@pytest.fixture
def workspace(clients: dict[str, Any]) -> Callable[..., Any]:
    """A connected workspace that nobody speaks to: `workspace("Acme Production")`."""
    from offboarding.connections.actions import connect as verb
    from offboarding.ledger.actions import APP

    def make(name: str = "Acme Production", client: str = "", **fields: Any) -> Any:
        slug = name.lower().replace(" ", "-")
        owner = clients[client or name.split()[0]]
        given = {
            "name": name,
            "slug": slug,
            "environment": "production",
            "region": "us",
            "base_url": "http://127.0.0.1:9",
            "segment_id": slug,
            "managed_by": "hand",
            **fields,
        }
        return verb(owner, token="sgp_" + slug.ljust(64, "x"), actor=APP, **given)

    return make


@pytest.fixture
def seen() -> Callable[..., Any]:
    """Writes down what a look saw, without looking: `seen(workspace, [DAN], roles=["Source Admin"])`."""
    from offboarding.discovery.models import Snapshot
    from offboarding.discovery.rules import Account, Held, Outcome, Owners, Sighting
    from offboarding.lib.addresses import key

    def make(
        workspace: Any,
        addresses: list[str],
        roles: tuple[str, ...] = ("Source Admin",),
        groups: tuple[str, ...] = (),
        invited: bool = False,
        absent: bool = False,
        owners: Owners = Owners.NOT_OWNER,
        why: str = "",
    ) -> Any:
        held = tuple(Held(f"role-{role}", role, (("WORKSPACE", workspace.segment_id),)) for role in roles)
        account = Account(
            "u1", addresses[0], "Dan Reyes", held, tuple((f"g-{name}", name) for name in groups)
        )
        if why:
            sighting = Sighting(Outcome.UNKNOWN, why=why)
        elif absent:
            sighting = Sighting(Outcome.ABSENT)
        elif invited:
            sighting = Sighting(Outcome.INVITED, invitations=(addresses[0],))
        else:
            sighting = Sighting(Outcome.MEMBER, (account,), owners=owners)
        return Snapshot.objects.create(
            workspace=workspace, person=key(addresses), addresses=addresses, data=sighting.as_json()
        )

    return make


@pytest.fixture
def drafted(
    alice: Any, workspace: Callable[..., Any], seen: Callable[..., Any], today: date
) -> Callable[..., Any]:
    """A complete draft of Alice's, ready to send, for Dan in the given workspaces."""
    from offboarding.removals import actions as removals
    from offboarding.removals.rules import Choice

    def make(
        *names: str, connected: tuple[Any, ...] = (), reason: str = "contract-ended", **look: Any
    ) -> Any:
        places = [*connected, *(workspace(name) for name in names)] or [workspace("Acme Production")]
        removal = removals.draft(alice, [DAN], "Dan Reyes", today)
        for place in places:
            seen(place, [DAN], **look)
        removals.choose(removal, alice, [removals.Wish(place, Choice.REMOVE) for place in places], today)
        now = datetime.now(UTC)
        removals.describe(
            removal, alice, reason=reason, starts_at=now, time_zone="Europe/Berlin", now=now, ticket="CS-1"
        )
        return removal

    return make


@pytest.fixture
def filed(drafted: Callable[..., Any], alice: Any) -> Callable[..., Any]:
    """A request that waits for a decision."""
    from offboarding.journey import actions as journey

    def make(*names: str, **options: Any) -> Any:
        removal = drafted(*names, **options)
        journey.file(removal, alice, removal.version)
        return removal

    return make


@pytest.fixture
def decide(today: date) -> Callable[..., Any]:
    """`decide(removal, bob, "approve")`, on the newest plan unless a fingerprint is given."""
    from offboarding.approvals import actions as approvals
    from offboarding.approvals.rules import Decision
    from offboarding.checklist.queries import newest_plan

    def make(
        removal: Any, user: Any, decision: str = "approve", note: str = "", fingerprint: str = ""
    ) -> Any:
        plan = newest_plan(removal)
        assert plan is not None
        said = approvals.Statement(
            Decision(decision),
            fingerprint or plan.fingerprint,
            note,
            "Approve removal",
            "password",
            "127.0.0.1",
        )
        return approvals.decide(removal, user, said, today)

    return make


@pytest.fixture
def running(filed: Callable[..., Any], decide: Callable[..., Any], bob: Any) -> Callable[..., Any]:
    """An approved request whose runs exist; automated ones are ready, nothing has been called."""
    from offboarding.execution.models import Run
    from offboarding.journey import actions as journey

    def make(*names: str, **options: Any) -> Any:
        removal = filed(*names, **options)
        decide(removal, bob)
        journey.advance(removal.pk)
        journey.advance(removal.pk)
        # Nobody speaks to these workspaces, so what would be measured first is not known.
        measured = Run.objects.filter(item__plan__removal=removal, item__code="measure-before")
        measured.update(state="done", ended="nothing to do", sentence="Not known")
        journey.advance(removal.pk)
        removal.refresh_from_db()
        return removal

    return make


def in_days(today: date, days: int) -> date:
    return today + timedelta(days=days)
